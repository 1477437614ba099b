"""Make a report: parse the scope, read the numbers, compose, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from backend.auth import customers
from backend.core import clock
from backend.core.db import unit_of_work
from backend.core.security import Actor
from backend.jobs import service as jobs
from backend.jobs.run import JobFailed, JobRun, Outcome
from backend.reporting import data, scopes
from backend.reporting.compose import ReportData, compose
from backend.reporting.render import csv_text, markdown
from backend.sync import account as accounts
from backend.sync import freshness

KIND = "report"
QUEUE = "reports"


def request(slug: str, scope: str, actor: Actor) -> UUID:
    """Open the job of a report and answer its id.

    Raises:
        NotFound: there is no such account for the actor.
        Invalid: the scope is not one.
    """
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, actor)
        account = accounts.of(row)
        parsed = scopes.parse(scope, today=account.today())
        job = jobs.open_job(
            work,
            KIND,
            actor=actor,
            queue=QUEUE,
            customer_id=account.customer_id,
            subject_id=account.customer_id,
            args={"scope": parsed.name},
        )
        return job.id


def run(job: JobRun) -> Outcome:
    """Run the job of a report: its result holds the rendered forms and the exact totals."""
    if job.customer_id is None:
        raise JobFailed("no_account", "The job names no account.")
    job.progress("reading")
    facts = collect(job.customer_id, str(job.args["scope"]))
    job.progress("rendering")
    document = compose(facts)
    return Outcome(
        {
            "slug": facts.account.slug,
            "scope": facts.scope.name,
            "period": {"start": facts.scope.first.isoformat(), "end": facts.scope.last.isoformat()},
            "currency_code": facts.account.currency_code,
            "time_zone": facts.account.time_zone,
            "totals": facts.now.as_dict(),
            "markdown": markdown(document),
            "csv": csv_text(document),
        }
    )


def collect(customer_id: UUID, scope_name: str) -> ReportData:
    """Read everything that a report is made of, in one transaction, so that its parts agree."""
    with unit_of_work() as work:
        session = work.session
        account = accounts.load(session, customer_id)
        scope = scopes.parse(
            scope_name, today=account.today(), first_stored=data.first_stored_day(session, customer_id)
        )
        before = data.account_totals(session, customer_id, *scope.previous) if scope.previous else None
        return ReportData(
            account=account,
            scope=scope,
            generated_at=clock.now(),
            watermark=freshness.watermark_of(session, customer_id),
            now=data.account_totals(session, customer_id, scope.first, scope.last),
            before=before,
            campaigns=data.by_campaign(session, customer_id, scope.first, scope.last),
            days=data.by_day(session, customer_id, scope.first, scope.last),
        )


def listed_scopes() -> list[dict[str, Any]]:
    """The forms of a scope, each with an example."""
    return [{"scope": form, "example": example, "description": told} for form, example, told in scopes.FORMS]
