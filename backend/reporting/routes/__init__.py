"""The addresses of the answers."""

from backend.reporting.routes import performance, reports

BLUEPRINTS = (reports.bp, performance.bp)
