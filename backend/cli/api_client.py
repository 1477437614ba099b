"""The API as a person with a token uses it: JSON in and out, and jobs that are waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests

from backend.cli.home import StartProblem

TIMEOUT = 60
JOB_SECONDS = 600
POLL_SECONDS = 0.25
ENDED = ("finished", "failed")
Progress = Callable[[dict[str, Any]], None]


class Refused(StartProblem):
    """The API answered with a problem document: `problem` is it, `code` its stable code."""

    def __init__(self, line: str, problem: dict[str, Any]) -> None:
        super().__init__(line)
        self.problem = problem
        self.code = str(problem.get("code"))


class ApiClient:
    """Calls one API with one bearer token; cookies are kept, as a browser keeps them."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request; `path` may be a whole address of the same API.

        Raises:
            Refused: the API refused it; the line carries the problem's detail.
            StartProblem: it did not answer.
        """
        address = path if path.startswith("http") else self.url + path
        headers = {**self._headers, **options.pop("headers", {})}
        try:
            answer = self.session.request(
                method, address, headers=headers, timeout=TIMEOUT, allow_redirects=False, **options
            )
        except requests.RequestException as failure:
            raise StartProblem(f"{method} {path}: the API does not answer ({type(failure).__name__})") from failure
        if answer.status_code >= 400:
            problem = problem_of(answer)
            raise Refused(f"{method} {path}: {answer.status_code} {explain(problem)}", problem)
        return answer

    def get(self, path: str, **options: Any) -> Any:
        """GET, as JSON."""
        return self.call("GET", path, **options).json()

    def post(self, path: str, body: dict[str, Any], **options: Any) -> Any:
        """POST JSON, answer JSON."""
        return self.call("POST", path, json=body, **options).json()

    def patch(self, path: str, changes: dict[str, Any]) -> Any:
        """PATCH what was just read: its ETag goes along."""
        tag = self.call("GET", path).headers["ETag"]
        return self.call("PATCH", path, json=changes, headers={"If-Match": tag}).json()

    def wait(self, job_id: str, progress: Progress | None = None, *, seconds: float = JOB_SECONDS) -> dict[str, Any]:
        """Wait for a job; answers `/api/jobs/{id}/result` whether it finished or failed.

        Raises:
            StartProblem: it is not over after `seconds`.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.get(f"/api/jobs/{job_id}/status")
            if progress:
                progress(status)
            if status["status"] in ENDED:
                result: dict[str, Any] = self.get(f"/api/jobs/{job_id}/result")
                return result
            time.sleep(POLL_SECONDS)
        raise StartProblem(f"job {job_id} is not over after {seconds:.0f} s: {status.get('waiting_reason') or status}")

    def finish(self, job_id: str, progress: Progress | None = None) -> Any:
        """Wait for a job that must succeed; answers its result.

        Raises:
            StartProblem: it failed; the line carries its error.
        """
        done = self.wait(job_id, progress)
        if done["status"] != "finished":
            error = done.get("error") or {}
            said = error.get("detail") or error.get("message") or error
            raise StartProblem(f"job {job_id} failed: {error.get('code')}: {said}")
        return done["result"]


def problem_of(answer: requests.Response) -> dict[str, Any]:
    """The problem document of an answer; one is made up where something else than the API answered."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"code": "not_the_api", "detail": answer.text[:200]}


def explain(problem: dict[str, Any]) -> str:
    """One line out of a problem document."""
    findings = "; ".join(f"{item.get('pointer')}: {item.get('message')}" for item in problem.get("errors", []))
    return f"{problem.get('code')}: {problem.get('detail')}{f' ({findings})' if findings else ''}"
