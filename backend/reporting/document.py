"""A report as data: facts, sections, tables of typed cells. The renderers make Markdown, CSV and HTML of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

Value = str | int | Decimal | date | None

MICRO = Decimal(1_000_000)
# ISO 4217 minor units other than two.
_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


class Format(Enum):
    """How the values of a column are written."""

    TEXT = "text"
    COUNT = "count"  # a whole number
    NUMBER = "number"  # a fraction, such as conversions
    MICROS = "micros"  # money in micros of the account's currency
    PERCENT = "percent"  # a ratio: 0.05 is 5 %
    DELTA = "delta"  # a ratio of change, with its sign
    RATIO = "ratio"  # such as ROAS
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `name` is the header in CSV, `title` the one that people read."""

    name: str
    title: str
    format: Format


@dataclass(frozen=True, slots=True)
class Table:
    """Typed rows under columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A line over days: (day, value) pairs under a title."""

    title: str
    format: Format
    points: tuple[tuple[date, int | Decimal], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with text, charts (HTML only) and tables; `key` names the section in CSV."""

    key: str
    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report; `facts` stand under the title."""

    title: str
    currency: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def money(micros: int | Decimal, currency: str) -> str:
    """An amount as people read it, rounded half up to the currency's smallest unit: 1,234.50."""
    digits = _DECIMALS.get(currency, 2)
    amount = (Decimal(micros) / MICRO).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{amount:,.{digits}f}"


def written(value: Value, form: Format, currency: str) -> str:
    """A cell as people read it; unknown is a dash."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if form is Format.MICROS:
        return money(value, currency)
    if form is Format.COUNT:
        return f"{int(value):,}"
    if form is Format.PERCENT:
        return f"{_rounded(Decimal(value) * 100, 2):,.2f} %"
    if form is Format.DELTA:
        return f"{_rounded(Decimal(value) * 100, 1):+,.1f} %"
    return f"{_rounded(Decimal(value), 2):,.2f}"


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def ratio(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """part / whole, None where there is nothing to divide by."""
    return Decimal(part) / Decimal(whole) if whole else None


def change(now: int | Decimal, before: int | Decimal) -> Decimal | None:
    """How much `now` is above `before`, relative to it; None where before was nothing."""
    return (Decimal(now) - Decimal(before)) / Decimal(before) if before else None
