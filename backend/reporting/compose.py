"""From numbers to a document: what a report says, in which order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from backend.reporting.data import Change, LabelledAsset, StreamState, Term, Terms
from backend.reporting.document import Chart, Column, Document, Format, Section, Table, Value, change, money
from backend.reporting.measures import Totals
from backend.reporting.pacing import Pacing
from backend.reporting.performance.answer import Line, Performance
from backend.reporting.performance.question import Granularity
from backend.reporting.scopes import Scope
from backend.sync.account import Account

_METRICS = (
    ("impressions", "Impressions", Format.COUNT),
    ("clicks", "Clicks", Format.COUNT),
    ("cost_micros", "Cost", Format.MICROS),
    ("conversions", "Conversions", Format.NUMBER),
    ("conversions_value", "Conversion value", Format.NUMBER),
    ("ctr", "CTR", Format.PERCENT),
    ("cpc_micros", "CPC", Format.MICROS),
    ("cpa_micros", "CPA", Format.MICROS),
    ("roas", "ROAS", Format.RATIO),
)
_METRIC_COLUMNS = tuple(Column(name, title, form) for name, title, form in _METRICS)
_PIECES = {Granularity.DAY: "Days", Granularity.WEEK: "Weeks", Granularity.MONTH: "Months"}


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything that a report is made of."""

    account: Account
    scope: Scope
    generated_at: datetime
    watermark: date | None
    summary: Performance
    campaigns: Performance
    pieces: Performance
    days: Performance
    ads: Performance
    asset_rows: Performance
    terms: Terms
    assets: list[LabelledAsset]
    pacing: Pacing
    changes: list[Change]
    change_counts: Mapping[str, int]
    streams: list[StreamState]


def compose(data: ReportData) -> Document:
    """The report's document."""
    account, scope = data.account, data.scope
    return Document(
        title=f"{account.name or account.slug}: {scope.name}",
        currency=account.currency_code,
        facts=(
            ("Account", f"{account.google_id} ({account.slug})"),
            ("Period", f"{scope.first} to {scope.last}, {scope.days} days in {account.time_zone}"),
            ("Currency", account.currency_code or "not stated by Google"),
            ("Data", f"complete up to {data.watermark}" if data.watermark else "not synchronised yet"),
            ("Generated", data.generated_at.strftime("%Y-%m-%d %H:%M UTC")),
        ),
        sections=(
            _summary(data),
            _campaigns(data.campaigns),
            _pieces(data),
            _terms(data),
            _ads(data.ads),
            _assets(data.asset_rows, data.assets),
            _pacing(data.pacing),
            _changes(data),
            _freshness(data),
        ),
    )


def _values(totals: Totals) -> tuple[Value, ...]:
    return tuple(getattr(totals, name) for name, _, _ in _METRICS)


def _summary(data: ReportData) -> Section:
    now, before = data.summary.totals, data.summary.totals_before
    lines = [] if now.impressions else ["No traffic in this period."]
    rows: list[tuple[Value, ...]] = [("This period", *_values(now))]
    tables = []
    if before is not None and data.scope.previous is not None:
        lines.append(f"Compared with {data.scope.previous[0]} to {data.scope.previous[1]}.")
        rows.append(("Period before", *_values(before)))
        tables.append(_change_table(now, before))
    periods = Table((Column("period", "Period", Format.TEXT), *_METRIC_COLUMNS), tuple(rows))
    return Section("summary", "Summary", tuple(lines), (periods, *tables))


def _change_table(now: Totals, before: Totals) -> Table:
    columns = (
        Column("change", "Against the period before", Format.TEXT),
        *(Column(name, title, Format.DELTA) for name, title, _ in _METRICS),
    )
    return Table(columns, (("Change", *(_moved(now, before, name) for name, _, _ in _METRICS)),))


def _moved(now: Totals, before: Totals | None, metric: str) -> Decimal | None:
    mine, other = getattr(now, metric), getattr(before, metric, None)
    return change(mine, other) if mine is not None and other is not None else None


def _campaigns(answer: Performance) -> Section:
    compared = answer.question.comparison is not None
    columns = (
        Column("campaign_id", "Id", Format.TEXT),
        Column("campaign", "Campaign", Format.TEXT),
        Column("status", "Status", Format.TEXT),
        *_METRIC_COLUMNS,
        *((Column("cost_change", "Cost, change", Format.DELTA),) if compared else ()),
    )

    def row(line: Line, name: str, status: str | None) -> tuple[Value, ...]:
        delta = (_moved(line.now, line.before, "cost_micros"),) if compared else ()
        return (line.entity.id or "", name, status, *_values(line.now), *delta)

    rows = [row(line, line.entity.name or line.entity.id or "", line.entity.status) for line in answer.rows]
    others = answer.entities - len(answer.rows)
    rows += [row(line, f"All others ({others})", None) for line in answer.rest]
    text = () if rows else ("No campaign had traffic in this period.",)
    return Section("campaigns", "Campaigns", text, (Table(columns, tuple(rows)),))


def _pieces(data: ReportData) -> Section:
    granularity = data.pieces.question.granularity
    columns = (Column("date", "From" if granularity is not Granularity.DAY else "Day", Format.DATE), *_METRIC_COLUMNS)
    rows = tuple((line.bucket, *_values(line.now)) for line in data.pieces.rows)
    points = _every_day(data)
    charts = (
        Chart("Cost", Format.MICROS, tuple((day, totals.cost_micros) for day, totals in points)),
        Chart("Clicks", Format.COUNT, tuple((day, totals.clicks) for day, totals in points)),
        Chart("Conversions", Format.NUMBER, tuple((day, totals.conversions) for day, totals in points)),
    )
    text = () if rows else ("Nothing had traffic in this period.",)
    return Section("days", _PIECES[granularity], text, (Table(columns, rows),), charts if len(points) > 1 else ())


def _every_day(data: ReportData) -> list[tuple[date, Totals]]:
    """The days of the period with those without traffic, from the first to the last one that has some.

    A day whose numbers are still coming in would look like a fall: what lies behind the watermark is left out.
    """
    complete = data.watermark or data.scope.last
    known = {line.bucket: line.now for line in data.days.rows if line.bucket is not None and line.bucket <= complete}
    if not known:
        return []
    first, last = min(known), max(known)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day, known.get(day, Totals())) for day in days]


def _terms(data: ReportData) -> Section:
    terms = data.terms
    columns = (Column("search_term", "Search term", Format.TEXT), *_METRIC_COLUMNS)

    def rows(listed: list[Term]) -> tuple[tuple[Value, ...], ...]:
        return tuple((term.text, *_values(term.totals)) for term in listed)

    if not terms.top and not terms.wasted:
        return Section("search_terms", "Search terms", ("No search term had clicks in this period.",))
    cost = f"{money(terms.wasted_micros, data.account.currency_code)} {data.account.currency_code}".strip()
    lines = (
        (
            f"First those that brought most, then those that cost most and brought nothing: {terms.wasted_count} terms"
            f" without a conversion cost {cost}."
        ),
    )
    tables = (
        Table(columns, rows(terms.top)),
        Table((Column("wasted_term", "Wasted on", Format.TEXT), *_METRIC_COLUMNS), rows(terms.wasted)),
    )
    return Section("search_terms", "Search terms", lines, tables)


def _ads(answer: Performance) -> Section:
    columns = (
        Column("ad_id", "Id", Format.TEXT),
        Column("ad", "Ad", Format.TEXT),
        Column("ad_group", "Ad group", Format.TEXT),
        Column("status", "Status", Format.TEXT),
        *_METRIC_COLUMNS,
    )
    rows: list[tuple[Value, ...]] = [
        (line.entity.id, line.entity.name, line.entity.ad_group_name, line.entity.status, *_values(line.now))
        for line in answer.rows
    ]
    others = answer.entities - len(answer.rows)
    rows += [("", f"All others ({others})", None, None, *_values(line.now)) for line in answer.rest]
    text = () if rows else ("No ad had traffic in this period.",)
    return Section("ads", "Ads", text, (Table(columns, tuple(rows)),))


def _assets(answer: Performance, labelled: list[LabelledAsset]) -> Section:
    scored = Table(
        (Column("asset_id", "Id", Format.TEXT), Column("asset", "Asset", Format.TEXT), *_METRIC_COLUMNS),
        tuple((line.entity.id, line.entity.name, *_values(line.now)) for line in answer.rows),
    )
    labels = Table(
        (
            Column("asset", "Asset", Format.TEXT),
            Column("type", "Type", Format.TEXT),
            Column("field_type", "Slot", Format.TEXT),
            Column("performance_label", "Google's label", Format.TEXT),
            Column("ads", "Enabled ads", Format.COUNT),
        ),
        tuple((asset.name, asset.type, asset.field_type, asset.label, asset.ads) for asset in labelled),
    )
    lines = [_together(answer) if answer.rows else "No asset had traffic in this period."]
    lines += [] if labelled else ["Google has called no asset in use best or low."]
    return Section("assets", "Assets", tuple(lines), (scored, labels))


def _together(answer: Performance) -> str:
    shown = f"The {len(answer.rows)} of {answer.entities} assets that cost most" if answer.rest else "All assets"
    return (
        f"{shown}. An impression shows several assets and counts for each, so they add up to more than the campaigns."
    )


def _pacing(pacing: Pacing) -> Section:
    columns = (
        Column("budget", "Budget", Format.TEXT),
        Column("daily_budget_micros", "Daily budget", Format.MICROS),
        Column("spent_micros", "Month to date", Format.MICROS),
        Column("monthly_limit_micros", "30.4 × daily", Format.MICROS),
        Column("used", "Used", Format.PERCENT),
        Column("projected_micros", "Projected", Format.MICROS),
        Column("pace", "Pace", Format.TEXT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            budget.title,
            budget.daily_budget_micros,
            budget.pace.spent_micros,
            budget.pace.monthly_limit_micros,
            budget.pace.used,
            budget.pace.projected_micros,
            budget.pace.status.replace("_", " "),
        )
        for budget in pacing.budgets
    )
    month = pacing.month
    line = f"{month.first} to {month.today}; {month.complete_days} of {month.days} days are complete."
    return Section("pacing", "Pacing of the current month", (line,), (Table(columns, rows),))


def _changes(data: ReportData) -> Section:
    columns = (
        Column("at", "When (UTC)", Format.TEXT),
        Column("who", "Who", Format.TEXT),
        Column("where", "Where", Format.TEXT),
        Column("action", "What", Format.TEXT),
        Column("subject", "Which", Format.TEXT),
        Column("reason", "Why", Format.TEXT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (f"{item.at:%Y-%m-%d %H:%M}", item.who, item.where, item.action, item.subject, item.reason)
        for item in data.changes
    )
    here, google = data.change_counts["here"], data.change_counts["google"]
    text = f"{here} changes were made here and {google} at Google in this period" if rows else "Nothing was changed"
    text += "; the newest ones:" if here + google > len(rows) else "."
    return Section("changes", "Changes made", (text,), (Table(columns, rows),))


def _freshness(data: ReportData) -> Section:
    columns = (
        Column("stream", "Data", Format.TEXT),
        Column("complete_up_to", "Complete up to", Format.DATE),
        Column("read_at", "Read (UTC)", Format.TEXT),
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (state.stream, state.complete_up_to, f"{state.read_at:%Y-%m-%d %H:%M}" if state.read_at else None)
        for state in data.streams
    )
    text = ["Conversions may still be added to the last 30 days."] if rows else ["Nothing was synchronised yet."]
    if data.watermark is not None and data.watermark < data.scope.last:
        text.insert(0, f"The period is not complete: the data is complete up to {data.watermark}.")
    return Section("freshness", "Data freshness", tuple(text), (Table(columns, rows),))
