"""Runs the operations of one request, in order, over one transaction.

Atomic: one problem anywhere refuses everything. Partial failure: each operation stands alone; what depends on a failed
temporary id fails with TEMP_ID_RESOURCE_HAD_ERRORS. Checks that need the whole request (an asset group's minimum) are
deferred to its end; when one fails in partial-failure mode the run starts again without that operation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.sandbox.googleads import names
from backend.sandbox.googleads.accounts import Change
from backend.sandbox.googleads.enums import is_removed
from backend.sandbox.googleads.errors import Problem, Refusal, refuse
from backend.sandbox.googleads.mutate import account_checks, generic, masks
from backend.sandbox.googleads.mutate.operations import MutateRequest, Operation, supports
from backend.sandbox.googleads.mutate.rules import Op, Rules
from backend.sandbox.googleads.transaction import Transaction
from backend.sandbox.googleads.world import World


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one operation; empty in a failed slot."""

    kind: str
    resource_name: str
    entity: Any | None


@dataclass(slots=True)
class Outcome:
    """What became of a request. `results` has one entry per operation, None for a failed one."""

    results: list[Result | None]
    problems: list[Problem]  # of failed operations in partial-failure mode
    applied: bool = False


@dataclass(slots=True)
class _Run:
    request: MutateRequest
    tx: Transaction
    rules_of: Callable[[str], Rules]
    excluded: dict[int, list[Problem]]  # operations that a deferred check refused in an earlier pass
    real_ids: dict[str, str] = field(default_factory=dict)  # "-1" -> "1000000000001"
    failed_temps: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    shared: dict[str, Any] = field(default_factory=dict)  # for rules that look at the whole request
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    results: list[Result | None] = field(default_factory=list)
    deferred: list[tuple[Op, Callable[[], object]]] = field(default_factory=list)


Commit = Callable[[Transaction, Outcome], None]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the rules may use: the rules of each kind, and the sandbox's policy and features."""

    rules_of: Callable[[str], Rules]
    shared: Mapping[str, Any]


def run(world: World, request: MutateRequest, lookup: Lookup, commit: Commit, *, keep_always: bool = False) -> Outcome:
    """Apply a request. `commit` is called, inside the transaction, when there is something to keep.

    With `keep_always` it is called even when every operation failed (a batch job ends all the same).

    Raises Refusal with all problems when the request is atomic and has any.
    """
    _check_size(request)
    with world.transaction(request.customer_id) as tx:
        outcome = run_in(tx, request, lookup)
        if not request.validate_only and (keep_always or any(result is not None for result in outcome.results)):
            outcome.applied = True
            commit(tx, outcome)
        return outcome


def run_in(tx: Transaction, request: MutateRequest, lookup: Lookup) -> Outcome:
    """Apply a request to an open transaction without committing it."""
    account_checks.before(tx, request)
    start = tx.mark()
    excluded: dict[int, list[Problem]] = {}
    while True:
        state = _Run(request, tx, lookup.rules_of, excluded, shared=dict(lookup.shared))
        for operation in request.operations:
            _step(state, operation)
        late = _run_deferred(state)
        if not late or not request.partial_failure:
            break
        excluded = {**excluded, **late}
        tx.undo(start)
    problems = [problem for index in sorted(state.problems) for problem in state.problems[index]]
    if problems and not request.partial_failure:
        raise Refusal(problems)
    return Outcome(state.results, problems)


def _check_size(request: MutateRequest) -> None:
    if not request.operations:
        raise refuse("request_error", "REQUIRED_FIELD_MISSING", path=(request.list_field,))
    if len(request.operations) > request.limit:
        text = f"Too many operations in the request: {len(request.operations)}, at most {request.limit}."
        raise refuse("request_error", "TOO_MANY_MUTATE_OPERATIONS", text)


def _run_deferred(state: _Run) -> dict[int, list[Problem]]:
    late: dict[int, list[Problem]] = {}
    for op, check in state.deferred:
        before = len(op.problems)
        check()
        if len(op.problems) > before:
            late.setdefault(op.operation.index, []).extend(op.problems[before:])
    for index, problems in late.items():
        state.problems.setdefault(index, []).extend(problems)
        state.results[index] = None
    return late


def _step(state: _Run, operation: Operation) -> None:
    op = Op(state.tx, operation, state.shared)
    mark = state.tx.mark()
    result: Result | None = None
    if operation.index in state.excluded:
        op.problems.extend(state.excluded[operation.index])
    else:
        result = _apply(state, op)
    if op.problems:
        state.tx.undo(mark)
        state.problems[operation.index] = op.problems
        if operation.action == "create":
            own = names.own_temporary(operation.resource_name)
            if own is not None and own not in state.real_ids:
                state.failed_temps.add(own)
        result = None
    else:
        state.deferred.extend((op, check) for check in op.deferred)
    state.results.append(result)


def _apply(state: _Run, op: Op) -> Result | None:
    operation = op.operation
    if not operation.action:
        op.problems.append(Problem("request_error", "OPERATION_REQUIRED", operation.path))
        return None
    rules = state.rules_of(operation.kind)
    if operation.action not in rules.actions or not supports(operation.raw, operation.action):
        op.problems.append(Problem("operator_error", "OPERATOR_NOT_SUPPORTED", (*operation.path, operation.action)))
        return None
    if operation.action == "create":
        return _create(state, op, rules)
    return _update(state, op, rules) if operation.action == "update" else _remove(state, op, rules)


def _create(state: _Run, op: Op, rules: Rules) -> Result | None:
    new = type(op.operation.message)()
    new.CopyFrom(op.operation.message)
    own_temp = _own_temporary(state, op, new)
    _resolve_temporaries(state, op, new)
    if op.problems:
        return None
    generic.clear_output_only(new)
    generic.check_required(op, new)
    generic.check_values(op, new)
    generic.check_references(op, new)
    if op.problems:
        return None
    rules.create(op, new)
    if op.problems:
        return None
    twin = rules.same(op, new)
    if twin is not None:
        if own_temp is not None:
            state.real_ids[own_temp] = twin.resource_name.rpartition("/")[2]
        return Result(rules.kind, twin.resource_name, twin)
    parts = generic.own_parts(op, rules, new)
    _check_given_name(state, op, new, parts, own_temp)
    if op.problems:
        return None
    fresh = str(state.tx.world.new_id()) if None in parts.values() else None
    filled = {part: value if value is not None else str(fresh) for part, value in parts.items()}
    new.resource_name = rules.template.build(state.tx.customer_id, filled)
    generic.write_ids(new, filled)
    rules.named(op, new, filled)
    existing = state.tx.get(rules.kind, new.resource_name)
    if generic.exists_alive(existing) and rules.already_exists(op, existing, new):
        return None
    if own_temp is not None:
        state.real_ids[own_temp] = fresh or list(filled.values())[-1]
    _keep(
        state, op, rules.kind, (existing, new), tuple(f.name for f, _ in new.ListFields() if f.name != "resource_name")
    )
    return Result(rules.kind, new.resource_name, new)


def _own_temporary(state: _Run, op: Op, new: Any) -> str | None:
    """The temporary id that this create defines, if any."""
    given = new.resource_name
    if not given:
        return None
    if names.parse(given) is None:
        text = f"Resource name '{given}' is malformed."
        op.fail("request_error", "RESOURCE_NAME_MALFORMED", "resource_name", message=text, trigger=given)
        return None
    return names.own_temporary(given)


def _resolve_temporaries(state: _Run, op: Op, new: Any) -> None:
    if b"/-" not in (data := new.SerializeToString()) and b"~-" not in data:
        return
    for path, holder, descriptor, index, value in list(names.strings(new)):
        if path == ("resource_name",) or not value.startswith("customers/") or not names.is_temporary(value):
            continue
        if state.failed_temps.intersection(names.TEMPORARY.findall(value)):
            op.fail("new_resource_creation_error", "TEMP_ID_RESOURCE_HAD_ERRORS", *path, trigger=value)
            continue
        real = names.replace_temporary(value, state.real_ids)
        if index is None:
            setattr(holder, descriptor.name, real)
        else:
            getattr(holder, descriptor.name)[index] = real


def _check_given_name(state: _Run, op: Op, new: Any, parts: dict[str, str | None], own_temp: str | None) -> None:
    given = op.operation.message.resource_name
    if not given or None not in parts.values():
        return
    if own_temp is None:
        op.fail("new_resource_creation_error", "CANNOT_SET_ID_FOR_CREATE", "resource_name", trigger=given)
    elif own_temp in state.real_ids or own_temp in state.failed_temps:
        op.fail("new_resource_creation_error", "DUPLICATE_TEMP_IDS", "resource_name", trigger=given)


def _existing(state: _Run, op: Op, rules: Rules) -> Any | None:
    """The entity that an update or remove names, with every reason against touching it reported."""
    given = op.operation.resource_name
    where = ("resource_name",) if op.action == "update" else ()
    if not given:
        op.fail("request_error", "RESOURCE_NAME_MISSING", *where)
        return None
    if state.failed_temps.intersection(names.TEMPORARY.findall(given)):
        op.fail("new_resource_creation_error", "TEMP_ID_RESOURCE_HAD_ERRORS", *where, trigger=given)
        return None
    name = names.replace_temporary(given, state.real_ids)
    parsed = names.parse(name)
    if parsed is None or parsed.kind != rules.kind:
        text = f"Resource name '{given}' is malformed."
        op.fail("request_error", "RESOURCE_NAME_MALFORMED", *where, message=text, trigger=given)
        return None
    entity = state.tx.get(rules.kind, name) if parsed.customer_id == state.tx.customer_id else None
    if entity is None:
        entity = rules.missing(op, name)
    if entity is None:
        op.fail("mutate_error", "RESOURCE_NOT_FOUND", *where, trigger=given)
    elif name in state.touched:
        op.fail("mutate_error", "ID_EXISTS_IN_MULTIPLE_MUTATES", *where, trigger=given)
    elif is_removed(entity):
        op.fail("context_error", "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE", *where, trigger=given)
    return None if op.problems else entity


def _update(state: _Run, op: Op, rules: Rules) -> Result | None:
    old = _existing(state, op, rules)
    if old is None:
        return None
    change = type(op.operation.message)()
    change.CopyFrom(op.operation.message)
    _resolve_temporaries(state, op, change)
    for problem in masks.problems_of(old, change, op.operation.raw.update_mask.paths):
        op.fail_at(problem)
    paths = [path for path in op.operation.raw.update_mask.paths if path != "resource_name"]
    if op.problems:
        return None
    new = type(old)()
    new.CopyFrom(old)
    masks.apply(new, change, paths)
    generic.check_values(op, change)
    generic.check_references(op, change)
    if op.problems:
        return None
    if not is_removed(old) and is_removed(new):
        op.fail("enum_error", "ENUM_VALUE_NOT_PERMITTED", "status", trigger="REMOVED")
        return None
    rules.update(op, old, new, paths)
    if op.problems:
        return None
    _keep(state, op, rules.kind, (old, new), tuple(paths))
    return Result(rules.kind, new.resource_name, new)


def _remove(state: _Run, op: Op, rules: Rules) -> Result | None:
    old = _existing(state, op, rules)
    if old is None:
        return None
    rules.remove(op, old)
    if op.problems:
        return None
    _keep(state, op, rules.kind, (old, rules.removed(op, old)), ("status",))
    return Result(rules.kind, old.resource_name, None)


def _keep(state: _Run, op: Op, kind: str, both: tuple[Any, Any], fields: tuple[str, ...]) -> None:
    tx = state.tx
    old, new = both
    name = (new if new is not None else old).resource_name
    if new is None:
        tx.drop(kind, name)
    else:
        tx.put(kind, new)
    state.touched.add(name)
    tx.record(
        Change(
            seq=0,
            time=tx.world.clock.now(),
            kind=kind,
            resource_name=name,
            operation=op.action.upper(),
            fields=fields,
            old=old.SerializeToString() if old is not None else None,
            new=new.SerializeToString() if new is not None else None,
            user_email=state.request.user_email,
            client_type=state.request.client_type,
        )
    )
