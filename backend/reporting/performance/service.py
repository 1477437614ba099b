"""Ask a question about performance: parse, read in one statement, answer."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg.rows import namedtuple_row
from sqlalchemy.orm import Session

from backend.adgraph.staging import raw
from backend.adgraph.stats import Level
from backend.core.errors import Finding, Invalid
from backend.reporting import data, scopes
from backend.reporting.performance import question as asked
from backend.reporting.performance.answer import Performance, read
from backend.reporting.performance.question import Granularity, Question
from backend.reporting.performance.statement import build
from backend.reporting.periods import Against, Period, checked, compared
from backend.sync import freshness
from backend.sync.account import Account

DEFAULT_SCOPE = "LAST-30-DAYS"


def parse(session: Session, account: Account, query: dict[str, Any]) -> Question:
    """The question in a request's parameters.

    Raises:
        Invalid: a parameter says nothing that can be answered.
    """
    level = asked.LEVELS[query["level"]]
    period = period_of(session, account, query)
    granularity = Granularity(query["granularity"])
    splits = tuple(split for split in asked.SPLITS if split in query["split"])
    _check_parents(level, query)
    return Question(
        account=account,
        level=level,
        period=period,
        granularity=granularity,
        splits=splits,
        comparison=compared(period, Against(query["compare"])) if "compare" in query else None,
        order=asked.parse_order(query["sort"]),
        conditions=asked.parse_conditions(query["filter"]),
        campaign=query.get("campaign_id"),
        ad_group=query.get("ad_group_id"),
        top=asked.fitting_top(query.get("top"), period, granularity, splits),
    )


def period_of(session: Session, account: Account, query: dict[str, Any]) -> Period:
    """The period in a request: `start` and `end`, or a `scope` (the last 30 days when nothing is said).

    Raises:
        Invalid: both forms, half of one, or not a period.
    """
    start: date | None = query.get("start")
    end: date | None = query.get("end")
    if start is None and end is None:
        scope = scopes.parse(
            query.get("scope", DEFAULT_SCOPE),
            today=account.today(),
            first_stored=data.first_stored_day(session, account.customer_id),
        )
        return Period(scope.first, scope.last)
    if start is None or end is None or "scope" in query:
        message = "Give start and end (both included), or a scope."
        pointer = "/scope" if "scope" in query else "/start" if start is None else "/end"
        raise Invalid("The period is not valid.", errors=(Finding(pointer, "required", message),))
    return checked(start, end)


def _check_parents(level: Level, query: dict[str, Any]) -> None:
    allowed = {
        "campaign_id": (Level.CAMPAIGN, Level.AD_GROUP, Level.AD, Level.KEYWORD, Level.ASSET),
        "ad_group_id": (Level.AD_GROUP, Level.AD, Level.KEYWORD, Level.ASSET),
    }
    for name, levels in allowed.items():
        if name in query and level not in levels:
            message = f"Works at the levels {', '.join(allowed.name.lower() for allowed in levels)}."
            raise Invalid("A filter does not fit the level.", errors=(Finding(f"/{name}", "level", message),))


def answer(session: Session, question: Question) -> Performance:
    """Read the answer: one statement beside the watermark's."""
    watermark = freshness.watermark_of(session, question.account.customer_id)
    return read(question, watermark, rows(session, question))


def rows(session: Session, question: Question) -> list[Any]:
    """The rows of the one statement that answers a question.

    What the daily totals answer takes as long to plan as to run, so it stays prepared; daily rows are planned for the
    days that are asked for, so that other months are never looked at.
    """
    statement = build(question)
    cursor = raw(session)
    cursor.row_factory = namedtuple_row
    cursor.execute(statement.sql, statement.values, prepare=question.from_totals)
    return cursor.fetchall()
