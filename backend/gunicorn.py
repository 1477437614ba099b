"""How gunicorn serves: `gunicorn -c backend/gunicorn.py 'backend.app:create_app()'` for the API, with
`create_stream_app()` for the event streams, which have a process of their own because their requests last.

The workers import the application after the fork (no preload): a gRPC channel made before a fork does not work
reliably after it.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from prometheus_client import multiprocess

from config import settings_of_this_process

_settings = settings_of_this_process()
_streams = any("create_stream_app" in argument for argument in sys.argv)

bind = f"{_settings.api_host}:{_settings.stream_port if _streams else _settings.api_port}"
worker_class = "gthread"
workers = 1 if _streams else 2
threads = 440 if _streams else _settings.api_threads  # more than streams may be open: others are still answered
timeout = 60
graceful_timeout = 8
keepalive = 75
preload_app = False
proc_name = "campaignwizard-stream" if _streams else "campaignwizard-api"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (gunicorn's heartbeat files)
accesslog = None  # the application writes one JSON line per request itself
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Let the streams of a worker end when it is told to, so that a restart does not wait for them."""
    from backend.jobs.stream import LISTENER  # noqa: PLC0415 (the parent imports nothing of the application)

    listener = getattr(worker.wsgi, "extensions", {}).get(LISTENER)  # something may be wrapped around the application
    if listener is None:
        return
    stop = signal.getsignal(signal.SIGTERM)

    def end_streams(number: int, frame: FrameType | None) -> None:
        listener.close()
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, end_streams)


def child_exit(server: Any, worker: Any) -> None:
    """Forget the gauges of a worker that has ended."""
    if _settings.prometheus_dir:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
