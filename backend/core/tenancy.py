"""Whose data this thread works on: the tenant that every transaction announces to PostgreSQL (`SET LOCAL app.tenant`).

Row-level security reads it as the second line behind the tenant scope of the queries. `None` stands for the system
itself (sweeps, sign-in), which sees every tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

SYSTEM = "*"
_tenant: ContextVar[UUID | None] = ContextVar("tenant", default=None)


def current() -> UUID | None:
    """The tenant of this request or job, None for the system."""
    return _tenant.get()


def enter(tenant_id: UUID | None) -> None:
    """Work for one tenant until the request or job ends."""
    _tenant.set(tenant_id)


@contextmanager
def working_for(tenant_id: UUID | None) -> Iterator[None]:
    """Work for one tenant within the block."""
    token = _tenant.set(tenant_id)
    try:
        yield
    finally:
        _tenant.reset(token)
