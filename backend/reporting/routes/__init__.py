"""The addresses of the answers."""

from backend.reporting.routes import overview, performance, reports

BLUEPRINTS = (reports.bp, performance.bp, overview.bp)
