"""The Celery application: `celery -A backend.worker worker` (Windows: `--pool=solo`), `celery -A backend.worker beat`.

One table of handlers, one of queues and one of schedules. The parent process never touches gRPC: a channel made before
a fork does not work reliably in the child, so `integrations.googleads.client` refuses to build one there.
"""

from __future__ import annotations

import importlib
import time
from typing import Any
from uuid import UUID

import redis
from celery import signals
from kombu.entity import Queue

from backend.app import create_app
from backend.auth import housekeeping
from backend.core import logging
from backend.core.celery import RUN_TASK
from backend.core.db import dispose_engine
from backend.core.redis import connect
from backend.integrations.googleads import gateway
from backend.jobs import engine
from backend.sync import retention, schedule

QUEUES = ("default", "publish", "sync", "reports")
HANDLERS: tuple[str, ...] = (
    "backend.campaigns.tasks",
    "backend.publish.tasks",
    "backend.auth.tasks",
    "backend.sync.tasks",
    "backend.runbooks.tasks",
    "backend.reporting.tasks",
)
NIGHTLY_TICK_SECONDS = 60
TIDY_SECONDS = 3600
HOUSEKEEPING_SECONDS = 86_400
HEARTBEAT_SECONDS = 30

log = logging.get_logger(__name__)
flask_app = create_app()
celery = flask_app.extensions["celery"]
celery.conf.task_queues = [Queue(name) for name in QUEUES]  # type: ignore[no-untyped-call]
celery.conf.beat_schedule = {
    "sweep jobs": {
        "task": "jobs.sweep",
        "schedule": flask_app.config["TIMING"].job_sweep,
        "options": {"queue": "default", "expires": 60},
    },
    "nightly sync": {
        "task": "sync.fan_out",
        "schedule": NIGHTLY_TICK_SECONDS,
        "options": {"queue": "default", "expires": NIGHTLY_TICK_SECONDS},
    },
    "statistics": {
        "task": "sync.keep_in_shape",
        "schedule": HOUSEKEEPING_SECONDS,
        "options": {"queue": "default", "expires": HOUSEKEEPING_SECONDS},
    },
    "tidy": {
        "task": "auth.tidy",
        "schedule": TIDY_SECONDS,
        "options": {"queue": "default", "expires": TIDY_SECONDS},
    },
}
for module in HANDLERS:
    importlib.import_module(module)


@celery.task(name=RUN_TASK)  # type: ignore[untyped-decorator]
def run_job(job_id: str) -> None:
    """Run one job; the message carries nothing but its id."""
    engine.run(UUID(job_id))


@celery.task(name="jobs.sweep")  # type: ignore[untyped-decorator]
def sweep_jobs() -> None:
    """Send again what was lost, take back what was dropped."""
    swept = engine.sweep()
    if any(swept.values()):
        log.info("jobs_swept", **swept)


@celery.task(name="sync.keep_in_shape")  # type: ignore[untyped-decorator]
def keep_statistics_in_shape() -> None:
    """Make partitions ahead, drop old ones."""
    retention.keep_in_shape()


@celery.task(name="sync.fan_out")  # type: ignore[untyped-decorator]
def fan_out_syncs() -> None:
    """Open the nightly sync of every account whose hour has come."""
    schedule.fan_out()


@celery.task(name="auth.tidy")  # type: ignore[untyped-decorator]
def tidy_up() -> None:
    """Delete what has served its time."""
    log.info("tidied", **housekeeping.tidy())


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def guard_parent(sender: Any = None, **_: Any) -> None:
    """Refuse gRPC in the parent of a pool that forks: a channel from before the fork does not work in the children."""
    pool = getattr(sender, "pool_cls", None)
    if "prefork" in str(getattr(pool, "__module__", pool)):
        try:
            gateway.forbid_here("this worker forks its pool")
        except gateway.WrongProcess as problem:
            raise SystemExit(str(problem)) from problem  # Celery logs other exceptions of a signal and goes on


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def start_child(**_: Any) -> None:
    """Give a forked child connections of its own."""
    with flask_app.app_context():
        dispose_engine()


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
@signals.heartbeat_sent.connect  # type: ignore[untyped-decorator]
def show_life(sender: Any = None, **_: Any) -> None:
    """Tell the API that this worker lives, so that a waiting job can say whether one does."""
    name = getattr(sender, "hostname", None) or getattr(getattr(sender, "eventer", None), "hostname", "worker")
    try:
        connect(flask_app.config["REDIS_URL"]).set(f"worker:{name}", int(time.time()), ex=HEARTBEAT_SECONDS)
    except redis.RedisError as problem:
        log.warning("heartbeat_lost", error=type(problem).__name__)
