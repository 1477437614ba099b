"""Run a runbook: one function behind the API, the command line and the schedule."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.adgraph.staging import drop_leftovers
from backend.auth import customers
from backend.core import audit
from backend.core.db import unit_of_work
from backend.core.events import Event
from backend.core.security import Actor
from backend.jobs.run import JobFailed, JobRun, Outcome
from backend.runbooks import commands
from backend.sync import account as accounts
from backend.sync import service as sync

_TAKE_LEASE = text("""
UPDATE jobs SET status = 'failed', finished_at = now(), fence = fence + 1, lease_owner = NULL, lease_expires_at = NULL,
       waiting_reason = NULL, exit_code = 1,
       error = jsonb_build_object('code', 'force_unlocked', 'detail', 'An administrator took the lease of the account.')
WHERE exclusive_key = :key AND status IN ('queued', 'started') RETURNING id
""")


def execute(slug: str, command_name: str, args: dict[str, Any], actor: Actor) -> UUID:
    """Open the job of a command on an account and answer its id.

    Raises:
        Invalid: an unknown command or bad arguments.
        NotFound, Forbidden: the account is not the actor's to see, or the actor's role is too low.
        Conflict: a job holds the account's lease.
    """
    command = commands.find(command_name)
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, actor, command.role)
        account = accounts.of(row)
        days = commands.parse_arguments(command, args, account)
        job = command.open(work, account, days, actor)
        audit.record(
            work.session,
            actor,
            f"runbook.{command.name}",
            f"customer:{account.google_id}",
            after={name: day.isoformat() for name, day in days.items()},
            customer_id=account.customer_id,
        )
        return job.id


def force_unlock(job: JobRun) -> Outcome:
    """Fail whatever job holds the account's lease and drop its stages; its fence keeps it from writing any more."""
    if job.customer_id is None:
        raise JobFailed("no_account", "The job names no account.")
    with job.write() as work:
        taken = work.session.execute(_TAKE_LEASE, {"key": sync.lease_of(job.customer_id)}).scalars().all()
        dropped = drop_leftovers(work.session, job.customer_id)
        for job_id in taken:
            error = {"code": "force_unlocked"}
            work.emit(Event(job.tenant_id, "job.failed", {"error": error}, customer_id=job.customer_id, job_id=job_id))
    job.print(f"lease taken from {len(taken)} job(s); {dropped} stage(s) dropped")
    return Outcome({"unlocked": [str(job_id) for job_id in taken], "stages_dropped": dropped})
