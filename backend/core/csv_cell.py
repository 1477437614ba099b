"""Cells of CSV files that people open in a spreadsheet: none is taken for a formula (OWASP: CSV injection)."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the full-width ones too

Cell = str | int | float | Decimal | date | datetime | None


def csv_cell(value: Cell) -> str:
    """The text of a cell: nothing for None, decimals without an exponent, no control characters."""
    if value is None:
        return ""
    if isinstance(value, str):
        clean = CONTROL.sub("", value)
        return f"'{clean}" if clean.startswith(FORMULA) else clean
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    return str(value)
