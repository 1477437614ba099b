"""Edits made in Google's own interface, and looks into the state: what the admin page does to the world."""

import hashlib
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from backend.sandbox.googleads import kinds, names
from backend.sandbox.googleads.accounts import Change
from backend.sandbox.googleads.calls import proto_json
from backend.sandbox.googleads.handlers import texts
from backend.sandbox.googleads.mutate import masks
from backend.sandbox.googleads.mutate.rules import Rules
from backend.sandbox.googleads.transaction import Transaction
from backend.sandbox.googleads.world import World


def edit(world: World, body: Mapping[str, Any]) -> str:
    """Apply one edit `{resource_name, operation?: update|remove|create, fields?: {…}, user_email?, client_type?}`.

    `fields` is proto JSON of the entity with proto field names; null clears a field. The edit is not checked by the
    API's rules, as people can do more in the interface. Returns the resource name; ValueError for a malformed edit.
    """
    name = str(body.get("resource_name", ""))
    parsed = names.parse(name)
    if parsed is None or not parsed.customer_id:
        raise ValueError(f"resource_name {name!r} is none")
    if parsed.customer_id not in world.customers():
        raise ValueError(f"there is no customer {parsed.customer_id}")
    operation = str(body.get("operation", "update")).lower()
    with world.transaction(parsed.customer_id) as tx:
        old = tx.get(parsed.kind, name)
        if (old is None) != (operation == "create"):
            raise ValueError(f"{name} {'does not exist' if old is None else 'exists'}")
        new, fields = _edited(tx, parsed.kind, old, operation, body)
        if new is None:
            tx.drop(parsed.kind, name)
        else:
            tx.put(parsed.kind, new)
            texts.make_all(tx, new)
        tx.record(_change(world, (parsed.kind, name), (old, new), fields, body))
        tx.commit()
    return name


def _edited(tx: Transaction, kind: str, old: Any, operation: str, body: Mapping[str, Any]) -> tuple[Any, list[str]]:
    if operation == "remove":
        return Rules(kind).removed(None, old), ["status"]  # type: ignore[arg-type]
    if operation not in ("update", "create"):
        raise ValueError("operation is create, update or remove")
    fields: Mapping[str, Any] = body.get("fields") or {}
    change = kinds.message_class(kind)()
    paths = sorted(_paths(fields))
    try:
        ParseDict(_named(change.DESCRIPTOR, _without_nulls(fields)), change)
    except ParseError as wrong:
        raise ValueError(str(wrong)) from wrong
    for path in paths:
        if masks.resolve(change.DESCRIPTOR, path) is None:
            raise ValueError(f"{kind} has no field {path}")
    new: Any = kinds.message_class(kind)()
    if old is not None:
        new.CopyFrom(old)
    new.resource_name = str(body["resource_name"])
    masks.apply(new, change, paths)
    return new, paths


def _paths(fields: Mapping[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in fields.items():
        if isinstance(value, Mapping) and value:
            found += _paths(value, f"{prefix}{key}.")
        else:
            found.append(prefix + key)
    return found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _named(descriptor: Any, value: Any) -> Any:
    """Google's field names back to the package's ("type" is `type_`)."""
    if isinstance(value, list):
        return [_named(descriptor, item) for item in value]
    if not isinstance(value, Mapping) or descriptor is None:
        return value
    found = {}
    for key, item in value.items():
        field = masks.field_named(descriptor, key)
        found[field.name if field is not None else key] = _named(field.message_type if field else None, item)
    return found


def _change(
    world: World, parsed: tuple[str, str], both: tuple[Any, Any], fields: list[str], body: Mapping[str, Any]
) -> Change:
    (kind, name), (old, new) = parsed, both
    operation = str(body.get("operation", "update")).upper()
    users = world.users(name.split("/")[1])
    return Change(
        seq=0,
        time=world.clock.now(),
        kind=kind,
        resource_name=name,
        operation=operation,
        fields=tuple(fields),
        old=old.SerializeToString() if old is not None else None,
        new=new.SerializeToString() if new is not None else None,
        user_email=str(body.get("user_email") or (users[0][0] if users else "interface@sandbox.example")),
        client_type=str(body.get("client_type") or "GOOGLE_ADS_WEB_CLIENT"),
    )


def state(world: World, customer_id: str = "", kind: str = "") -> dict[str, Any]:
    """The tree, or what one account holds: counts and a digest per kind, with `kind` the entities themselves."""
    if not customer_id:
        return {"now": world.clock.now().isoformat(), "seed": world.seed, "days": world.days, "customers": _tree(world)}
    entities = {name: world.entities(customer_id, name) for name in world.kinds(customer_id)}
    if kind:
        return {name: proto_json(message) for name, message in entities.get(kind, {}).items()}
    return {name: {"count": len(found), "digest": _digest(found)} for name, found in sorted(entities.items()) if found}


def _tree(world: World) -> dict[str, dict[str, Any]]:
    return {
        info.id: {"name": info.name, "manager": info.manager, "status": info.status, "parents": list(info.parents)}
        for info in world.customers().values()
    }


def _digest(entities: Mapping[str, Any]) -> str:
    total = hashlib.sha256()
    for name in sorted(entities):
        total.update(entities[name].SerializeToString(deterministic=True))
    return total.hexdigest()
