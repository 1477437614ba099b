"""The first screen of a dashboard in one call: how an account does, what needs attention, what happened last."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.stats import Level
from backend.reporting import data, pacing, totals
from backend.reporting.performance import service as performance
from backend.reporting.performance.answer import as_dict, changes
from backend.reporting.performance.question import Granularity, Question
from backend.reporting.periods import Against, Period, compared
from backend.reporting.scopes import parse
from backend.sync import freshness
from backend.sync.account import Account

TOP_CAMPAIGNS = 5
LATEST = 10
SCOPES = ("LAST-7-DAYS", "LAST-30-DAYS")

_COUNTS = text("""
SELECT
    (SELECT coalesce(json_object_agg(status, n), '{}') FROM (SELECT status, count(*) AS n FROM campaigns
        WHERE customer_id = :customer AND deleted_at IS NULL GROUP BY status) s) AS campaigns,
    (SELECT coalesce(json_object_agg(google_status, n), '{}') FROM (SELECT google_status, count(*) AS n FROM campaigns
        WHERE customer_id = :customer AND google_id IS NOT NULL GROUP BY google_status) s) AS live,
    (SELECT coalesce(json_object_agg(sync_status, n), '{}') FROM (SELECT sync_status, count(*) AS n FROM (
        SELECT sync_status FROM campaigns WHERE customer_id = :customer AND deleted_at IS NULL
        UNION ALL SELECT sync_status FROM ad_groups WHERE customer_id = :customer AND deleted_at IS NULL
        UNION ALL SELECT sync_status FROM ads WHERE customer_id = :customer AND deleted_at IS NULL
        UNION ALL SELECT sync_status FROM keywords WHERE customer_id = :customer AND deleted_at IS NULL
            AND sync_status <> 'synced') u WHERE sync_status <> 'synced' GROUP BY sync_status) s) AS unsynced,
    (SELECT count(*) FROM adgroup_ad l JOIN ads a ON a.customer_id = l.customer_id AND a.id = l.ad_id
        WHERE l.customer_id = :customer AND l.status = 'ENABLED'
          AND a.policy ->> 'approval_status' = 'DISAPPROVED') AS disapproved
""")

_JOBS = text("""
SELECT id, kind, status, progress, created_at, finished_at FROM jobs
WHERE tenant_id = :tenant AND customer_id = :customer ORDER BY created_at DESC, id DESC LIMIT :latest
""")


def read(session: Session, tenant_id: UUID, account: Account) -> dict[str, Any]:
    """Everything of the first screen, in one snapshot."""
    today = account.today()
    month = Period(*_bounds("LAST-30-DAYS", account))
    watermark = freshness.watermark_of(session, account.customer_id)
    counts = session.execute(_COUNTS, {"customer": account.customer_id}).one()
    top = Question(account, Level.CAMPAIGN, month, comparison=compared(month, Against.PERIOD), top=TOP_CAMPAIGNS)
    changed, _ = data.changes(session, tenant_id, account, Period(month.first, today))
    return {
        "customer_id": account.google_id,
        "slug": account.slug,
        "name": account.name,
        "status": account.status,
        "currency_code": account.currency_code,
        "time_zone": account.time_zone,
        "today": today,
        "watermark_date": watermark,
        "streams": [_stream(state) for state in data.streams(session, account.customer_id)],
        "periods": [_period(session, account, scope) for scope in SCOPES],
        "days": as_dict(performance.answer(session, Question(account, Level.ACCOUNT, month, Granularity.DAY)))["rows"],
        "top_campaigns": as_dict(performance.answer(session, top))["rows"],
        "pacing": pacing.read(session, account).total.as_dict(),
        "campaigns": {"by_status": counts.campaigns, "by_google_status": counts.live},
        "attention": {"unsynced": counts.unsynced, "disapproved_ads": counts.disapproved},
        "jobs": _jobs(session, tenant_id, account),
        "changes": [
            {"at": item.at, "who": item.who, "action": item.action, "subject": item.subject}
            for item in changed[:LATEST]
        ],
    }


def _bounds(scope: str, account: Account) -> tuple[Any, Any]:
    parsed = parse(scope, today=account.today())
    return parsed.first, parsed.last


def _period(session: Session, account: Account, scope: str) -> dict[str, Any]:
    period = Period(*_bounds(scope, account))
    now = totals.of_account(session, account, period)
    before = totals.of_account(session, account, compared(period, Against.PERIOD).period)
    return {
        "scope": scope,
        "start": period.first,
        "end": period.last,
        **now.as_dict(),
        "previous": before.as_dict(),
        "change": changes(now, before),
    }


def _stream(state: data.StreamState) -> dict[str, Any]:
    return {"stream": state.stream, "complete_up_to": state.complete_up_to, "read_at": state.read_at}


def _jobs(session: Session, tenant_id: UUID, account: Account) -> list[dict[str, Any]]:
    values = {"tenant": tenant_id, "customer": account.customer_id, "latest": LATEST}
    return [
        {
            "job_id": str(row.id),
            "kind": row.kind,
            "status": row.status,
            "progress": row.progress,
            "created_at": row.created_at,
            "finished_at": row.finished_at,
        }
        for row in session.execute(_JOBS, values)
    ]
