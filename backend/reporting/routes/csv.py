"""Answers as CSV: asked for by `format=csv` or by `Accept: text/csv`."""

from __future__ import annotations

import flask


def wants_csv(form: str | None) -> bool:
    """Whether the caller wants CSV; `format` says so, else the Accept header."""
    if form is not None:
        return form == "csv"
    return flask.request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"


def csv_response(text: str, name: str) -> flask.Response:
    """A CSV that a browser saves under `name`."""
    response = flask.Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Vary"] = "Accept"
    return response
