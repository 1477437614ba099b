"""The API, except that it dies where it is told to: after the work of a request is committed, before its answer leaves.

A request says so by the header `X-Die-Unanswered`; gunicorn and all its workers go, as in a power cut.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from typing import Any

from backend.app import create_app

_app = create_app()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer, or die with the answer in hand: Flask has run the view and closed its transactions by then."""
    body = _app(environ, start_response)
    if "HTTP_X_DIE_UNANSWERED" in environ:
        os.killpg(os.getpgid(0), signal.SIGKILL)
    return body
