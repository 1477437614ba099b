"""The checks of `validate`: each says in one line whether it holds, and what to do if not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal
from zoneinfo import available_timezones

from flask import current_app
from sqlalchemy import text

from backend.adgraph.models import Customer
from backend.auth import credentials
from backend.auth.guarded import project_of
from backend.core import clock, quota
from backend.core.db import at_newest_migration, unit_of_work
from backend.integrations.googleads.errors import AdsError, NeedsReauth, RateLimited
from backend.integrations.googleads.gateway import Gateway
from backend.jobs.run import JobFailed, JobRun, Outcome
from backend.sync.account import Account, load

CLOCK_TOLERANCE = timedelta(seconds=30)
LITTLE_LEFT = 0.1
_PROFILE = "SELECT customer.id, customer.currency_code, customer.time_zone, customer.manager FROM customer LIMIT 1"
_EU = (
    "SELECT campaign.id, campaign.name FROM campaign WHERE campaign.missing_eu_political_advertising_declaration = TRUE"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `fail` ends the command with exit code 1, `warn` does not."""

    name: str
    state: Literal["ok", "warn", "fail"]
    message: str


def run(job: JobRun) -> Outcome:
    """Check an account's configuration; the job finishes with the findings and exit code 1 if one of them failed."""
    if job.customer_id is None:
        raise JobFailed("no_account", "The job names no account.")
    with unit_of_work() as work:
        account = load(work.session, job.customer_id)
    found = []
    for check in _checks(account):
        found.append(check)
        job.print(f"{check.state:4} {check.name}: {check.message}", error=check.state == "fail")
    failed = any(check.state == "fail" for check in found)
    return Outcome({"valid": not failed, "checks": [asdict(check) for check in found]}, exit_code=int(failed))


def _checks(account: Account) -> Iterator[Check]:
    yield clock_check()
    yield schema_check()
    yield _zone_check(account)
    yield quota_check()
    try:
        gateway = credentials.gateway_for(account.customer_id)
    except NeedsReauth as dead:
        yield Check("credential", "fail", f"{dead} Connect the Google account again ({dead.reason}).")
        return
    with closing(gateway):
        yield Check("credential", "ok", "the stored consent opens")
        yield from _asked(account, gateway)


def _asked(account: Account, gateway: Gateway) -> Iterator[Check]:
    for name, ask in (("access", _access_checks), ("eu_declaration", _eu_check)):
        try:
            yield from ask(account, gateway)
        except NeedsReauth as dead:
            yield Check(name, "fail", f"Google no longer accepts the consent: {dead.reason}")
            return
        except RateLimited as limit:
            yield Check("rate_limit", "fail", f"Google asks to wait {limit.retry_after:.0f} s ({limit.scope})")
            return
        except AdsError as problem:
            yield Check(name, "fail", f"{problem} (request {problem.request_id})")


def quota_check() -> Check:
    """What the project has left of its daily operations, as far as our own ledger knows."""
    google = current_app.config["SETTINGS"].google
    project = project_of(google.client_id)
    used, left = quota.spent(project), quota.left(project, google.daily_operations)
    told = f"{used:,} operations in the last 24 hours"
    if left is None:
        return Check("quota", "ok", f"{told}; the project has no daily limit")
    told = f"{left:,} of {google.daily_operations:,} operations left; {told}"
    if left == 0:
        return Check("quota", "fail", f"{told}: Google refuses calls, or GOOGLE_ADS_DAILY_OPERATIONS is set too low")
    return Check("quota", "warn" if left < google.daily_operations * LITTLE_LEFT else "ok", told)


def _access_checks(account: Account, gateway: Gateway) -> Iterator[Check]:
    """The path to the account, then what Google says about it."""
    customer: Any = next((row.customer for row in gateway.search(account.google_id, _PROFILE)), None)
    if customer is None:
        yield Check("access", "fail", f"Google has no answer for {account.google_id}")
        return
    path = f"{account.google_id} answers {_path(account)}"
    if customer.manager:
        yield Check("access", "warn", f"{path}; it is a manager account: it has no statistics of its own")
    else:
        yield Check("access", "ok", path)
    told, ours = ((row.currency_code, row.time_zone) for row in (customer, account))
    if told != ours:
        said = f"Google says {' '.join(told)}, here it is {' '.join(ours)}: discover the accounts again"
        yield Check("currency_and_time_zone", "warn", said)
    else:
        yield Check("currency_and_time_zone", "ok", f"{' '.join(told)}, here and at Google")


def _path(account: Account) -> str:
    with unit_of_work() as work:
        tenant_id = work.session.get_one(Customer, account.customer_id).tenant_id
        _, manager = credentials.reachable(work.session, tenant_id).get(account.customer_id, ("", None))
    return f"through the manager account {manager}" if manager else "directly"


def _eu_check(account: Account, gateway: Gateway) -> Iterator[Check]:
    missing = [row.campaign.name for row in gateway.search(account.google_id, _EU)]
    if missing:
        listed = ", ".join(missing[:5])
        yield Check("eu_declaration", "warn", f"{len(missing)} campaign(s) lack it and block every mutate: {listed}")
        return
    yield Check("eu_declaration", "ok", "every campaign declares whether it is political advertising in the EU")


def clock_check() -> Check:
    """Whether this machine and the database agree on the time."""
    with unit_of_work() as work:
        database = work.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs(database - clock.now())
    if apart > CLOCK_TOLERANCE:
        return Check("clock", "warn", f"this machine and the database are {apart.total_seconds():.0f} s apart")
    return Check("clock", "ok", "this machine and the database agree on the time")


def schema_check() -> Check:
    """Whether the database is at the newest migration, and guards the audit trail by its roles."""
    with unit_of_work() as work:
        owner = work.session.execute(
            text("SELECT pg_get_userbyid(relowner) = current_user FROM pg_class WHERE oid = 'audit_events'::regclass")
        ).scalar_one()
    if not at_newest_migration():
        return Check("schema", "fail", "the database is not at the newest migration: run `flask db upgrade`")
    if owner:
        return Check(
            "schema", "warn", "one database role owns everything: the audit trail is protected by triggers only"
        )
    return Check("schema", "ok", "the application's role does not own the audit trail")


def _zone_check(account: Account) -> Check:
    if account.time_zone not in available_timezones():
        return Check("time_zone", "fail", f"{account.time_zone!r} is not known here: days are taken as UTC")
    return Check("time_zone", "ok", f"{account.time_zone}, where it is {account.today()} now")
