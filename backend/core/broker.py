"""Hand a task to the workers of this application, and ask whether any of them lives."""

from __future__ import annotations

import redis
from flask import current_app
from kombu.exceptions import OperationalError

from backend.core.logging import get_logger
from backend.core.redis import connect

log = get_logger(__name__)


def send(task: str, argument: str, queue: str) -> bool:
    """Send a task with its one argument, and say whether the broker took it; when Redis is down, say so in the log."""
    try:
        current_app.extensions["celery"].send_task(task, args=[argument], queue=queue, retry=False)
    except (OperationalError, redis.RedisError, OSError) as problem:
        log.warning("task_not_sent", task=task, argument=argument, error=type(problem).__name__)
        return False
    return True


def workers_alive() -> bool | None:
    """Whether a worker gave a sign of life lately; None when Redis cannot say."""
    try:
        return next(connect(current_app.config["REDIS_URL"]).scan_iter("worker:*", count=1000), None) is not None
    except redis.RedisError:
        return None
