"""`Prefer: wait=N` on every 202: after the view is done and its transaction committed, wait for the end of its job.

Done → 200 and what the job's kind shows (`shows(kind)` registers it; the job's status otherwise). Not over → the 202
as it was. Failed → 422 with the job's error, 503 when the vendor could not be reached. No connection is held while
waiting, and at most a quarter of the threads wait; whoever finds no place gets the 202 at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import flask
from sqlalchemy import select

from backend.core.db import unit_of_work
from backend.core.errors import Finding, Problem
from backend.core.http import problems
from backend.core.http.answers import accepted_job
from backend.core.http.prefer import wait_seconds
from backend.core.http.problems import HttpProblem
from backend.core.security import Actor
from backend.jobs import service
from backend.jobs.models import Job

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.5
UNREACHABLE = frozenset({"google_unavailable", "unavailable", "attempts_exhausted"})

Shown = Callable[[Job, Actor], Any]
_shows: dict[str, Shown] = {}
_FAILED_CODES: dict[str, str] = {}


def shows(kind: str, *, failed_code: str = "job_failed") -> Callable[[Shown], Shown]:
    """Register what a finished job of `kind` is answered with: a function of the job and who asked.

    It returns what a view may return; `failed_code` is the problem's code when such a job failed.
    """

    def register(show: Shown) -> Shown:
        _shows[kind] = show
        _FAILED_CODES[kind] = failed_code
        return show

    return register


def init_app(app: flask.Flask, *, threads: int) -> None:
    """Wait on the answers of this application; `threads` is how many requests a process serves at once."""
    places = threading.BoundedSemaphore(max(1, threads // 4))

    @app.after_request
    def wait(response: flask.Response) -> flask.Response:
        job_id, seconds = accepted_job(response), wait_seconds()
        actor: Actor | None = flask.g.get("actor")
        if job_id is None or seconds is None or actor is None or not places.acquire(blocking=False):
            return response
        try:
            job = wait_for(job_id, actor, seconds)
        finally:
            places.release()
        if job is None:
            return response
        answer = _answer(job, actor)
        answer.headers["Preference-Applied"] = f"wait={seconds}"
        if "Idempotent-Replayed" in response.headers:
            answer.headers["Idempotent-Replayed"] = response.headers["Idempotent-Replayed"]
        return answer


def wait_for(job_id: UUID, actor: Actor, seconds: float) -> Job | None:
    """The job once it is over, None when it is not over after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE_S
    while True:
        with unit_of_work() as work:
            job = work.session.scalar(select(Job).where(Job.id == job_id, Job.tenant_id == actor.tenant_id))
        if job is None:
            return None
        if job.status in ("finished", "failed"):
            return job
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE_S)


def _answer(job: Job, actor: Actor) -> flask.Response:
    try:
        if job.status == "failed":
            raise _failure(job)
        show = _shows.get(job.kind)
        if show is not None:
            return flask.make_response(show(job, actor))
        return flask.jsonify(service.status_of(job))
    except Problem as problem:
        return problems.render(problem)


def _failure(job: Job) -> Problem:
    error = dict(job.error or {})
    code, detail = str(error.pop("code", "job_failed")), str(error.pop("detail", "The job failed."))
    findings = [Finding(**finding) for finding in error.pop("errors", [])]
    extra: dict[str, object] = {"job_id": str(job.id), "job": f"/api/jobs/{job.id}", "cause": code, **error}
    if code in UNREACHABLE:
        return HttpProblem(503, "unavailable", detail, extra=extra, headers={"Retry-After": "30"})
    return HttpProblem(422, _FAILED_CODES.get(job.kind, "job_failed"), detail, errors=findings, extra=extra)
