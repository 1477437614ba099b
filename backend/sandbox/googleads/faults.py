"""Scripted failures. Each is spent by the calls it meets; what is left can be asked for.

`when` (or `kind`) says what happens: `before` nothing is done and the error is answered; `after` it is done and the
error is answered all the same; `late` the deadline is exceeded now and it is done `delay_s` later; `slow` the answer
waits `delay_s` (a stream: before each message); `stall` a stream waits `delay_s` after its first message; `cut` a
stream breaks after its first message (anything else: after it was done); `stale_search` searches see the account as it
was `delay_s` ago.
"""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import grpc

from backend.sandbox.googleads.errors import PlainStatus, Problem, Refusal, details, find_code

LONGEST_S = 86_400 * 365
RATE_SCOPES = ("", "ACCOUNT", "DEVELOPER")
KINDS = ("before", "after", "late", "slow", "stall", "cut", "stale_search")


@dataclass(frozen=True, slots=True)
class Fault:
    """One script line."""

    id: int
    method: str  # "Mutate", "GoogleAdsService.Mutate", "token" or "*"
    times: int = 1
    when: str = "before"
    customer_id: str = ""
    grpc_status: str = ""
    error_code: str = ""
    message: str = ""
    retry_delay_s: float | None = None
    rate_scope: str = ""
    rate_name: str = ""
    delay_s: float = 0.0

    def matches(self, name: str, customer_id: str) -> bool:
        """Whether a call of this "Service.Method" on this account meets the fault."""
        method = self.method.replace("/", ".").rsplit(".services.", 1)[-1]
        named = method in ("*", name) or method == name.rpartition(".")[2]
        return named and self.customer_id in ("", customer_id)

    def status(self) -> str:
        """The gRPC status the client will see."""
        if self.when in ("slow", "stall", "stale_search"):
            return "OK"
        return self.error().grpc_status().name if self.error_code else self._plain()

    def _plain(self) -> str:
        return self.grpc_status or ("DEADLINE_EXCEEDED" if self.when == "late" else "UNAVAILABLE")

    def error(self) -> Refusal:
        """The GoogleAdsFailure that the fault answers with (only with an error code)."""
        kind, code = find_code(self.error_code)
        found = details() if kind == "quota_error" else None
        message = self.message
        if found is not None:
            quota = found.quota_error_details
            scopes = quota.DESCRIPTOR.fields_by_name["rate_scope"].enum_type.values_by_name
            default = "DEVELOPER" if code == "RESOURCE_EXHAUSTED" else "ACCOUNT"
            quota.rate_scope = scopes[self.rate_scope or default].number
            quota.rate_name = self.rate_name or "Number of operations for basic access"
            delay = self.retry_delay_s if self.retry_delay_s is not None else 30.0
            quota.retry_delay.FromNanoseconds(int(delay * 1e9))
            message = message or f"Too many requests. Retry in {delay:.0f} seconds."
        status = grpc.StatusCode[self.grpc_status] if self.grpc_status else None
        return Refusal([Problem(kind, code, (), message, details=found)], status)

    def exception(self) -> Exception:
        """What the call raises."""
        if self.error_code:
            return self.error()
        status = grpc.StatusCode[self._plain()]
        return PlainStatus(status, self.message or f"{status.name}: scripted by the sandbox.")


def fault_from(body: Mapping[str, Any], number: int) -> Fault:
    """A fault from its JSON; ValueError says what is wrong with it."""
    values = {key: value for key, value in body.items() if value is not None}
    values["when"] = values.pop("kind", None) or values.get("when", "before")
    known = set(Fault.__dataclass_fields__) - {"id"}
    unknown = set(values) - known
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    if not isinstance(values.get("method"), str) or not values["method"]:
        raise ValueError("method is missing")
    if values["when"] not in KINDS:
        raise ValueError(f"when must be one of {', '.join(KINDS)}")
    _check_numbers(values)
    values["customer_id"] = str(values.get("customer_id", "")).replace("-", "")
    _check_texts(values)
    if values.get("grpc_status") and values["grpc_status"] not in grpc.StatusCode.__members__:
        raise ValueError(f"no such gRPC status: {values['grpc_status']}")
    if values.get("error_code") and values["method"] != "token":
        find_code(values["error_code"])
    return Fault(id=number, **values)


def _check_numbers(values: Mapping[str, Any]) -> None:
    times = values.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise ValueError("times must be a positive integer")
    for name in ("delay_s", "retry_delay_s"):
        seconds = values.get(name, 0)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_S:
            raise ValueError(f"{name} must be a number of seconds from 0 to {LONGEST_S}")


def _check_texts(values: Mapping[str, Any]) -> None:
    for name in ("when", "grpc_status", "error_code", "message", "rate_scope", "rate_name"):
        if not isinstance(values.get(name, ""), str):
            raise ValueError(f"{name} must be a text")  # noqa: TRY004 - the client's mistake, answered with 400
    if values.get("rate_scope", "") not in RATE_SCOPES:
        raise ValueError(f"rate_scope must be one of {', '.join(filter(None, RATE_SCOPES))}")


class Faults:
    """The script of a sandbox."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._left: list[Fault] = []

    def add(self, body: Mapping[str, Any]) -> Fault:
        """Append a fault; ValueError for a malformed one."""
        with self._lock:
            fault = fault_from(body, next(self._numbers))
            self._left.append(fault)
            return fault

    def left(self) -> list[dict[str, Any]]:
        """What no call has met yet."""
        with self._lock:
            return [asdict(fault) for fault in self._left]

    def clear(self) -> None:
        """Forget the script."""
        with self._lock:
            self._left.clear()

    def take(self, name: str, customer_id: str = "") -> Fault | None:
        """The first fault for this call, spent once."""
        with self._lock:
            for position, fault in enumerate(self._left):
                if fault.matches(name, customer_id):
                    if fault.times > 1:
                        self._left[position] = replace(fault, times=fault.times - 1)
                    else:
                        del self._left[position]
                    return fault
        return None

    def token_fault(self, grant_type: str) -> tuple[str, str] | None:
        """(error, description) that the token endpoint must answer, if scripted."""
        fault = self.take(f"token.{grant_type}") or self.take("token")
        if fault is None:
            return None
        return fault.error_code or "invalid_grant", fault.message or "Token has been expired or revoked."
