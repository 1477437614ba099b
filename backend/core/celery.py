"""Celery as a messenger only: it carries job ids. What a job is and how far it is stands in PostgreSQL.

The broker may lose or repeat every message; `jobs.engine` is made for that.
"""

from __future__ import annotations

from typing import Any

from celery import Celery, Task
from flask import Flask

from backend.core.redis import for_celery

RUN_TASK = "jobs.run"
SOCKET_SECONDS = 2.0


def make_celery(app: Flask, *, broker_url: str, visibility_timeout: int) -> Celery:
    """The Celery application of this process; its tasks run inside the Flask application's context."""

    class ContextTask(Task):  # type: ignore[misc]
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            with app.app_context():
                return self.run(*args, **kwargs)

    address, its_options = for_celery(broker_url)
    celery = Celery(app.import_name, task_cls=ContextTask, set_as_current=True)
    celery.conf.update(
        broker_url=address,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": visibility_timeout,
            "socket_timeout": SOCKET_SECONDS,
            "socket_connect_timeout": SOCKET_SECONDS,
            "socket_keepalive": True,
            "retry_on_timeout": True,
            "health_check_interval": 10,
            **its_options,
        },
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue="default",
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        timezone="UTC",
    )
    app.extensions["celery"] = celery
    return celery
