"""Rendering is pure: the same document, escaped for Markdown and for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from backend.reporting.document import Column, Document, Format, Section, Table, change, money, ratio, written
from backend.reporting.render import csv_cell, csv_text, escape_markdown, markdown, paragraph


def document(name: str = "Spring") -> Document:
    columns = (
        Column("campaign", "Campaign", Format.TEXT),
        Column("date", "Day", Format.DATE),
        Column("cost_micros", "Cost", Format.MICROS),
        Column("conversions", "Conversions", Format.NUMBER),
        Column("ctr", "CTR", Format.PERCENT),
    )
    row = (name, date(2026, 1, 2), 1_234_567_891, Decimal("0.3"), None)
    return Document("Report", "EUR", (("Account", name),), (Section("rows", "Rows", (), (Table(columns, (row,)),)),))


def test_markdown_has_the_table_with_people_s_numbers() -> None:
    text = markdown(document())
    assert "| Spring | 2026-01-02 | 1,234.57 | 0.30 | – |" in text
    assert text.startswith("# Report\n\n- **Account**: Spring\n\n## Rows\n")


def test_csv_keeps_micros_and_fractions_exact() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(document()))))
    assert rows[0] == ["section", "campaign", "date", "cost_micros", "conversions", "ctr"]
    assert rows[1] == ["rows", "Spring", "2026-01-02", "1234567891", "0.3", ""]


def test_csv_rounds_averages_to_the_micro_and_ratios_to_ten_digits() -> None:
    columns = (Column("cpc_micros", "CPC", Format.MICROS), Column("roas", "ROAS", Format.NUMBER))
    table = Table(columns, ((Decimal("628659.5"), Decimal(2) / Decimal(3)), (None, Decimal("1.50"))))
    rows = list(csv.reader(io.StringIO(csv_text(Document("R", "EUR", (), (Section("s", "S", (), (table,)),))))))
    assert rows[1:] == [["s", "628660", "0.6666666667"], ["s", "", "1.5"]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert csv_cell(f"{start}cmd|' /C calc'!A0").startswith("'")


def test_negative_numbers_stay_numbers_in_csv() -> None:
    assert csv_cell(-5) == "-5"
    assert csv_cell(Decimal("-0.50")) == "-0.5"
    assert csv_cell(Decimal("1E+3")) == "1000"


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=80))
def test_markdown_shows_any_text_as_text(text: str) -> None:
    html = (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(f"| a |\n| --- |\n| {escape_markdown(text)} |")
    )
    assert html.count("<td>") <= 1
    for mark in ("<script", "<img", "<a ", "<em>", "<strong>", "<code>", "<del>"):
        assert mark not in html


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=80))
def test_a_line_of_text_never_becomes_a_heading_or_a_list(text: str) -> None:
    html = MarkdownIt("commonmark").render(paragraph(text))
    for mark in ("<h1", "<h2", "<li>", "<hr", "<blockquote"):
        assert mark not in html


@pytest.mark.parametrize(
    ("micros", "currency", "text"),
    [
        (1_234_565_000, "EUR", "1,234.57"),
        (1_500_000, "JPY", "2"),
        (1_234_567, "KWD", "1.235"),
        (-2_000_000, "USD", "-2.00"),
        (0, "", "0.00"),
    ],
)
def test_money_is_rounded_to_the_currency_s_smallest_unit(micros: int, currency: str, text: str) -> None:
    assert money(micros, currency) == text


def test_division_by_nothing_is_unknown() -> None:
    assert ratio(5, 0) is None
    assert change(5, 0) is None
    assert change(6, 5) == Decimal("0.2")
    assert written(Decimal("0.2"), Format.DELTA, "EUR") == "+20.0 %"
