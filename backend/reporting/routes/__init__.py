"""The addresses of the answers."""

from backend.reporting.gaql import routes as gaql
from backend.reporting.routes import graph, overview, performance, reports

BLUEPRINTS = (reports.bp, performance.bp, overview.bp, graph.bp, gaql.api_bp)
# What the stream process serves: answers that last.
STREAM_BLUEPRINTS = (gaql.bp,)
