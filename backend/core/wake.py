"""Tell the stream processes that there are new events; a lost message only delays them, for they look by themselves."""

from __future__ import annotations

from uuid import UUID

import redis
from flask import current_app

from backend.core.logging import get_logger
from backend.core.redis import connect

log = get_logger(__name__)


def listeners(tenants: frozenset[UUID]) -> None:
    """Publish the tenants that have news; when Redis is down, say so in the log and go on."""
    try:
        for tenant_id in tenants:
            connect(current_app.config["REDIS_URL"]).publish("events", str(tenant_id))
    except redis.RedisError as problem:
        log.warning("wake_failed", error=type(problem).__name__)
