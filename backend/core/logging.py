"""Logs: one JSON line per event with trace_id and worker_id; secrets are masked last, whoever logged them."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO, cast

import structlog

MASK = "[redacted]"
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)

_SECRET_NAME = re.compile(
    r"(^|[_-])(token|secret|password|passwd|authorization|cookie|api_?key|master_?key|credential|code_verifier|code)s?$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+|(?:refresh_token|access_token|client_secret|code|code_verifier|password|token)=)[^\s&\"',;}]+"
    r"|\b(?:1//|ya29\.)[A-Za-z0-9._-]+"
    r"|\bcw_[a-z]+[_=][A-Za-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|(?<=://)([^:/\s@]*):[^@/\s]+(?=@)"
)


def redact(text: str) -> str:
    """Mask what looks like a token, a cookie of ours, a password in an address, or a secret form value."""

    def mask(match: re.Match[str]) -> str:
        if match[1]:
            return match[1] + MASK
        return f"{match[2]}:{MASK}" if match[2] is not None else MASK

    return _SECRET_TEXT.sub(mask, text)


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: MASK if _SECRET_NAME.search(str(name)) else _redacted(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else redact(str(value))


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return cast("MutableMapping[str, Any]", _redacted(event))


def _add_context(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.setdefault("trace_id", trace_id.get())
    event.setdefault("worker_id", os.environ.get("WORKER_ID", f"{os.uname().nodename}:{os.getpid()}"))
    return event


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what standard error is at the moment, and never prints a line that could not be redacted."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        """The process's standard error as it stands now: tests and servers replace it."""
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the standard library's name)
        """Say that a line was lost; its message and arguments are not printed, for nothing has masked them."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f'{{"event": "log_line_lost", "level": "error", "logger": "{record.name}"}}\n')


def configure(level: str) -> None:
    """Send every log line of this process to standard error as JSON, third-party ones included."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_context,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact_event,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that takes one event name and fields: `log.info("campaign_published", job_id=…)`."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(name))
