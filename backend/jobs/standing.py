"""Whether somebody who listens still may: a stream outlives the request that opened it, a credential may not."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import flask

from backend.core.security import Actor, actor_of

CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_X_SERVICE_AUTH", "HTTP_COOKIE")
REMEMBERED = 1_000


class Standing:
    """Looks a credential up again, at most once in so many seconds however many streams it opened."""

    def __init__(self, app: flask.Flask, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds
        self._seen: dict[tuple[str | None, ...], tuple[float, Actor | None]] = {}
        self._lock = threading.Lock()

    def holds(self, environ: Mapping[str, Any], actor: Actor) -> bool:
        """Whether the credential of a request still gives this actor the same roles."""
        now = self._look_up(environ)
        return now is not None and (now.everywhere, now.on_customer) == (actor.everywhere, actor.on_customer)

    def _look_up(self, environ: Mapping[str, Any]) -> Actor | None:
        key = tuple(environ.get(name) for name in CREDENTIALS)
        with self._lock:
            known = self._seen.get(key)
        if known is not None and time.monotonic() - known[0] < self._seconds:
            return known[1]
        found = actor_of(self._app, environ)
        with self._lock:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[key] = time.monotonic(), found
        return found
