"""The errors that become an HTTP answer: RFC 9457 problems with a stable `code`.

    Problem
    ├── Invalid            400  the input is malformed; nothing was changed
    ├── Unauthenticated    401
    ├── Forbidden          403
    ├── NotFound           404  absent, or another tenant's
    ├── Conflict           409  the current state forbids it
    ├── Stale              412  If-Match names another version
    ├── NotAllowedYet      422  a well-formed action that this resource does not allow yet
    └── Unavailable        503  something we lean on is down; carries Retry-After

Services raise them; `core.http` renders them as application/problem+json. They know nothing of HTTP beyond the number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the input: a JSON pointer (RFC 6901), a stable code, one sentence of advice."""

    pointer: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """The member of `errors[]` and `problems[]`."""
        return {"pointer": self.pointer, "code": self.code, "message": self.message}


class Problem(Exception):
    """An answer that is not a success; `extra` members are merged into the problem document."""

    status = 500
    code = "internal"
    title = "Something went wrong"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Iterable[Finding] = (),
        extra: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


class Invalid(Problem):
    """The input is malformed or breaks a rule; nothing was changed."""

    status = 400
    code = "validation_failed"
    title = "The request is not valid"


class Unauthenticated(Problem):
    """Nobody, or an unknown, expired or revoked credential."""

    status = 401
    code = "unauthenticated"
    title = "Sign in first"


class Forbidden(Problem):
    """The actor is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    """There is no such thing, or it is another tenant's."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(Problem):
    """The current state of the resource forbids it."""

    status = 409
    code = "conflict"
    title = "Conflict with the current state"


class Stale(Problem):
    """If-Match names a version that is no longer the current one."""

    status = 412
    code = "stale"
    title = "Changed in the meantime"


class NotAllowedYet(Problem):
    """A well-formed action that this resource does not allow yet."""

    status = 422
    code = "not_publishable"
    title = "Not possible yet"


class RateLimitReached(Problem):
    """The caller, or Google for us, asks to wait; carries Retry-After."""

    status = 429
    code = "rate_limited"
    title = "Too many requests"


class Unavailable(Problem):
    """Something we lean on is down; carries Retry-After."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after: int = 5, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"Retry-After": str(retry_after)})
