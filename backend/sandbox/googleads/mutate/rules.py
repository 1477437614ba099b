"""What a resource family says about its entities, and the place where it says it.

A family is a class with `@rules_for("kind", …)`; kinds without one have no rules of their own and are only mutated
when they are listed in `STORED_AS_SENT`. Rules report with `op.fail`; they never raise for bad input.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from backend.sandbox.googleads.accounts import CustomerInfo
from backend.sandbox.googleads.enums import default_enum
from backend.sandbox.googleads.errors import Path, Problem
from backend.sandbox.googleads.mutate.operations import Operation
from backend.sandbox.googleads.names import Template, parse, templates
from backend.sandbox.googleads.transaction import Transaction


class Op:
    """One operation under way: its place in the request, the world as it sees it, and what is wrong with it."""

    def __init__(self, tx: Transaction, operation: Operation, shared: dict[str, Any]) -> None:
        self.tx, self.operation, self.shared = tx, operation, shared
        self.problems: list[Problem] = []
        self.deferred: list[Callable[[], object]] = []

    @property
    def customer(self) -> CustomerInfo:
        return self.tx.info(self.tx.customer_id)

    @property
    def action(self) -> str:
        return self.operation.action

    def now(self) -> datetime:
        """The account's wall clock (naive, in its own time zone)."""
        now = self.tx.world.clock.now()
        return now.astimezone(ZoneInfo(self.customer.time_zone)).replace(tzinfo=None, microsecond=0)

    def fail(
        self, kind: str, code: str, *path: Any, message: str = "", trigger: object = None, details: Any = None
    ) -> None:
        """Report a problem at a path inside the entity."""
        full: Path = (*self.operation.path, self.action, *path)
        self.problems.append(Problem(kind, code, full, message, trigger, details))

    def fail_at(self, problem: Problem) -> None:
        """Report a problem whose path is relative to the entity (update_mask: to the operation)."""
        inside = () if problem.path[:1] == ("update_mask",) else (self.action,)
        full: Path = (*self.operation.path, *inside, *problem.path)
        kept = Problem(problem.kind, problem.code, full, problem.message, problem.trigger, problem.details)
        self.problems.append(kept)

    def defer(self, check: Callable[[], object]) -> None:
        """Run a check when all operations of the request are applied; it may still `fail` this one."""
        self.deferred.append(check)

    def get(self, resource_name: str) -> Any | None:
        """The entity of any kind that a resource name of this account names, or None."""
        parsed = parse(resource_name)
        if parsed is None or parsed.customer_id not in ("", self.tx.customer_id):
            return None
        return self.tx.get(parsed.kind, resource_name)


class Rules:
    """Rules of one kind; the defaults let everything pass and make new entities ENABLED.

    `new` may be modified, `old` never.
    """

    kind: str
    actions: frozenset[str] = frozenset(("create", "update", "remove"))

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @property
    def template(self) -> Template:
        return templates()[self.kind]

    def create(self, op: Op, new: Any) -> None:
        """Check a new entity and fill in what Google derives and defaults."""
        status = new.DESCRIPTOR.fields_by_name.get("status")
        if status is not None and status.enum_type is not None and "ENABLED" in status.enum_type.values_by_name:
            default_enum(new, "status", "ENABLED")

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        """Check an updated entity (`new` has the mask applied)."""

    def remove(self, op: Op, old: Any) -> None:
        """Check a removal."""

    def removed(self, op: Op, old: Any) -> Any | None:
        """The entity after its removal; None takes it away without a trace. Default: status REMOVED if it has one."""
        status = old.DESCRIPTOR.fields_by_name.get("status")
        if status is None or status.enum_type is None or "REMOVED" not in status.enum_type.values_by_name:
            return None
        gone = type(old)()
        gone.CopyFrom(old)
        gone.status = status.enum_type.values_by_name["REMOVED"].number
        return gone

    def part(self, op: Op, new: Any, part: str) -> str | None:
        """The value of an id part of the resource name when it is neither a reference nor a new number."""
        return None

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        """Fill in what depends on the id of a new entity."""

    def same(self, op: Op, new: Any) -> Any | None:
        """An entity with the same content that Google answers with instead of making another."""
        return None

    def missing(self, op: Op, resource_name: str) -> Any | None:
        """An entity that exists without being stored (a default row), or None."""
        return None

    def already_exists(self, op: Op, existing: Any, new: Any) -> bool:
        """Report that the entity exists; False where Google takes the new one instead."""
        op.fail("mutate_error", "RESOURCE_ALREADY_EXISTS", trigger=existing.resource_name)
        return True


_FAMILIES: dict[str, type[Rules]] = {}


def rules_for(*names: str) -> Callable[[type[Rules]], type[Rules]]:
    """Make a class the rules of these kinds."""

    def register(family: type[Rules]) -> type[Rules]:
        for name in names:
            _FAMILIES[name] = family
        return family

    return register


def families() -> dict[str, type[Rules]]:
    """Kinds that have rules of their own."""
    return _FAMILIES
