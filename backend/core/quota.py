"""What every worker must know before it calls Google: who asked us to wait, what was spent, what is broken.

Locks and breakers lie in Redis, so that all workers see them at once; what was spent is counted in PostgreSQL, by hour.
Without Redis nobody knows whether a lock is set: then no call is made (it fails closed).

    rate_limit_lock:project:{project}     the whole Google Cloud project waits (scope DEVELOPER)
    rate_limit_lock:customer:{digits}     one account waits
    breaker:{name}:{failures|open|probe}  the circuit breaker of one credential
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from flask import current_app
from sqlalchemy import text

from backend.core import clock
from backend.core.db import unit_of_work
from backend.core.redis import connect

PREFIX = "rate_limit_lock:"
ROLLING = timedelta(hours=24)
BREAKER_FAILURES = 5
BREAKER_MAX_SECONDS = 300.0
BREAKER_MEMORY_SECONDS = 900
PROBE_SECONDS = 60


class Unknown(Exception):
    """Redis does not answer, so nobody knows whether a call is allowed."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why a call may not be made now, and for how long."""

    scope: str
    seconds: float


def _client() -> redis.Redis:
    return connect(current_app.config["REDIS_URL"])


def lock(scope: str, seconds: float) -> None:
    """Let no worker call within `scope` for some seconds; a lock that lasts longer already stays."""
    wanted = max(int(seconds * 1000), 1)
    try:
        if int(_client().pttl(PREFIX + scope)) < wanted:
            _client().set(PREFIX + scope, clock.now().isoformat(), px=wanted)
    except redis.RedisError as problem:
        raise Unknown("the rate limit lock cannot be set") from problem


def held(scopes: Sequence[str]) -> Held | None:
    """The lock among `scopes` that lasts longest, None when calls are free.

    Raises:
        Unknown: Redis does not answer.
    """
    try:
        with _client().pipeline(transaction=False) as pipeline:
            for scope in scopes:
                pipeline.pttl(PREFIX + scope)
            left = pipeline.execute()
    except redis.RedisError as problem:
        raise Unknown("the rate limit locks cannot be read") from problem
    longest = max(zip(left, scopes, strict=True), default=(0, ""))
    return Held(longest[1], longest[0] / 1000) if longest[0] > 0 else None


class Breaker:
    """A circuit breaker that all workers share: opens after failures in a row, lets one probe through, closes on it."""

    def __init__(self, name: str, base_seconds: float) -> None:
        self._key = f"breaker:{name}:"
        self._base = base_seconds

    def refuses(self) -> Held | None:
        """Why no call may be made now; None when it may (as the probe, after a pause).

        Raises:
            Unknown: Redis does not answer.
        """
        try:
            client = _client()
            left = int(client.pttl(self._key + "open"))
            if left > 0:
                return Held(self._key, left / 1000)
            failures = int(client.get(self._key + "failures") or 0)
            if failures < BREAKER_FAILURES or client.set(self._key + "probe", 1, nx=True, ex=PROBE_SECONDS):
                return None
            return Held(self._key, self._base)
        except redis.RedisError as problem:
            raise Unknown("the breaker cannot be read") from problem

    def failed(self) -> float | None:
        """Count a failed call; enough of them in a row open the breaker, each further one for twice as long.

        Answers for how many seconds it is open now, None while it stays closed.
        """
        try:
            client = _client()
            count = int(client.incr(self._key + "failures"))
            client.expire(self._key + "failures", BREAKER_MEMORY_SECONDS)
            if count < BREAKER_FAILURES:
                return None
            seconds: float = min(self._base * 2 ** (count - BREAKER_FAILURES), BREAKER_MAX_SECONDS)
            client.set(self._key + "open", count, px=max(int(seconds * 1000), 1))
            client.delete(self._key + "probe")
        except redis.RedisError as problem:
            raise Unknown("the breaker cannot be written") from problem
        return seconds

    def succeeded(self) -> None:
        """A call went well: the breaker closes."""
        try:
            _client().delete(self._key + "failures", self._key + "open", self._key + "probe")
        except redis.RedisError as problem:
            raise Unknown("the breaker cannot be written") from problem


def spend(project: str, google_customer_id: int, operations: int) -> None:
    """Count operations against a project and an account, in the hour that runs; 0 stands for no account."""
    with unit_of_work() as work:
        work.session.execute(
            text(
                "INSERT INTO quota_ledger (project, google_customer_id, hour, operations)"
                " VALUES (:project, :customer, date_trunc('hour', CAST(:now AS timestamptz), 'UTC'), :operations)"
                " ON CONFLICT (project, google_customer_id, hour)"
                " DO UPDATE SET operations = quota_ledger.operations + excluded.operations"
            ),
            {"project": project, "customer": google_customer_id, "now": clock.now(), "operations": operations},
        )


def left(project: str, limit: int | None) -> int | None:
    """What a project has left of its operations for 24 hours, never below 0; None where it has no limit."""
    return None if limit is None else max(limit - spent(project), 0)


def spent(project: str, google_customer_id: int | None = None, *, since: datetime | None = None) -> int:
    """The operations of a project (or of one account) in the last 24 hours, rounded up to whole hours."""
    start = since or clock.now() - ROLLING - timedelta(hours=1)
    with unit_of_work() as work:
        return int(
            work.session.execute(
                text(
                    "SELECT coalesce(sum(operations), 0) FROM quota_ledger WHERE project = :project AND hour > :start"
                    " AND (CAST(:customer AS bigint) IS NULL OR google_customer_id = :customer)"
                ),
                {"project": project, "customer": google_customer_id, "start": start},
            ).scalar_one()
        )
