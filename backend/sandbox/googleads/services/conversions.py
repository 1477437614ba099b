"""Uploads of offline conversions and of adjustments to them.

What a click id may be: anything of ten or more letters, digits, "-" and "_". Ids that begin with `EXPIRED`,
`TOO_RECENT` or `OTHER_CUSTOMER` are clicks in that state (docs/sandbox.md).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.calls import Call, proto_json, rpc
from backend.sandbox.googleads.enums import enum_name, set_enum
from backend.sandbox.googleads.errors import Path, Problem, refuse
from backend.sandbox.googleads.services.mutates import set_partial_failure
from backend.sandbox.googleads.transaction import Transaction

MAX_CONVERSIONS = 2_000
MAX_IDENTIFIERS = 5
SETTLING = timedelta(hours=6)  # how old a conversion action must be
_UPLOADS = "uploads"
_CLICK_STATES = {
    "EXPIRED": "EXPIRED_EVENT",
    "TOO_RECENT": "TOO_RECENT_EVENT",
    "OTHER_CUSTOMER": "INVALID_CUSTOMER_FOR_CLICK",
}


@dataclass(slots=True)
class _Upload:
    """One request under way: what was seen in it and before it."""

    call: Call
    error: str  # the family of codes: conversion_upload_error or conversion_adjustment_upload_error
    known: set[str]
    seen: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    def fail(self, code: str, path: Path, trigger: object = None, kind: str = "") -> None:
        self.problems.append(Problem(kind or self.error, code, path, trigger=trigger))


def _run(call: Call, items: Iterable[Any], name: str, error: str, check: Callable[[_Upload, Any, Path], None]) -> Any:
    """Check each item; the response with a result per item (empty where it failed) and the partial failure."""
    request = call.request
    items = list(items)
    if not request.partial_failure:
        raise refuse("partial_failure_error", "PARTIAL_FAILURE_MODE_REQUIRED", path=("partial_failure",))
    if not items:
        raise refuse("field_error", "REQUIRED", path=(name,))
    if "job_id" in request.DESCRIPTOR.fields_by_name and request.job_id < 0:
        raise refuse(error, "INVALID_JOB_ID", path=("job_id",), trigger=request.job_id)
    call.validate_only = request.validate_only
    call.operations = [proto_json(item) for item in items]
    world = call.services.world
    response = call.rpc.response()
    with world.transaction(call.customer_id) as tx:
        upload = _Upload(call, error, set(world.store.documents(f"{_UPLOADS}/{call.customer_id}")))
        for index, item in enumerate(items):
            before = len(upload.problems)
            check(upload, item, ((name, index),))
            result = response.results.add()
            if len(upload.problems) == before:
                _echo(item, result)
        call.problems = upload.problems
        good = len(items) - len({problem.path[0] for problem in upload.problems})
        if good and not request.validate_only:
            call.results = [result.conversion_action for result in response.results]
            for key in upload.new:
                tx.put_document(f"{_UPLOADS}/{call.customer_id}", key, "{}")
            _summarize(call, tx, len(items), good)
            call.commit(tx, "partial" if upload.problems else "applied")
        else:
            call.outcome = "validated" if request.validate_only else "refused"
    if upload.problems:
        set_partial_failure(response.partial_failure_error, upload.problems, call)
    if "job_id" in response.DESCRIPTOR.fields_by_name:
        response.job_id = request.job_id or 1 + call.services.world.new_id() % 2**31
    return response


def _echo(item: Any, result: Any) -> None:
    for name, target in result.DESCRIPTOR.fields_by_name.items():
        if name not in item.DESCRIPTOR.fields_by_name:
            continue
        if target.is_repeated:
            getattr(result, name).MergeFrom(getattr(item, name))
        elif target.message_type is not None:
            if item.HasField(name):
                getattr(result, name).CopyFrom(getattr(item, name))
        elif getattr(item, name):
            setattr(result, name, getattr(item, name))


def _summarize(call: Call, tx: Transaction, total: int, good: int) -> None:
    """Keep the account's upload health."""
    kind = "offline_conversion_upload_client_summary"
    name = f"customers/{call.customer_id}/offlineConversionUploadClientSummaries/GOOGLE_ADS_API"
    old = tx.get(kind, name)
    fresh: Any = kinds.message_class(kind)()
    if old is not None:
        fresh.CopyFrom(old)
    fresh.resource_name = name
    set_enum(fresh, "client", "GOOGLE_ADS_API")
    fresh.total_event_count += total
    fresh.successful_event_count += good
    fresh.success_rate = fresh.successful_event_count / fresh.total_event_count
    set_enum(fresh, "status", "EXCELLENT" if fresh.success_rate > 0.95 else "NEEDS_ATTENTION")
    fresh.last_upload_date_time = call.services.world.clock.now().strftime("%Y-%m-%d %H:%M:%S")
    tx.put(kind, fresh)


def _check_action(upload: _Upload, item: Any, path: Path, types: tuple[str, ...]) -> None:
    """The conversion action must exist, be of the right type, and be old enough."""
    call, name = upload.call, item.conversion_action
    where = (*path, "conversion_action")
    action = call.services.world.get(call.customer_id, "conversion_action", name)
    if not name:
        upload.fail("REQUIRED", where, kind="field_error")
    elif action is None or enum_name(action, "status") == "REMOVED":
        upload.fail("NO_CONVERSION_ACTION_FOUND", where, name)
    elif enum_name(action, "type_") not in types:
        upload.fail("INVALID_CONVERSION_ACTION_TYPE", where, name)
    elif _made_recently(call, name):
        upload.fail("TOO_RECENT_CONVERSION_ACTION", where, name)


def _made_recently(call: Call, name: str) -> bool:
    world = call.services.world
    since = world.clock.now() - SETTLING
    changes = world.changes(call.customer_id)
    return any(c.resource_name == name and c.operation == "CREATE" and c.time > since for c in reversed(changes))


def _moment(upload: _Upload, item: Any, name: str, path: Path, *, needed: bool = True) -> datetime | None:
    text = getattr(item, name)
    where = (*path, name)
    if not text:
        if needed:
            upload.fail("REQUIRED", where, kind="field_error")
        return None
    if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            upload.fail("INVALID_FIELD_VALUES_IN_DATE_TIME", where, text, "date_error")
            return None
    upload.fail("INVALID_STRING_DATE_TIME_SECONDS_WITH_OFFSET", where, text, "date_error")
    return None


def _check_identifiers(upload: _Upload, item: Any, path: Path) -> None:
    identifiers = item.user_identifiers
    if identifiers and not upload.call.services.features["customer_data_terms"]:
        upload.fail("CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS", path)
    if len(identifiers) > MAX_IDENTIFIERS:
        upload.fail("TOO_MANY_USER_IDENTIFIERS", (*path, "user_identifiers"), kind="user_data_error")
    for index, identifier in enumerate(identifiers):
        where = (*path, ("user_identifiers", index))
        chosen = identifier.WhichOneof("identifier")
        if chosen not in ("hashed_email", "hashed_phone_number"):
            if upload.error == "conversion_upload_error" or chosen != "address_info":
                upload.fail("UNSUPPORTED_USER_IDENTIFIER", where, chosen)
        elif not re.fullmatch(r"[0-9a-f]{64}", getattr(identifier, chosen)):
            upload.fail("INVALID_USER_IDENTIFIER", (*where, chosen), getattr(identifier, chosen))


def _once(upload: _Upload, key: tuple[object, ...], path: Path, *, again: str, before: str, trigger: object) -> None:
    """Nothing is uploaded twice, neither in this request nor later."""
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    if digest in upload.seen:
        upload.fail(again, path, trigger)
    elif digest in upload.known:
        upload.fail(before, path, trigger)
    else:
        upload.new.append(digest)
    upload.seen.add(digest)


@rpc("ConversionUploadService.UploadClickConversions", writes=True)
def upload_clicks(call: Call) -> Any:
    """Conversions of clicks. Closed to accounts that are not on the allow-list (feature `click_conversions`)."""
    if not call.services.features["click_conversions"]:
        raise refuse("not_allowlisted_error", "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE")
    if len(call.request.conversions) > MAX_CONVERSIONS:
        raise refuse("conversion_upload_error", "TOO_MANY_CONVERSIONS_IN_REQUEST", path=("conversions",))
    return _run(call, call.request.conversions, "conversions", "conversion_upload_error", _check_click)


def _check_click(upload: _Upload, item: Any, path: Path) -> None:
    _check_action(upload, item, path, ("UPLOAD_CLICKS",))
    moment = _moment(upload, item, "conversion_date_time", path)
    now = upload.call.services.world.clock.now()
    if moment is not None and moment > now + timedelta(hours=24):
        upload.fail("LATER_THAN_MAXIMUM_DATE", (*path, "conversion_date_time"), item.conversion_date_time, "date_error")
    elif moment is not None and moment < now - timedelta(days=90):
        upload.fail("EXPIRED_EVENT", (*path, "conversion_date_time"), item.conversion_date_time)
    if item.gbraid and item.wbraid:
        upload.fail("GBRAID_WBRAID_BOTH_SET", path)
    click = next((name for name in ("gclid", "gbraid", "wbraid") if getattr(item, name)), "")
    if not click and not item.user_identifiers:
        upload.fail("REQUIRED", (*path, "gclid"), kind="field_error")
    elif click:
        _check_click_id(upload, getattr(item, click), click, path)
    _check_identifiers(upload, item, path)
    if item.order_id:
        _check_order(upload, item, path)
    elif click:
        key = (item.conversion_action, getattr(item, click), item.conversion_date_time)
        again, before = "DUPLICATE_CLICK_CONVERSION_IN_REQUEST", "CLICK_CONVERSION_ALREADY_EXISTS"
        _once(upload, key, path, again=again, before=before, trigger=getattr(item, click))


def _check_click_id(upload: _Upload, value: str, name: str, path: Path) -> None:
    where = (*path, name)
    if not re.fullmatch(r"[\w-]{10,}", value):
        upload.fail(f"UNPARSEABLE_{name.upper()}", where, value)
        return
    for prefix, code in _CLICK_STATES.items():
        if value.startswith(prefix):
            upload.fail(code, where, value)


def _check_order(upload: _Upload, item: Any, path: Path) -> None:
    where = (*path, "order_id")
    if "@" in item.order_id:
        upload.fail("ORDER_ID_CONTAINS_PII", where, item.order_id)
        return
    key = (item.conversion_action, "order", item.order_id)
    _once(upload, key, where, again="DUPLICATE_ORDER_ID", before="ORDER_ID_ALREADY_IN_USE", trigger=item.order_id)


@rpc("ConversionUploadService.UploadCallConversions", writes=True)
def upload_calls(call: Call) -> Any:
    """Conversions of phone calls."""
    if len(call.request.conversions) > MAX_CONVERSIONS:
        raise refuse("conversion_upload_error", "TOO_MANY_CONVERSIONS_IN_REQUEST", path=("conversions",))
    return _run(call, call.request.conversions, "conversions", "conversion_upload_error", _check_call)


def _check_call(upload: _Upload, item: Any, path: Path) -> None:
    _check_action(upload, item, path, ("UPLOAD_CALLS",))
    if not re.fullmatch(r"\+\d{6,15}", item.caller_id):
        upload.fail("UNPARSEABLE_CALLERS_PHONE_NUMBER", (*path, "caller_id"), item.caller_id)
    started = _moment(upload, item, "call_start_date_time", path)
    converted = _moment(upload, item, "conversion_date_time", path)
    if started is not None and converted is not None and converted < started:
        upload.fail("CONVERSION_PRECEDES_CALL", (*path, "conversion_date_time"), item.conversion_date_time)
    key = (item.conversion_action, item.caller_id, item.call_start_date_time)
    again, before = "DUPLICATE_CALL_CONVERSION_IN_REQUEST", "CALL_CONVERSION_ALREADY_EXISTS"
    _once(upload, key, path, again=again, before=before, trigger=item.caller_id)


@rpc("ConversionAdjustmentUploadService.UploadConversionAdjustments", writes=True)
def upload_adjustments(call: Call) -> Any:
    """Retractions, restatements and enhancements of conversions."""
    items = call.request.conversion_adjustments
    if len(items) > MAX_CONVERSIONS:
        path = ("conversion_adjustments",)
        raise refuse("conversion_adjustment_upload_error", "TOO_MANY_ADJUSTMENTS_IN_REQUEST", path=path)
    return _run(call, items, "conversion_adjustments", "conversion_adjustment_upload_error", _check_adjustment)


def _check_adjustment(upload: _Upload, item: Any, path: Path) -> None:
    _check_action(upload, item, path, ("UPLOAD_CLICKS", "WEBPAGE", "UPLOAD_CALLS"))
    kind = enum_name(item, "adjustment_type")
    if kind in ("", "UNSPECIFIED"):
        upload.fail("REQUIRED", (*path, "adjustment_type"), kind="field_error")
    pair = item.HasField("gclid_date_time_pair")
    if pair and item.order_id:
        upload.fail("GCLID_DATE_TIME_PAIR_AND_ORDER_ID_BOTH_SET", path)
    elif not pair and not item.order_id:
        code = "MISSING_ORDER_ID_FOR_WEBPAGE" if kind == "ENHANCEMENT" else "CONVERSION_NOT_FOUND"
        upload.fail(code, (*path, "order_id"))
    if "@" in item.order_id:
        upload.fail("ORDER_ID_CONTAINS_PII", (*path, "order_id"), item.order_id)
    if kind == "RESTATEMENT" and not item.HasField("restatement_value"):
        upload.fail("REQUIRED", (*path, "restatement_value"), kind="field_error")
    _moment(upload, item, "adjustment_date_time", path, needed=kind != "ENHANCEMENT")
    _check_identifiers(upload, item, path)
    reference = item.order_id or (item.gclid_date_time_pair.gclid, item.gclid_date_time_pair.conversion_date_time)
    key = ("adjustment", item.conversion_action, kind, reference, item.adjustment_date_time)
    again, before = "DUPLICATE_ADJUSTMENT_IN_REQUEST", "RESTATEMENT_ALREADY_EXISTS"
    _once(upload, key, path, again=again, before=before, trigger=item.order_id or None)
