"""The one statement that answers a question about performance.

    moved     the days of the period, and those it is compared with, moved beside them
    cells     summed by entity, bucket and split
    ranked    the entities that meet the conditions, in order
    kept      the first ones by themselves, all others as one (`position` NULL)

Days are bounded by plain parameters, so PostgreSQL leaves out the other months' partitions; whole accounts and
campaigns come from the daily totals. Names are joined last, to the rows that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.adgraph.stats import MEASURES, AssetPlace, Level
from backend.reporting import measures
from backend.reporting.performance.question import SPLITS, Granularity, Question

_BUCKETS = {
    Granularity.TOTAL: "NULL::date",
    Granularity.DAY: "{day}",
    Granularity.WEEK: "date_trunc('week', {day})::date",
    Granularity.MONTH: "date_trunc('month', {day})::date",
    Granularity.QUARTER: "date_trunc('quarter', {day})::date",
}
# The 28th of February moves to the 28th, also where a period that begins on the 29th is compared with it.
_MOVED_DAY = (
    "greatest(%(first)s::date, (s.date + %(shift_days)s::int + make_interval(months => %(shift_months)s::int))::date)"
)
_KEY = ("google_id", "parent_google_id", "bucket", *SPLITS)
_ALL = (*MEASURES, *(f"previous_{measure}" for measure in MEASURES))

_AD_GROUPS_OF_CAMPAIGN = (
    "(SELECT a.google_id FROM campaigns c JOIN campaign_adgroup e ON e.customer_id = c.customer_id"
    " AND e.campaign_id = c.id JOIN ad_groups a ON a.customer_id = e.customer_id AND a.id = e.ad_group_id"
    " WHERE c.customer_id = %(customer)s AND c.google_id = %(campaign)s)"
)

_GROUPS = (
    "SELECT g.id, g.google_id FROM ad_groups g JOIN campaign_adgroup e ON e.customer_id = g.customer_id"
    " AND e.ad_group_id = g.id JOIN campaigns c ON c.customer_id = e.customer_id AND c.id = e.campaign_id"
    " WHERE c.customer_id = %(customer)s AND {}"
)
_PLACES = (
    f"SELECT {AssetPlace.AD:d}, a.google_id FROM ({{groups}}) g JOIN adgroup_ad l ON l.customer_id = %(customer)s"
    " AND l.ad_group_id = g.id JOIN ads a ON a.customer_id = l.customer_id AND a.id = l.ad_id"
    f" UNION ALL SELECT {AssetPlace.AD_GROUP:d}, g.google_id FROM ({{groups}}) g"
)
_PLACES_OF_CAMPAIGN = (
    f"{_PLACES.format(groups=_GROUPS.format('c.google_id = %(campaign)s'))}"
    f" UNION ALL SELECT {AssetPlace.CAMPAIGN:d}, %(campaign)s"
    f" UNION ALL SELECT {AssetPlace.ASSET_GROUP:d}, x.google_id FROM asset_groups x"
    " JOIN campaign_asset_group e ON e.customer_id = x.customer_id AND e.asset_group_id = x.id"
    " JOIN campaigns c ON c.customer_id = e.customer_id AND c.id = e.campaign_id"
    " WHERE c.customer_id = %(customer)s AND c.google_id = %(campaign)s"
)
_PLACES_OF_AD_GROUP = _PLACES.format(groups=_GROUPS.format("g.google_id = %(ad_group)s"))

_NO_NAMES = "NULL::text AS name, NULL::text AS status, NULL::text AS match_type"
_CAMPAIGN = "NULL::bigint AS campaign_google_id, NULL::text AS campaign_name"
_AD_GROUP = "NULL::bigint AS ad_group_google_id, NULL::text AS ad_group_name"
_ABOVE = (
    "c.google_id AS campaign_google_id, c.name AS campaign_name,"
    " k.parent_google_id AS ad_group_google_id, g.name AS ad_group_name"
)
_JOIN_ABOVE = """
LEFT JOIN ad_groups g ON g.customer_id = %(customer)s AND g.google_id = k.parent_google_id
LEFT JOIN campaign_adgroup e ON e.customer_id = g.customer_id AND e.ad_group_id = g.id
LEFT JOIN campaigns c ON c.customer_id = e.customer_id AND c.id = e.campaign_id"""
_FIRST_HEADLINE = (
    "(SELECT s.text FROM ad_asset h JOIN assets s ON s.customer_id = h.customer_id AND s.id = h.asset_id"
    " WHERE h.customer_id = n.customer_id AND h.ad_id = n.id AND h.field_type = 'HEADLINE'"
    " ORDER BY h.position, s.id LIMIT 1)"
)
_NAMES = {
    Level.ACCOUNT: (f"{_NO_NAMES}, {_CAMPAIGN}, {_AD_GROUP}", ""),
    Level.CAMPAIGN: (
        f"n.name, n.google_status AS status, NULL::text AS match_type, {_CAMPAIGN}, {_AD_GROUP}",
        "LEFT JOIN campaigns n ON n.customer_id = %(customer)s AND n.google_id = k.google_id",
    ),
    Level.AD_GROUP: (
        (
            "n.name, n.status, NULL::text AS match_type, k.parent_google_id AS campaign_google_id,"
            f" c.name AS campaign_name, {_AD_GROUP}"
        ),
        (
            "LEFT JOIN ad_groups n ON n.customer_id = %(customer)s AND n.google_id = k.google_id"
            " LEFT JOIN campaigns c ON c.customer_id = %(customer)s AND c.google_id = k.parent_google_id"
        ),
    ),
    Level.AD: (
        (
            f"coalesce(nullif(n.name, ''), {_FIRST_HEADLINE}, n.attributes ->> 'headline_part1', n.type) AS name,"
            f" l.status, NULL::text AS match_type, {_ABOVE}"
        ),
        "LEFT JOIN ads n ON n.customer_id = %(customer)s AND n.google_id = k.google_id"
        " LEFT JOIN adgroup_ad l ON l.customer_id = n.customer_id AND l.ad_id = n.id" + _JOIN_ABOVE,
    ),
    Level.KEYWORD: (
        f"n.text AS name, n.status, n.match_type, {_ABOVE}",
        _JOIN_ABOVE.strip() + " LEFT JOIN keywords n ON n.customer_id = g.customer_id AND n.parent_kind = 'ad_group'"
        " AND n.parent_id = g.id AND n.google_id = k.google_id",
    ),
    Level.ASSET: (
        (
            "coalesce(n.text, n.name, n.youtube_video_id, n.attributes ->> 'link_text',"
            " n.attributes ->> 'callout_text', n.type) AS name, NULL::text AS status, NULL::text AS match_type,"
            f" {_CAMPAIGN}, {_AD_GROUP}"
        ),
        "LEFT JOIN assets n ON n.customer_id = %(customer)s AND n.google_id = k.google_id",
    ),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for psycopg, with its named parameters."""

    sql: str
    values: dict[str, Any]


def build(question: Question) -> Statement:
    """The statement of a question. Names in the SQL are constants of this module; values are parameters."""
    values = _values(question)
    moved = _moved(question, "%(first)s", "%(last)s", current=True)
    if question.comparison is not None:
        moved += "\nUNION ALL\n" + _moved(question, "%(before_first)s", "%(before_last)s", current=False)
    key, summed = ", ".join(_KEY), ", ".join(f"sum({name}) AS {name}" for name in _ALL)
    direction = "DESC" if question.order.descending else "ASC"
    names, joins = _NAMES[question.level]
    shown = f"""
SELECT k.position, k.entities, k.google_id, k.bucket, k.device, k.network, {", ".join(f"k.{name}" for name in _ALL)},
    {names}
FROM kept k {joins}
ORDER BY k.position NULLS LAST, k.bucket, k.device, k.network"""
    cells = f"""
WITH moved AS (
{moved}
), cells AS (
SELECT {key}, {summed} FROM moved GROUP BY {key}
)"""
    if question.level is Level.ACCOUNT and not question.conditions:  # one entity: there is nothing to rank
        return Statement(f"{cells}, kept AS (SELECT 1 AS position, 1 AS entities, * FROM cells){shown}", values)
    sql = f"""{cells}, entities AS (
SELECT google_id, parent_google_id, {summed} FROM cells GROUP BY google_id, parent_google_id
), ranked AS (
SELECT google_id, parent_google_id, row_number() OVER (ORDER BY {measures.sql(question.order.metric)} {direction}
    NULLS LAST, google_id, parent_google_id) AS position, count(*) OVER () AS entities
FROM entities WHERE {_conditions(question, values)}
), kept AS (
SELECT CASE WHEN position <= %(top)s THEN position END AS position, entities,
    CASE WHEN position <= %(top)s THEN google_id END AS google_id,
    CASE WHEN position <= %(top)s THEN parent_google_id END AS parent_google_id,
    bucket, {", ".join(SPLITS)}, {summed}
FROM cells JOIN ranked USING (google_id, parent_google_id)
GROUP BY 1, 2, 3, 4, bucket, {", ".join(SPLITS)}
){shown}"""
    return Statement(sql, values)


def _moved(question: Question, first: str, last: str, *, current: bool) -> str:
    zeros, mine = ", ".join("0" for _ in MEASURES), ", ".join(f"s.{measure}" for measure in MEASURES)
    day = "s.date" if current else _MOVED_DAY
    columns = f"{mine}, {zeros}" if current else f"{zeros}, {mine}"
    splits = ", ".join(
        f"s.{split} AS {split}" if split in question.splits else f"NULL::smallint AS {split}" for split in SPLITS
    )
    table = "stats.daily_totals" if question.from_totals else "stats.daily_stats"
    return (
        f"SELECT {_identity(question)}, {_BUCKETS[question.granularity].format(day=day)} AS bucket, {splits},"
        f" {_renamed(columns)}\nFROM {table} s WHERE s.customer_id = %(customer)s AND s.level IN ({_levels(question)})"
        f" AND s.date BETWEEN {first} AND {last}{_narrowed(question)}"
    )


def _renamed(columns: str) -> str:
    return ", ".join(f"{column} AS {name}" for column, name in zip(columns.split(", "), _ALL, strict=True))


def _identity(question: Question) -> str:
    """Which entity a row belongs to; an account is split by device from the rows of its campaigns."""
    if question.level is Level.ACCOUNT:
        return "%(account)s::bigint AS google_id, 0::bigint AS parent_google_id"
    if question.level is Level.ASSET or question.from_totals:
        return "s.google_id, 0::bigint AS parent_google_id"
    return "s.google_id, s.parent_google_id"


def _levels(question: Question) -> str:
    if question.level is Level.ASSET:
        return ", ".join(str(int(place)) for place in AssetPlace)
    split_account = question.level is Level.ACCOUNT and not question.from_totals
    return str(int(Level.CAMPAIGN if split_account else question.level))


def _narrowed(question: Question) -> str:
    if question.level is Level.ACCOUNT:
        return " AND s.google_id = %(account)s" if question.from_totals else ""
    if question.level is Level.ASSET:
        return _narrowed_places(question)
    narrowed = ""
    if question.campaign is not None:
        narrowed += {
            Level.CAMPAIGN: " AND s.google_id = %(campaign)s",
            Level.AD_GROUP: " AND s.parent_google_id = %(campaign)s",
        }.get(question.level, f" AND s.parent_google_id IN {_AD_GROUPS_OF_CAMPAIGN}")
    if question.ad_group is not None:
        column = "google_id" if question.level is Level.AD_GROUP else "parent_google_id"
        narrowed += f" AND s.{column} = %(ad_group)s"
    return narrowed


def _narrowed_places(question: Question) -> str:
    """Assets below a campaign or an ad group: in its ads and asset groups, and linked to it or to what is below it."""
    places = {_PLACES_OF_CAMPAIGN: question.campaign, _PLACES_OF_AD_GROUP: question.ad_group}
    return "".join(
        f" AND (s.level, s.parent_google_id) IN ({sql})" for sql, asked in places.items() if asked is not None
    )


def _conditions(question: Question, values: dict[str, Any]) -> str:
    parts = ["TRUE"]
    for index, condition in enumerate(question.conditions):
        operator = "<>" if condition.operator == "!=" else condition.operator
        values[f"bound_{index}"] = condition.value
        parts.append(f"({measures.sql(condition.metric)}) {operator} %(bound_{index})s")
    return " AND ".join(parts)


def _values(question: Question) -> dict[str, Any]:
    values: dict[str, Any] = {
        "customer": question.account.customer_id,
        "account": int(question.account.google_id),
        "first": question.period.first,
        "last": question.period.last,
        "campaign": question.campaign,
        "ad_group": question.ad_group,
        "top": question.top,
    }
    if question.comparison is not None:
        values |= {
            "before_first": question.comparison.period.first,
            "before_last": question.comparison.period.last,
            "shift_days": question.comparison.shift_days,
            "shift_months": question.comparison.shift_months,
        }
    return values
