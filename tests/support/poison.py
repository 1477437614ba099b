"""A worker that knows one more kind of job, on which its process always dies: `celery -A tests.support.poison …`."""

from __future__ import annotations

import os
import signal

from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome
from backend.worker import celery

__all__ = ["celery"]


@handles("test.poison")
def die(job: JobRun) -> Outcome:
    """End the process that runs the job, as the kernel's out-of-memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process outlived SIGKILL")
