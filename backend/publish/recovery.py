"""The points at which a publish may be cut off, numbered, so that tests can cut it there.

`FAULT_AT=n` kills the process with SIGKILL when a job's first attempt reaches point n; production ignores it.
"""

from __future__ import annotations

import os
import signal
from enum import IntEnum

from backend.jobs.run import JobRun


class Point(IntEnum):
    """Where a process may die; each leaves something that the next attempt must understand."""

    CLAIMED = 1
    """The job runs, nothing is written."""
    PREPARED = 2
    """The bytes are stored, nothing was sent."""
    SENT = 3
    """The batch says SENT, nothing has left this process yet."""
    ANSWERED = 4
    """Google answered, nothing is recorded."""
    RECORDED = 5
    """Everything is written, the job ended."""


def reached(job: JobRun, point: Point) -> None:
    """Die here if the test asked for it."""
    asked = os.environ.get("FAULT_AT")
    if asked == str(int(point)) and job.attempt == 1 and os.environ.get("APP_ENV") != "production":
        os.kill(os.getpid(), signal.SIGKILL)
