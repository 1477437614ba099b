"""Documents as one HTML file that stands alone: styles and charts inside, no script, every text escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backend.reporting.charts import draw
from backend.reporting.document import Document, Format, written

# What a browser may do with a report: show it. Sent with every report that is served as HTML.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox"

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(document: Document) -> str:
    """The document as HTML."""
    return _environment.get_template("report.html").render(
        document=document, written=written, draw=draw, text_formats=(Format.TEXT, Format.DATE)
    )
