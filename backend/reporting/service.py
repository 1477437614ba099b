"""Make a report: parse the scope, read the numbers in one snapshot, compose, render, keep."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.adgraph.stats import Level
from backend.auth import customers
from backend.core import audit, clock
from backend.core.db import unit_of_work
from backend.core.errors import NotFound
from backend.core.security import Actor, Role
from backend.jobs import service as jobs
from backend.jobs.run import JobFailed, JobRun, Outcome
from backend.reporting import data, pacing, scopes
from backend.reporting.accounts import refuse_manager
from backend.reporting.compose import ReportData, compose
from backend.reporting.html import html
from backend.reporting.models import Report
from backend.reporting.performance import service as performance
from backend.reporting.performance.question import Granularity, Question
from backend.reporting.periods import Against, Period, compared
from backend.reporting.render import csv_text, markdown
from backend.reporting.snapshot import snapshot
from backend.sync import account as accounts
from backend.sync import freshness

KIND = "report"
QUEUE = "reports"
CAMPAIGNS, ADS, ASSETS = 200, 20, 25
DAYS_IN_FULL, WEEKS_IN_FULL = 92, 400


def request(slug: str, scope: str, actor: Actor) -> UUID:
    """Open the job of a report and answer its id, which will be the report's too.

    Raises:
        NotFound: there is no such account for the actor.
        Invalid: the scope is not one.
        NotAllowedYet: a manager account has nothing to report on.
    """
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, actor)
        account = accounts.of(row)
        refuse_manager(account)
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
    """Run the job of a report: its result holds Markdown, CSV and the exact totals; the report is kept."""
    if job.customer_id is None:
        raise JobFailed("no_account", "The job names no account.")
    job.progress("reading")
    facts = collect(job.customer_id, job.tenant_id, str(job.args["scope"]))
    job.progress("rendering")
    document = compose(facts)
    outcome = Outcome(
        {
            "report_id": str(job.job_id),
            "slug": facts.account.slug,
            "scope": facts.scope.name,
            "period": {"start": facts.scope.first.isoformat(), "end": facts.scope.last.isoformat()},
            "currency_code": facts.account.currency_code,
            "time_zone": facts.account.time_zone,
            "totals": facts.summary.totals.as_dict(),
            "markdown": markdown(document),
            "csv": csv_text(document),
            "links": links(job.job_id),
        }
    )
    with job.write() as work:
        _keep(work.session, job, facts, document.title, {**outcome.result, "html": html(document)})
        job.finish(work, outcome)
    return outcome


def _keep(session: Session, job: JobRun, facts: ReportData, title: str, made: dict[str, Any]) -> None:
    """Write the report; a second run of the job replaces what the first one wrote."""
    values = {
        "scope": facts.scope.name,
        "first_day": facts.scope.first,
        "last_day": facts.scope.last,
        "title": title,
        "currency_code": facts.account.currency_code,
        "time_zone": facts.account.time_zone,
        "watermark_date": facts.watermark,
        "totals": made["totals"],
        "markdown": made["markdown"],
        "csv": made["csv"],
        "html": made["html"],
        "created_by_name": job.created_by_name,
        "created_at": facts.generated_at,
    }
    session.execute(
        insert(Report)
        .values(customer_id=job.customer_id, id=job.job_id, **values)
        .on_conflict_do_update(index_elements=["customer_id", "id"], set_=values)
    )


def collect(customer_id: UUID, tenant_id: UUID, scope_name: str) -> ReportData:
    """Read everything that a report is made of in one snapshot, so that its parts agree whatever a sync does."""
    with snapshot() as session:
        account = accounts.load(session, customer_id)
        scope = scopes.parse(
            scope_name, today=account.today(), first_stored=data.first_stored_day(session, customer_id)
        )
        period = Period(scope.first, scope.last)
        found, counts = data.changes(session, tenant_id, account, period)
        return ReportData(
            account=account,
            scope=scope,
            generated_at=clock.now(),
            watermark=freshness.watermark_of(session, customer_id),
            **_performance(session, account, scope),
            terms=data.terms(session, customer_id, period),
            assets=data.assets(session, customer_id),
            pacing=pacing.read(session, account),
            changes=found,
            change_counts=counts,
            streams=data.streams(session, customer_id),
        )


def _performance(session: Session, account: accounts.Account, scope: scopes.Scope) -> dict[str, Any]:
    period = Period(scope.first, scope.last)
    against = compared(period, Against.PERIOD) if scope.previous else None
    pieces = (
        Granularity.DAY
        if scope.days <= DAYS_IN_FULL
        else Granularity.WEEK
        if scope.days <= WEEKS_IN_FULL
        else Granularity.MONTH
    )
    questions = {
        "summary": Question(account, Level.ACCOUNT, period, comparison=against),
        "campaigns": Question(account, Level.CAMPAIGN, period, comparison=against, top=CAMPAIGNS),
        "pieces": Question(account, Level.ACCOUNT, period, pieces),
        "days": Question(account, Level.ACCOUNT, period, Granularity.DAY),
        "ads": Question(account, Level.AD, period, top=ADS),
        "asset_rows": Question(account, Level.ASSET, period, top=ASSETS),
    }
    return {name: performance.answer(session, question) for name, question in questions.items()}


def listed_scopes() -> list[dict[str, Any]]:
    """The forms of a scope, each with an example."""
    return [{"scope": form, "example": example, "description": told} for form, example, told in scopes.FORMS]


def visible(actor: Actor) -> Select[tuple[Report]]:
    """The reports on accounts that the actor may see."""
    return select(Report).where(Report.customer_id.in_(customers.visible(actor).with_only_columns(Customer.id)))


def find(session: Session, report_id: UUID, actor: Actor) -> Report:
    """The report with this id.

    Raises:
        NotFound: there is none, or it is on an account that the actor may not see.
    """
    report = session.scalar(visible(actor).where(Report.id == report_id))
    if report is None:
        raise NotFound("There is no such report.")
    return report


def delete(report_id: UUID, actor: Actor) -> None:
    """Throw a report away.

    Raises:
        NotFound: as `find`.
        Forbidden: the actor is no editor of the account.
    """
    with unit_of_work() as work:
        report = find(work.session, report_id, actor)
        actor.must_be(Role.EDITOR, report.customer_id)
        before = {"title": report.title, "scope": report.scope}
        audit.record(
            work.session, actor, "report.delete", f"report:{report_id}", before, None, customer_id=report.customer_id
        )
        work.session.delete(report)


def described(report: Report, customer: Customer) -> dict[str, Any]:
    """A report as the API lists it."""
    return {
        "report_id": str(report.id),
        "customer_id": customer.google_id,
        "slug": customer.slug,
        "title": report.title,
        "scope": report.scope,
        "start": report.first_day,
        "end": report.last_day,
        "currency_code": report.currency_code,
        "time_zone": report.time_zone,
        "watermark_date": report.watermark_date,
        "totals": report.totals,
        "created_by": report.created_by_name,
        "created_at": report.created_at,
        "links": links(report.id),
    }


def links(report_id: UUID) -> dict[str, str]:
    """Where the forms of a report are."""
    return {form: f"/api/reports/{report_id}/{form}" for form in ("markdown", "csv", "html")}
