"""Counting attempts at what must not be tried often: in Redis, in this process's memory when Redis is away."""

from __future__ import annotations

import flask
import redis
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from backend.core.errors import RateLimitReached
from backend.core.logging import get_logger
from backend.core.redis import for_limits

log = get_logger(__name__)

EXTENSION = "throttle"


class Throttle:
    """Counts per name and key; `spent` says whether the allowance is used up."""

    def __init__(self, redis_url: str) -> None:
        self._shared = FixedWindowRateLimiter(_storage(redis_url))
        self._own = FixedWindowRateLimiter(MemoryStorage())

    def must_have_left(self, allowance: RateLimitItemPerMinute, *keys: str) -> None:
        """Refuse when the allowance of a key is used up.

        Raises:
            RateLimitReached: with the seconds to wait.
        """
        if not self._test(allowance, keys):
            wait = {"Retry-After": str(allowance.get_expiry())}
            raise RateLimitReached("Too many attempts; wait before the next one.", headers=wait)

    def count(self, allowance: RateLimitItemPerMinute, *keys: str) -> None:
        """Note one attempt."""
        try:
            self._shared.hit(allowance, *keys)
        except (redis.RedisError, StorageError) as error:
            log.warning("throttle_alone", error=type(error).__name__)
            self._own.hit(allowance, *keys)

    def _test(self, allowance: RateLimitItemPerMinute, keys: tuple[str, ...]) -> bool:
        try:
            shared = self._shared.test(allowance, *keys)
        except (redis.RedisError, StorageError) as error:
            log.warning("throttle_alone", error=type(error).__name__)
            shared = True
        return shared and self._own.test(allowance, *keys)


def _storage(redis_url: str) -> Storage:
    address, options = for_limits(redis_url)
    storage = storage_from_string(address, **options)
    if not isinstance(storage, Storage):
        raise TypeError("an asynchronous storage cannot count here")
    return storage


def init_app(app: flask.Flask, redis_url: str) -> None:
    """Give the application its counter."""
    app.extensions[EXTENSION] = Throttle(redis_url)


def throttle() -> Throttle:
    """The counter of this application."""
    found: Throttle = flask.current_app.extensions[EXTENSION]
    return found
