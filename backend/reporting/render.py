"""Documents as Markdown and CSV. Everything that comes from an account is escaped for the place where it stands."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

from backend.core.csv_cell import CONTROL, csv_cell
from backend.reporting.document import Document, Format, Section, Table, Value, written
from backend.reporting.measures import RATIO_DIGITS, whole

_MARKDOWN = re.compile(r"([\\`*_\[\]|~])")
_AT_THE_BEGINNING = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


def markdown(document: Document) -> str:
    """The document as GitHub-flavoured Markdown, ending in a newline."""
    parts = [f"# {escape_markdown(document.title)}"]
    if document.facts:
        parts.append(
            "\n".join(f"- **{escape_markdown(name)}**: {escape_markdown(text)}" for name, text in document.facts)
        )
    for section in document.sections:
        parts.extend(_markdown_section(section, document.currency))
    return "\n\n".join(parts) + "\n"


def _markdown_section(section: Section, currency: str) -> list[str]:
    parts = [f"## {escape_markdown(section.title)}"]
    parts += [paragraph(line) for line in section.text]
    parts += [_markdown_table(table, currency) for table in section.tables if table.rows]
    return parts


def _markdown_table(table: Table, currency: str) -> str:
    titles = [escape_markdown(column.title) for column in table.columns]
    rules = ["---" if column.format in (Format.TEXT, Format.DATE) else "---:" for column in table.columns]
    lines = [_markdown_row(titles), _markdown_row(rules)]
    for row in table.rows:
        cells = [written(value, column.format, currency) for value, column in zip(row, table.columns, strict=True)]
        lines.append(_markdown_row([escape_markdown(cell) for cell in cells]))
    return "\n".join(lines)


def _markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is: one line, no markup, no HTML."""
    plain = _MARKDOWN.sub(r"\\\1", CONTROL.sub("", _LINE_BREAKS.sub(" ", text)))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def paragraph(text: str) -> str:
    """Text as a paragraph of its own, that never becomes a heading, a rule or a list."""
    return _AT_THE_BEGINNING.sub(_defuse, escape_markdown(text))


def _defuse(match: re.Match[str]) -> str:
    """A list or heading mark at the beginning of a line; a number keeps its digits, its dot is escaped by an entity."""
    space, mark = match.groups()
    return f"{space}{mark}&#8203;" if mark.isdigit() else f"{space}\\{mark}"


def csv_text(document: Document) -> str:
    """Every table of the document in one CSV: the section's key, then its columns.

    Money is in micros, averages of it rounded half up to the micro; other fractions have ten digits at most.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number, (section, table) in enumerate((s, t) for s in document.sections for t in s.tables):
        if number:
            writer.writerow([])
        writer.writerow(["section", *(column.name for column in table.columns)])
        for row in table.rows:
            cells = (_exact(value, column.format) for value, column in zip(row, table.columns, strict=True))
            writer.writerow([section.key, *(csv_cell(cell) for cell in cells)])
    return out.getvalue()


def _exact(value: Value, form: Format) -> Value:
    if not isinstance(value, Decimal):
        return value
    return whole(value) if form is Format.MICROS else round(value, RATIO_DIGITS)
