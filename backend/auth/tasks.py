"""The jobs of this slice: `discover` lists the accounts that a credential reaches."""

from __future__ import annotations

from uuid import UUID

from backend.auth import accounts, credentials
from backend.auth.models import UserCredential
from backend.core.db import unit_of_work
from backend.integrations.googleads.errors import NeedsReauth, RateLimited
from backend.integrations.googleads.gateway import Access, Gateway, open_gateway
from backend.jobs.registry import handles
from backend.jobs.run import JobFailed, JobRun, Outcome, Reschedule

REAUTH_PAUSE_S = 24 * 3600.0


@handles("discover")
def discover(job: JobRun) -> Outcome:
    """Ask Google for the tree, store it; a dead consent parks the job until somebody consents again."""
    credential_id = job.subject_id
    if credential_id is None:
        raise JobFailed("validation_failed", "The job names no credential.")
    try:
        tree = accounts.explore(_opener(credential_id))
    except NeedsReauth as dead:
        raise Reschedule(REAUTH_PAUSE_S, credentials.WAITING) from dead
    except RateLimited as limited:
        raise Reschedule(limited.retry_after, "rate_limit") from limited
    with job.write() as work:
        accounts.store(work.session, job.tenant_id, credential_id, tree)
        # Their own credential may be dead or gone: what waited for it is reached by this one now.
        credentials.wake_parked_jobs(work.session, credential_id)
    enabled = [account for account in tree.accounts.values() if account.status == "ENABLED"]
    return Outcome(
        {
            "accounts": len(tree.accounts),
            "enabled": len(enabled),
            "customer_ids": [str(account.google_id) for account in enabled if not account.manager],
        }
    )


def _opener(credential_id: UUID) -> accounts.Opener:
    with unit_of_work() as work:
        row = work.session.get(UserCredential, credential_id)
        if row is None:
            raise JobFailed("not_found", "The Google account was disconnected.")
        token, consent = credentials.token_of(row), credentials.Consent.of(row)

    def open_with_login(login: str | None) -> Gateway:
        return credentials.watched(open_gateway(Access(token, login)), consent)

    return open_with_login
