"""Which function runs a job of which kind. A slice's `tasks.py` registers its handlers when the worker imports it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.jobs.run import JobRun, Outcome

Handler = Callable[[JobRun], Outcome]


@dataclass(frozen=True, slots=True)
class Registered:
    """A handler, and what to do when its job fails for good (may be None)."""

    run: Handler
    on_failure: Callable[[JobRun, dict[str, object]], None] | None = None


_handlers: dict[str, Registered] = {}


def handles(
    kind: str, *, on_failure: Callable[[JobRun, dict[str, object]], None] | None = None
) -> Callable[[Handler], Handler]:
    """Register the function that runs jobs of `kind`.

    `on_failure(run, error)` is called once when such a job has failed for good, a run of crashes included, so that the
    slice can bring its own rows to a final state; it opens its own unit of work and must be safe to repeat.
    """

    def register(handler: Handler) -> Handler:
        if kind in _handlers:
            raise ValueError(f"two handlers for jobs of kind {kind}")
        _handlers[kind] = Registered(handler, on_failure)
        return handler

    return register


def handler_of(kind: str) -> Registered | None:
    """The registered handler, or None when no slice runs this kind."""
    return _handlers.get(kind)
