"""Operations per project and rolling day, and a token bucket per account and project.

Unlimited until limits are set (`POST /admin/quota`). A search counts 1 whatever its rows, each mutated item 1, any
other request 1 (GOOGLE_ADS_FACTS 2.4).
"""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import timedelta

from backend.sandbox.googleads.clock import Clock
from backend.sandbox.googleads.errors import Problem, Refusal, details

DAY = timedelta(days=1)


@dataclass(slots=True)
class Limits:
    """None: unlimited. `per_second` refills a bucket of `burst` requests."""

    project_operations_per_day: int | None = None
    customer_operations_per_day: int | None = None
    customer_requests_per_second: float | None = None
    project_requests_per_second: float | None = None
    burst: int = 10


class _Day:
    """Operations of the last 24 hours."""

    def __init__(self) -> None:
        self._entries: deque[tuple[float, int]] = deque()
        self.total = 0

    def drop(self, now: float) -> None:
        while self._entries and self._entries[0][0] <= now - DAY.total_seconds():
            self.total -= self._entries.popleft()[1]

    def add(self, now: float, count: int) -> None:
        self._entries.append((now, count))
        self.total += count

    def wait_for(self, now: float, count: int, limit: int) -> float:
        """Seconds until `count` operations fit."""
        free = limit - self.total
        for moment, used in self._entries:
            free += used
            if free >= count:
                return moment + DAY.total_seconds() - now
        return DAY.total_seconds()


class Quota:
    """Counts calls and refuses those beyond the limits."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self.limits = Limits()
        self._days: dict[str, _Day] = {}
        self._buckets: dict[str, tuple[float, float]] = {}  # key -> (tokens, time)

    def set_limits(self, limits: Limits) -> None:
        """New limits; counting starts anew."""
        with self._lock:
            self.limits = limits
            self._days.clear()
            self._buckets.clear()

    def used(self) -> dict[str, int]:
        """Operations of the last 24 hours, per project ("project") and account."""
        now = self._clock.now().timestamp()
        with self._lock:
            for day in self._days.values():
                day.drop(now)
            return {key: day.total for key, day in self._days.items()}

    def charge(self, customer_id: str, operations: int) -> None:
        """Count one call; Refusal with QuotaErrorDetails when it does not fit."""
        now = self._clock.now().timestamp()
        limits = self.limits
        with self._lock:
            self._bucket(f"customer/{customer_id}", limits.customer_requests_per_second, now, "ACCOUNT")
            self._bucket("project", limits.project_requests_per_second, now, "DEVELOPER")
            project = self._day("project", limits.project_operations_per_day, operations, now, "DEVELOPER")
            customer = self._day(customer_id, limits.customer_operations_per_day, operations, now, "ACCOUNT")
            project.add(now, operations)
            customer.add(now, operations)

    def _day(self, key: str, limit: int | None, operations: int, now: float, scope: str) -> _Day:
        day = self._days.setdefault(key, _Day())
        day.drop(now)
        if limit is not None and day.total + operations > limit:
            wait = day.wait_for(now, operations, limit)
            raise _refusal("RESOURCE_EXHAUSTED", scope, "Number of operations for basic access", wait)
        return day

    def _bucket(self, key: str, per_second: float | None, now: float, scope: str) -> None:
        if per_second is None:
            return
        tokens, then = self._buckets.get(key, (float(self.limits.burst), now))
        tokens = min(float(self.limits.burst), tokens + (now - then) * per_second)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            wait = (1 - tokens) / per_second
            raise _refusal("RESOURCE_TEMPORARILY_EXHAUSTED", scope, "Requests per second", wait)
        self._buckets[key] = (tokens - 1, now)


def _refusal(code: str, scope: str, rate_name: str, wait_s: float) -> Refusal:
    found = details()
    quota = found.quota_error_details
    quota.rate_scope = quota.DESCRIPTOR.fields_by_name["rate_scope"].enum_type.values_by_name[scope].number
    quota.rate_name = rate_name
    seconds = max(1, round(wait_s + 0.5))
    quota.retry_delay.FromSeconds(seconds)
    message = f"Too many requests. Retry in {seconds} seconds."
    return Refusal([Problem("quota_error", code, (), message, details=found)])
