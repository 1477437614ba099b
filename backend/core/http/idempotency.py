"""`Idempotency-Key` by Stripe's rules: the key's row commits in the transaction of its effect.

    @bp.post("")
    @requires(Role.EDITOR)
    @idempotent
    @bp.arguments(CampaignSchema)
    @bp.response(201, CampaignSchema)
    def create(body): ...

With a key, the whole view runs in one transaction: every `unit_of_work()` it opens joins that one, and the row with
the answer is written last. Nothing is stored when the view fails, so a refused request may be repeated with its key.
A key is scoped to tenant, method and path, and kept for a day. A view must not call a vendor (none does).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, overload

import flask
import orjson
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from backend.core import clock
from backend.core.db import joined_unit_of_work
from backend.core.errors import Conflict, Finding, Invalid, NotAllowedYet
from backend.core.http.idempotency_models import IdempotencyKey
from backend.core.security import Actor, current_actor

View = TypeVar("View", bound=Callable[..., Any])
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT = timedelta(hours=24)
REPLAYED_HEADERS = ("Location", "ETag", "Retry-After", "Link")


@overload
def idempotent(view: View, *, secret: bool = False) -> View: ...
@overload
def idempotent(view: None = None, *, secret: bool = False) -> Callable[[View], View]: ...
def idempotent(view: Any = None, *, secret: bool = False) -> Any:
    """Honour `Idempotency-Key` on a POST that creates; `secret` says that its answer must never be stored."""
    if view is None:
        return functools.partial(idempotent, secret=secret)

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        key = flask.request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        if not KEY.fullmatch(key):
            message = "Use 1 to 255 visible ASCII characters, for instance a UUID."
            raise Invalid("The Idempotency-Key is malformed.", errors=(Finding("/Idempotency-Key", "key", message),))
        return _once(key, secret, lambda: view(*args, **kwargs))

    guarded._apidoc = _documented(getattr(view, "_apidoc", {}))  # type: ignore[attr-defined]
    return guarded


def _once(key: str, secret: bool, run: Callable[[], Any]) -> flask.Response:
    actor = current_actor()
    question = _digest(actor)
    with joined_unit_of_work() as work:
        _claim(work.session, actor, key)
        row = _find(work.session, actor, key)
        if row is not None and row.created_at > clock.now() - KEPT:
            return _replay(row, question)
        if row is not None:
            work.session.delete(row)
            work.session.flush()
        response = flask.make_response(run())
        if response.status_code < 400:
            work.session.add(_stored(actor, key, question, response, secret))
    return response


def _claim(session: Session, actor: Actor, key: str) -> None:
    """Take the key until the end of the transaction; whoever comes meanwhile is told so at once."""
    name = "\x1f".join((str(actor.tenant_id), flask.request.method, flask.request.path, key))
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    taken = session.execute(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": number}).scalar()
    if not taken:
        raise Conflict(
            "A request with this Idempotency-Key is still running.",
            code="idempotency_in_progress",
            headers={"Retry-After": "1"},
        )


def _find(session: Session, actor: Actor, key: str) -> IdempotencyKey | None:
    return session.execute(
        select(IdempotencyKey).where(
            IdempotencyKey.tenant_id == actor.tenant_id,
            IdempotencyKey.method == flask.request.method,
            IdempotencyKey.path == flask.request.path,
            IdempotencyKey.key == key,
        )
    ).scalar_one_or_none()


def _digest(actor: Actor) -> bytes:
    """What was asked, and by whom: the body as JSON where it is JSON, so that spaces do not matter."""
    raw = flask.request.get_data(cache=True)
    with contextlib.suppress(orjson.JSONDecodeError):  # the bytes of an upload are the question themselves
        raw = orjson.dumps(orjson.loads(raw), option=orjson.OPT_SORT_KEYS)
    who = f"{actor.kind}:{actor.user_id or actor.token_id}"
    return hashlib.sha256(b"\x1f".join((who.encode(), flask.request.query_string, raw))).digest()


def _replay(row: IdempotencyKey, question: bytes) -> flask.Response:
    if row.fingerprint != question:
        raise NotAllowedYet(
            "This Idempotency-Key was used with another request; take a new one.", code="idempotency_key_reused"
        )
    if row.body is None:
        raise Conflict(
            "The answer to this Idempotency-Key held a secret, which is shown once only.", code="secret_already_shown"
        )
    response = flask.Response(row.body, status=row.status, content_type=row.headers.get("Content-Type"))
    response.headers.update({name: value for name, value in row.headers.items() if name != "Content-Type"})
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _stored(actor: Actor, key: str, question: bytes, response: flask.Response, secret: bool) -> IdempotencyKey:
    kept = {name: response.headers[name] for name in REPLAYED_HEADERS if name in response.headers}
    return IdempotencyKey(
        tenant_id=actor.tenant_id,
        method=flask.request.method,
        path=flask.request.path,
        key=key,
        fingerprint=question,
        status=response.status_code,
        headers={"Content-Type": response.content_type, **kept},
        body=None if secret else response.get_data(),
        created_at=clock.now(),
    )


def purge(session: Session) -> int:
    """Forget keys older than a day; returns how many."""
    result = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < clock.now() - KEPT))
    return int(getattr(result, "rowcount", 0))


def _documented(apidoc: dict[str, Any]) -> dict[str, Any]:
    parameter = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Repeating the request with the same key answers what the first one answered.",
        "schema": {"type": "string", "maxLength": 255},
    }
    manual = dict(apidoc.get("manual_doc", {}))
    manual["parameters"] = [*manual.get("parameters", []), parameter]
    return {**apidoc, "manual_doc": manual}
