"""The audit trail: who changed what, when, from where and why. Rows are only ever added.

Write in the transaction of the change: `audit.record(work.session, actor, "campaign.update", "campaign:<uuid>", …)`.
The application's database role may insert and select here, nothing else; a trigger refuses UPDATE and DELETE to all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import flask
from sqlalchemy import BigInteger, Identity, Index, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.core import logging
from backend.core.base import Base
from backend.core.http import trace
from backend.core.security import Actor

SECRET_NAMES = ("token", "secret", "password", "cookie", "verifier")
MASK = "[redacted]"


class AuditEvent(Base):
    """One change, or one security event; `id` rises. Nobody may alter a row."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_tenant_id", "tenant_id", text("id DESC")),
        Index("ix_audit_events_subject", "tenant_id", "subject", text("id DESC")),
        Index("ix_audit_events_customer", "customer_id", text("created_at DESC"), text("id DESC")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tenant_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    trace_id: Mapped[str | None] = mapped_column(String(32))
    ip: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


def record(  # noqa: PLR0917 (the order of a sentence: who did what to which, from what, to what, why)
    session: Session,
    actor: Actor | None,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
    *,
    customer_id: UUID | None = None,
    tenant_id: UUID | None = None,
) -> None:
    """Add one row to the trail, in the caller's transaction.

    Args:
        actor: who did it; None when nobody is known (a failed sign-in), then `tenant_id` may say whose trail it is.
        action: `noun.verb`, such as `campaign.update` or `login.failed`.
        subject: `kind:id` of what was changed.
        before, after: the fields that changed; members that are named like secrets are masked.
        customer_id: our id of the account, so that the trail can be filtered by it.
    """
    session.add(
        AuditEvent(
            tenant_id=actor.tenant_id if actor else tenant_id,
            customer_id=customer_id,
            actor_kind=actor.kind if actor else "unknown",
            actor_id=actor.user_id if actor else None,
            actor_name=actor.name if actor else "unknown",
            action=action,
            subject=subject,
            before=_jsonable(before),
            after=_jsonable(after),
            reason=reason,
            request_id=trace.request_id(),
            trace_id=logging.trace_id.get(),
            ip=flask.request.remote_addr if flask.has_request_context() else None,
        )
    )


def _jsonable(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {
            str(name): MASK if any(word in str(name).lower() for word in SECRET_NAMES) else _jsonable(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(item) for item in value]
    return str(value)
