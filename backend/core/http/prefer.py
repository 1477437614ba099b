"""`Prefer: wait=N` (RFC 7240): how long a caller is willing to wait for the end of a job that was just accepted."""

from __future__ import annotations

import re

import flask

MAX_WAIT_S = 30
WAIT = re.compile(r'wait\s*=\s*"?([0-9]{1,9})"?', re.IGNORECASE)


def wait_seconds() -> int | None:
    """The seconds asked for, at most `MAX_WAIT_S`; None when the header is absent, malformed or asks for none."""
    for header in flask.request.headers.getlist("Prefer"):
        for preference in header.split(","):
            match = WAIT.fullmatch(preference.split(";")[0].strip())
            if match and int(match[1]) > 0:
                return min(int(match[1]), MAX_WAIT_S)
    return None
