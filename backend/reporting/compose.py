"""From numbers to a document: what a report says, in which order. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from backend.reporting.data import CampaignRow
from backend.reporting.document import Chart, Column, Document, Format, Section, Table, Value, change
from backend.reporting.measures import Totals
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


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything that a report is made of."""

    account: Account
    scope: Scope
    generated_at: datetime
    watermark: date | None
    now: Totals
    before: Totals | None
    campaigns: list[CampaignRow]
    days: list[tuple[date, Totals]]


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
        sections=(_summary(data), _campaigns(data), _by_day(data)),
    )


def _summary(data: ReportData) -> Section:
    lines = [] if data.now.impressions else ["No traffic in this period."]
    tables = [_metrics_table(data)]
    if data.before is not None and data.scope.previous is not None:
        lines.append(f"Compared with {data.scope.previous[0]} to {data.scope.previous[1]}.")
        tables.append(_change_table(data.now, data.before))
    return Section("summary", "Summary", tuple(lines), tuple(tables))


def _metrics_table(data: ReportData) -> Table:
    """One row of numbers per period, so that every column has one format."""
    columns = (Column("period", "Period", Format.TEXT), *(Column(name, title, form) for name, title, form in _METRICS))
    rows: list[tuple[Value, ...]] = [("This period", *_values(data.now))]
    if data.before is not None:
        rows.append(("Period before", *_values(data.before)))
    return Table(columns, tuple(rows))


def _values(totals: Totals) -> tuple[Value, ...]:
    return tuple(getattr(totals, name) for name, _, _ in _METRICS)


def _change_table(now: Totals, before: Totals) -> Table:
    columns = (
        Column("change", "Against the period before", Format.TEXT),
        *(Column(name, title, Format.DELTA) for name, title, _ in _METRICS),
    )
    changes: list[Value] = []
    for mine, other in zip(_values(now), _values(before), strict=True):
        known = isinstance(mine, int | Decimal) and isinstance(other, int | Decimal)
        changes.append(change(mine, other) if known else None)  # type: ignore[arg-type]
    return Table(columns, (("Change", *changes),))


def _campaigns(data: ReportData) -> Section:
    columns = (
        Column("campaign_id", "Id", Format.TEXT),
        Column("campaign", "Campaign", Format.TEXT),
        Column("type", "Type", Format.TEXT),
        Column("status", "Status", Format.TEXT),
        *(Column(name, title, form) for name, title, form in _METRICS),
    )
    rows = tuple(
        (str(row.google_id), row.name, row.campaign_type, row.google_status, *_values(row.totals))
        for row in data.campaigns
    )
    text = () if rows else ("No campaign had traffic in this period.",)
    return Section("campaigns", "Campaigns", text, (Table(columns, rows),))


def _by_day(data: ReportData) -> Section:
    columns = (Column("date", "Day", Format.DATE), *(Column(name, title, form) for name, title, form in _METRICS))
    rows = tuple((day, *_values(totals)) for day, totals in data.days)
    charts = (
        Chart("Cost", Format.MICROS, tuple((day, totals.cost_micros) for day, totals in data.days)),
        Chart("Clicks", Format.COUNT, tuple((day, totals.clicks) for day, totals in data.days)),
    )
    return Section("days", "Days", (), (Table(columns, rows),), charts if len(rows) > 1 else ())
