"""The answers that several slices give in the same form: 201 with its address, 202 with its job."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask


def created(body: Any, location: str, headers: dict[str, str] | None = None) -> tuple[Any, int, dict[str, str]]:
    """201 and the address of what was made; the body still goes through the route's response schema."""
    return body, 201, {"Location": location, **(headers or {})}


def accepted(job_id: UUID, status: str = "queued") -> flask.Response:
    """202 `{job_id, status}`; with `Prefer: wait=N` the jobs module waits for the end after this returns."""
    response = flask.jsonify({"job_id": str(job_id), "status": status})
    response.status_code = 202
    response.headers["Location"] = f"/api/jobs/{job_id}"
    response.headers["Retry-After"] = "1"
    return response


def accepted_job(response: flask.Response) -> UUID | None:
    """The job that an answer speaks of: fresh from `accepted`, or replayed for an `Idempotency-Key`."""
    location = response.headers.get("Location", "")
    if response.status_code != 202 or not location.startswith("/api/jobs/"):
        return None
    try:
        return UUID(location.removeprefix("/api/jobs/"))
    except ValueError:
        return None
