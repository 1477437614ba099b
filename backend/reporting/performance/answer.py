"""Rows of the statement as values, and those as JSON and CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from backend.core.csv_cell import csv_cell
from backend.reporting.document import Value, change
from backend.reporting.measures import METRICS, Totals
from backend.reporting.performance.question import Question

# DeviceEnum and AdNetworkTypeEnum as the statistics store them; a test holds them against Google's enums.
DEVICES = {0: "UNSPECIFIED", 1: "UNKNOWN", 2: "MOBILE", 3: "TABLET", 4: "DESKTOP", 5: "OTHER", 6: "CONNECTED_TV"}
NETWORKS = {
    0: "UNSPECIFIED",
    1: "UNKNOWN",
    2: "SEARCH",
    3: "SEARCH_PARTNERS",
    4: "CONTENT",
    7: "MIXED",
    8: "YOUTUBE",
    9: "GOOGLE_TV",
    10: "GOOGLE_OWNED_CHANNELS",
    11: "GMAIL",
    12: "DISCOVER",
    13: "MAPS",
}


class Entity(NamedTuple):
    """What a row is about; Google's ids as text, None for all the others together."""

    id: str | None
    name: str | None
    status: str | None
    match_type: str | None
    campaign_id: str | None
    campaign_name: str | None
    ad_group_id: str | None
    ad_group_name: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One entity (or the rest) in one bucket and split."""

    entity: Entity
    bucket: date | None
    device: str | None
    network: str | None
    now: Totals
    before: Totals | None


@dataclass(frozen=True, slots=True)
class Performance:
    """The answer: the entities told apart, the rest summed, and the totals of both."""

    question: Question
    watermark: date | None
    entities: int
    rows: list[Line]
    rest: list[Line]

    @property
    def totals(self) -> Totals:
        """Everything that the answer speaks of."""
        return sum((line.now for line in (*self.rows, *self.rest)), Totals())

    @property
    def totals_before(self) -> Totals | None:
        """The same of the period it is compared with."""
        if self.question.comparison is None:
            return None
        return sum((line.before for line in (*self.rows, *self.rest) if line.before), Totals())


def read(question: Question, watermark: date | None, records: list[Any]) -> Performance:
    """The answer from the statement's records."""
    lines = [(record.position, _line(question, record)) for record in records]
    return Performance(
        question,
        watermark,
        records[0].entities if records else 0,
        [line for position, line in lines if position is not None],
        [line for position, line in lines if position is None],
    )


def _line(question: Question, record: Any) -> Line:
    return Line(
        entity=Entity(
            id=_id(record.google_id),
            name=record.name if record.position is not None else None,
            status=record.status,
            match_type=record.match_type,
            campaign_id=_id(record.campaign_google_id),
            campaign_name=record.campaign_name,
            ad_group_id=_id(record.ad_group_google_id),
            ad_group_name=record.ad_group_name,
        ),
        bucket=record.bucket,
        device=DEVICES.get(record.device, "UNKNOWN") if "device" in question.splits else None,
        network=NETWORKS.get(record.network, "UNKNOWN") if "network" in question.splits else None,
        now=Totals.of(record),
        before=Totals.of(record, "previous_") if question.comparison is not None else None,
    )


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def as_dict(answer: Performance) -> dict[str, Any]:
    """The answer as JSON shows it."""
    question = answer.question
    comparison = question.comparison
    return {
        "customer_id": question.account.google_id,
        "slug": question.account.slug,
        "currency_code": question.account.currency_code,
        "time_zone": question.account.time_zone,
        "watermark_date": answer.watermark,
        "level": question.level.name.lower(),
        "start": question.period.first,
        "end": question.period.last,
        "granularity": question.granularity.value,
        "split": list(question.splits),
        "compare": comparison
        and {
            "against": comparison.against.value,
            "start": comparison.period.first,
            "end": comparison.period.last,
        },
        "sort": ("-" if question.order.descending else "") + question.order.metric,
        "entities": answer.entities,
        "rows": [_row(line) for line in answer.rows],
        "rest": [_rest(line) for line in answer.rest],
        "totals": _metrics(answer.totals, answer.totals_before),
        "totals_overlap": question.overlaps,
    }


def _row(line: Line) -> dict[str, Any]:
    return {**line.entity._asdict(), **_cut(line), **_metrics(line.now, line.before)}


def _rest(line: Line) -> dict[str, Any]:
    return {**_cut(line), **_metrics(line.now, line.before)}


def _cut(line: Line) -> dict[str, Any]:
    return {"date": line.bucket, "device": line.device, "network": line.network}


def _metrics(now: Totals, before: Totals | None) -> dict[str, Any]:
    shown: dict[str, Any] = dict(now.as_dict())
    if before is not None:
        shown["previous"] = before.as_dict()
        shown["change"] = changes(now, before)
    return shown


def changes(now: Totals, before: Totals) -> dict[str, float | None]:
    """How much each metric moved, relative to before; None where before was nothing or unknown."""
    found: dict[str, float | None] = {}
    for name in METRICS:
        mine, other = getattr(now, name), getattr(before, name)
        moved = change(mine, other) if mine is not None and other is not None else None
        found[name] = None if moved is None else float(moved)
    return found


def as_csv(answer: Performance) -> str:
    """The rows, the rest (without an id) and the totals as CSV; money in micros, no cell is a formula."""
    compared = answer.question.comparison is not None
    header = ["row", *Entity._fields, "date", "device", "network", "currency_code", *METRICS]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*header, *(f"previous_{name}" for name in METRICS)] if compared else header)
    everything = Line(Entity(*[None] * len(Entity._fields)), None, None, None, answer.totals, answer.totals_before)
    kinds = [("entity", answer.rows), ("rest", answer.rest), ("total", [everything])]
    for kind, lines in kinds:
        for line in lines:
            cells: list[Value] = [kind, *line.entity, line.bucket, line.device, line.network]
            cells += [answer.question.account.currency_code, *line.now.values().values()]
            if line.before is not None:
                cells += line.before.values().values()
            writer.writerow([csv_cell(cell) for cell in cells])
    return out.getvalue()
