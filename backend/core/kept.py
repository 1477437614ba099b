"""Answers kept in Redis for a while. Whatever is not there, or cannot be asked for, is computed anew.

After a failure Redis is left alone for some seconds, so that its absence costs one time-out and not one per request.
"""

from __future__ import annotations

import time

import flask
import redis

from backend.core.logging import get_logger
from backend.core.redis import connect

EXTENSION = "kept_answers"
PAUSE_S = 5.0
log = get_logger(__name__)


class Kept:
    """Bytes by key, for as long as their writer said."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._away_until = 0.0

    def get(self, key: str) -> bytes | None:
        """What was put there, None when it is gone or Redis is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            found: bytes | None = self._redis.get(key)  # type: ignore[assignment]
        except redis.RedisError as error:
            self._leave_alone(error)
            return None
        return found

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Keep a value; nothing happens when Redis is away."""
        if time.monotonic() < self._away_until:
            return
        try:
            self._redis.set(key, value, ex=seconds)
        except redis.RedisError as error:
            self._leave_alone(error)

    def _leave_alone(self, error: redis.RedisError) -> None:
        self._away_until = time.monotonic() + PAUSE_S
        log.warning("kept_answers_away", error=type(error).__name__)


def init_app(app: flask.Flask, redis_url: str) -> None:
    """Give the application its kept answers."""
    app.extensions[EXTENSION] = Kept(redis_url)


def kept() -> Kept:
    """The kept answers of this application."""
    found: Kept = flask.current_app.extensions[EXTENSION]
    return found
