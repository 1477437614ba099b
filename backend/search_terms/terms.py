"""The triage list: search terms of a period with their state, what triggered them, and what they brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import BigInteger, Numeric, Select, SmallInteger, Text, column, func, select, text
from sqlalchemy.orm import Session

from backend.adgraph.staging import raw
from backend.adgraph.stats import MEASURES
from backend.reporting import measures
from backend.reporting.measures import Totals
from backend.reporting.performance.question import DEFAULT_ORDER, Condition, Order
from backend.reporting.periods import Period
from backend.sync.account import Account

# SearchTermTargetingStatus as the statistics store it, and what it means to somebody who triages.
STATES = {2: "existing", 3: "blocked", 4: "both", 5: "actionable"}
STATUSES = {0: "UNSPECIFIED", 1: "UNKNOWN", 2: "ADDED", 3: "EXCLUDED", 4: "ADDED_EXCLUDED", 5: "NONE"}
MATCH_TYPES = {
    0: "UNSPECIFIED",
    1: "UNKNOWN",
    2: "BROAD",
    3: "EXACT",
    4: "PHRASE",
    5: "NEAR_EXACT",
    6: "NEAR_PHRASE",
    7: "AI_MAX",
    8: "PERFORMANCE_MAX",
}


@dataclass(frozen=True, slots=True)
class TermQuestion:
    """Which search terms of an account, over which days, narrowed and ranked how."""

    account: Account
    period: Period
    state: str | None = None
    containing: str | None = None
    campaign: int | None = None
    ad_group: int | None = None
    conditions: tuple[Condition, ...] = ()
    order: Order = DEFAULT_ORDER


def summed(question: TermQuestion, *, by: str, having_impressions: bool = True) -> tuple[str, dict[str, Any]]:
    """SQL that sums the terms of a question by the columns in `by`, with the newest `status`; and its parameters.

    The columns come from this package; what a caller says is a parameter (`:name`).
    """
    values: dict[str, Any] = {
        "customer": question.account.customer_id,
        "first": question.period.first,
        "last": question.period.last,
    }
    where = ["s.customer_id = :customer", "s.date BETWEEN :first AND :last"]
    if question.campaign is not None:
        where.append("s.campaign_google_id = :campaign")
        values["campaign"] = question.campaign
    if question.ad_group is not None:
        where.append("s.ad_group_google_id = :ad_group")
        values["ad_group"] = question.ad_group
    if question.containing:
        where.append("position(lower(:containing) IN lower(s.search_term)) > 0")
        values["containing"] = question.containing
    having = ["sum(s.impressions) > 0"] if having_impressions else ["TRUE"]
    sql = (
        f"SELECT {by}, (array_agg(s.status ORDER BY s.date DESC, s.status))[1] AS status, {measures.sums('s')}"
        f" FROM stats.search_term_stats s WHERE {' AND '.join(where)} GROUP BY {by} HAVING {' AND '.join(having)}"
    )
    return sql, values


def conditions_sql(conditions: Sequence[Condition], values: dict[str, Any], table: str = "t") -> str:
    """The bounds of a question as SQL over summed columns; puts their values into `values`."""
    parts = ["TRUE"]
    for index, condition in enumerate(conditions):
        operator = "<>" if condition.operator == "!=" else condition.operator
        values[f"bound_{index}"] = condition.value
        parts.append(f"({measures.sql(condition.metric, table)}) {operator} :bound_{index}")
    return " AND ".join(parts)


@dataclass(frozen=True, slots=True)
class TermList:
    """A statement for `pages.page`: one JSON value per row, and the columns that order it."""

    statement: Select[Any]
    metric: Any
    ad_group: Any
    term: Any


def listed(question: TermQuestion) -> TermList:
    """The terms of a question, one row per term and ad group."""
    sql, values = summed(question, by="s.search_term, s.ad_group_google_id, s.campaign_google_id")
    rank = f"coalesce({measures.sql(question.order.metric, 't')}, -1)::numeric AS rank"
    where = conditions_sql(question.conditions, values)
    if question.state is not None:
        where += " AND t.status = :state"
        values["state"] = next(number for number, state in STATES.items() if state == question.state)
    source = (
        text(f"SELECT t.*, {rank} FROM ({sql}) t WHERE {where}")
        .bindparams(**values)
        .columns(
            column("search_term", Text),
            column("ad_group_google_id", BigInteger),
            column("campaign_google_id", BigInteger),
            column("status", SmallInteger),
            *(column(measure, Numeric) for measure in MEASURES),
            column("rank", Numeric),
        )
        .subquery("terms")
    )
    row = func.json_build_object(
        *(
            part
            for name in ("search_term", "ad_group_google_id", "campaign_google_id", "status", *MEASURES)
            for part in (name, source.c[name])
        )
    )
    return TermList(select(row).select_from(source), source.c.rank, source.c.ad_group_google_id, source.c.search_term)


_DETAILS = """
WITH wanted AS (
    SELECT * FROM unnest(%(terms)s::text[], %(ad_groups)s::bigint[]) WITH ORDINALITY AS w(term, ad_group, position)
), triggered AS (
    SELECT w.position, s.keyword_google_id, s.match_type, sum(s.impressions) AS impressions, sum(s.clicks) AS clicks,
           sum(s.cost_micros) AS cost_micros
    FROM wanted w JOIN stats.search_term_stats s
      ON s.customer_id = %(customer)s AND s.ad_group_google_id = w.ad_group AND s.search_term = w.term
     AND s.date BETWEEN %(first)s AND %(last)s
    GROUP BY w.position, s.keyword_google_id, s.match_type
)
SELECT w.position, g.name AS ad_group_name, c.name AS campaign_name,
    (SELECT coalesce(json_agg(json_build_object('keyword_id', nullif(t.keyword_google_id, 0)::text, 'text', k.text,
            'match_type', k.match_type, 'term_match_type', t.match_type, 'impressions', t.impressions,
            'clicks', t.clicks, 'cost_micros', t.cost_micros) ORDER BY t.cost_micros DESC, t.keyword_google_id), '[]')
     FROM triggered t LEFT JOIN keywords k ON k.customer_id = g.customer_id AND k.parent_kind = 'ad_group'
        AND k.parent_id = g.id AND k.google_id = t.keyword_google_id
     WHERE t.position = w.position) AS keywords,
    (SELECT coalesce(json_agg(json_build_object('as', CASE WHEN k.negative THEN 'negative' ELSE 'keyword' END,
            'match_type', k.match_type, 'level', k.parent_kind, 'sync_status', k.sync_status)
            ORDER BY k.negative, k.match_type), '[]')
     FROM keywords k WHERE k.customer_id = %(customer)s AND k.parent_id IN (g.id, c.id)
        AND lower(k.text) = lower(w.term) AND k.status <> 'REMOVED' AND k.deleted_at IS NULL) AS here
FROM wanted w
LEFT JOIN ad_groups g ON g.customer_id = %(customer)s AND g.google_id = w.ad_group
LEFT JOIN campaign_adgroup e ON e.customer_id = g.customer_id AND e.ad_group_id = g.id
LEFT JOIN campaigns c ON c.customer_id = e.customer_id AND c.id = e.campaign_id
ORDER BY w.position
"""


def described(session: Session, question: TermQuestion, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one page with their names, the keywords that triggered them, and what stands here already."""
    if not rows:
        return []
    cursor = raw(session)
    cursor.row_factory = dict_row  # type: ignore[assignment]
    cursor.execute(
        _DETAILS,
        {
            "customer": question.account.customer_id,
            "first": question.period.first,
            "last": question.period.last,
            "terms": [row["search_term"] for row in rows],
            "ad_groups": [row["ad_group_google_id"] for row in rows],
        },
    )
    details: list[Any] = cursor.fetchall()
    return [_described(row, detail) for row, detail in zip(rows, details, strict=True)]


def _described(row: dict[str, Any], detail: dict[str, Any]) -> dict[str, Any]:
    totals = Totals(**{measure: _number(row[measure]) for measure in MEASURES})
    keywords = [
        {**keyword, "term_match_type": MATCH_TYPES.get(keyword["term_match_type"], "UNKNOWN")}
        for keyword in detail["keywords"]
    ]
    return {
        "search_term": row["search_term"],
        "state": STATES.get(row["status"], "unknown"),
        "status": STATUSES.get(row["status"], "UNKNOWN"),
        "ad_group_id": str(row["ad_group_google_id"]),
        "ad_group_name": detail["ad_group_name"],
        "campaign_id": str(row["campaign_google_id"]),
        "campaign_name": detail["campaign_name"],
        "keywords": keywords,
        "here": detail["here"],
        **totals.as_dict(),
    }


def _number(value: Any) -> Any:
    """JSON gives whole numbers as int and fractions as float; the measures want int or Decimal."""
    return value if isinstance(value, int) else measures.decimal(value)
