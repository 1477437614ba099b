"""Google's failures as our small tree, translated once, with the datum that each catcher needs.

    AdsError                 carries `request_id`
    ├── RateLimited          wait `retry_after` seconds in `scope`; tasks reschedule
    ├── TransientError       nothing happened; the same call may be made again after a back-off
    ├── OutcomeUnknown       a mutate may or may not have been applied: look before anything is sent again
    ├── NeedsReauth          the credential is dead; a person has to consent again
    └── Refused              Google said no, for the reasons in `failures`

Two families arrive here: `GoogleAdsException`, and for INTERNAL and RESOURCE_EXHAUSTED the bare
`google.api_core` exception, whose failure must be dug out of the trailing metadata (google-ads 34.0.0,
interceptors/interceptor.py). A dead refresh token arrives disguised as a retryable 503.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

Scope = Literal["ACCOUNT", "DEVELOPER"]


@dataclass(frozen=True, slots=True)
class AdsFailure:
    """One error of a GoogleAdsFailure.

    Attributes:
        code: As Google's documents spell it: `CampaignBudgetError.BUDGET_BELOW_PER_DAY_MINIMUM`.
        message: Google's sentence, in English.
        path: Where, with indexes: `mutate_operations[3].campaign_operation.create.name`; empty when Google did not say.
        index: The operation it concerns, or None.
        trigger: The value that caused it.
        details: `policy_violation`, `policy_topics`, `quota`, `budget_minimum`, `resource_count`: only those present.
    """

    code: str
    message: str
    path: str = ""
    index: int | None = None
    trigger: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class AdsError(Exception):
    """What a call to Google Ads can end with when it does not end well."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id


class RateLimited(AdsError):
    """Google asked us to wait. Tasks reschedule after `retry_after` seconds; routes answer 429."""

    def __init__(
        self, message: str, *, retry_after: float, scope: Scope = "ACCOUNT", request_id: str | None = None
    ) -> None:
        super().__init__(message, request_id=request_id)
        self.retry_after = retry_after
        self.scope = scope


class TransientError(AdsError):
    """Nothing was changed, and the same call may succeed after a back-off."""


class OutcomeUnknown(AdsError):
    """A mutate was sent and its answer is lost: it may have been applied, or be applied later."""


class NeedsReauth(AdsError):
    """The credential is dead until a person consents again; `reason` is Google's word for why."""

    def __init__(self, message: str, *, reason: str, request_id: str | None = None) -> None:
        super().__init__(message, request_id=request_id)
        self.reason = reason


class Refused(AdsError):
    """Google refused the request; nothing was changed."""

    def __init__(self, failures: tuple[AdsFailure, ...], *, request_id: str | None = None) -> None:
        super().__init__("; ".join(f"{f.code}: {f.message}" for f in failures[:5]), request_id=request_id)
        self.failures = failures

    def codes(self) -> set[str]:
        """Give the distinct codes among the failures."""
        return {failure.code for failure in self.failures}


DEAD_CREDENTIAL = frozenset(
    {
        "AuthenticationError.OAUTH_TOKEN_REVOKED",
        "AuthenticationError.OAUTH_TOKEN_EXPIRED",
        "AuthenticationError.OAUTH_TOKEN_INVALID",
        "AuthenticationError.OAUTH_TOKEN_DISABLED",
        "AuthenticationError.NOT_ADS_USER",
        "AuthenticationError.TWO_STEP_VERIFICATION_NOT_ENROLLED",
        "AuthenticationError.GOOGLE_ACCOUNT_COOKIE_INVALID",
        "AuthenticationError.GOOGLE_ACCOUNT_DELETED",
    }
)
RETRY_REFUSED = frozenset({"DatabaseError.CONCURRENT_MODIFICATION"})
"""Refused as a whole and worth sending again: another writer was there first (proto database_error, v26)."""
RETRY_READ = RETRY_REFUSED | {
    "InternalError.TRANSIENT_ERROR",
    "InternalError.DEADLINE_EXCEEDED",
    "RequestError.EXPIRED_PAGE_TOKEN",  # the read was too slow between two pages: it begins again
}
DEFAULT_WAIT_S = 5.0
"""Wait when Google names no delay (RESOURCE_TEMPORARILY_EXHAUSTED asks for an exponential back-off)."""

_FAILURE_KEY = re.compile(r"google\.ads\.googleads\.(v\d+)\.errors\.googleadsfailure-bin")
_REFUSING = frozenset(
    {
        "INVALID_ARGUMENT",
        "UNIMPLEMENTED",
        "PERMISSION_DENIED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "FAILED_PRECONDITION",
        "OUT_OF_RANGE",
    }
)
_UNCERTAIN = frozenset({"INTERNAL", "UNKNOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "DATA_LOSS"})
_NEVER_SENT = ("failed to connect to all addresses", "dns resolution failed", "handshake")


def translate(exc: BaseException, *, mutating: bool) -> AdsError:
    """Turn what the client raised into our tree.

    Args:
        exc: A GoogleAdsException, a google.api_core error, a raw grpc.RpcError or a google.auth error.
        mutating: The call could change the account, so a lost answer leaves its outcome unknown.

    Raises:
        BaseException: `exc` itself, when it is none of the known families: a bug, not a failure of the call.
    """
    text = str(exc)
    if "invalid_grant" in text:
        return NeedsReauth("Google no longer accepts this refresh token", reason="invalid_grant")
    if type(exc).__module__.startswith("google.auth"):
        return _from_auth(exc, text)
    call = _call_of(exc)
    if call is None:
        raise exc
    metadata = _metadata(call)
    request_id = getattr(exc, "request_id", None) or metadata.get("request-id")
    failures = _failures(exc, metadata)
    return _classify(call.code().name, call.details() or text, failures, mutating=mutating, request_id=request_id)


def from_partial(status: Any, version: str) -> tuple[AdsFailure, ...]:
    """Read the failures out of `partial_failure_error`, a raw google.rpc.Status; code 0 means there are none."""
    if status.code == 0:
        return ()
    failure_type = _failure_type(version)
    return tuple(
        _failure(error)
        for detail in status.details
        if detail.type_url.endswith("GoogleAdsFailure")
        for error in failure_type.FromString(detail.value).errors
    )


def _from_auth(exc: BaseException, text: str) -> AdsError:
    if type(exc).__name__ == "RefreshError" and not getattr(exc, "retryable", False):
        return NeedsReauth("Google refused to refresh the access token", reason=_oauth_reason(text))
    return TransientError(f"the token endpoint could not be reached: {type(exc).__name__}")


def _oauth_reason(text: str) -> str:
    known = re.search(r"invalid_client|unauthorized_client|invalid_scope|access_denied|not_authorized", text)
    return known.group(0) if known else "refresh_refused"


def _call_of(exc: BaseException) -> Any:
    """Find the object that knows status code, details and trailing metadata."""
    errors = getattr(exc, "errors", None)
    inner = errors[0] if isinstance(errors, (list, tuple)) and errors else None
    for candidate in (getattr(exc, "call", None), getattr(exc, "response", None), inner, exc):
        if candidate is not None and callable(getattr(candidate, "code", None)):
            return candidate
    return None


def _metadata(call: Any) -> dict[str, Any]:
    trailing = call.trailing_metadata() if callable(getattr(call, "trailing_metadata", None)) else None
    return dict(trailing or ())


def _failures(exc: BaseException, metadata: Mapping[str, Any]) -> tuple[AdsFailure, ...]:
    failure = getattr(exc, "failure", None)
    if failure is not None:
        return tuple(_failure(error) for error in type(failure).pb(failure).errors)
    for key, value in metadata.items():
        match = _FAILURE_KEY.fullmatch(key)
        if match:
            return tuple(_failure(error) for error in _failure_type(match.group(1)).FromString(value).errors)
    return ()


def _failure_type(version: str) -> Any:
    return import_module(f"google.ads.googleads.{version}.errors.types.errors").GoogleAdsFailure.pb()


def _failure(error: Any) -> AdsFailure:
    """Read one raw GoogleAdsError."""
    elements = error.location.field_path_elements
    index = next(
        (e.index for e in elements if e.field_name in ("operations", "mutate_operations") and e.HasField("index")),
        None,
    )
    path = ".".join(e.field_name + (f"[{e.index}]" if e.HasField("index") else "") for e in elements)
    return AdsFailure(
        code=_code(error.error_code),
        message=error.message,
        path=path,
        index=index,
        trigger=_trigger(error.trigger),
        details=_details(error.details),
    )


def _code(error_code: Any) -> str:
    kind = error_code.WhichOneof("error_code")
    if kind is None:
        return "UnknownError.UNKNOWN"
    descriptor = error_code.DESCRIPTOR.fields_by_name[kind].enum_type
    number = getattr(error_code, kind)
    value = descriptor.values_by_number.get(number)
    family = "".join(part.capitalize() for part in kind.split("_"))
    return f"{family}.{value.name if value else number}"


def _trigger(value: Any) -> str:
    kind = value.WhichOneof("value")
    return "" if kind is None else str(getattr(value, kind))


def _details(details: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if details.HasField("policy_violation_details"):
        violation = details.policy_violation_details
        found["policy_violation"] = {
            "name": violation.external_policy_name or violation.key.policy_name,
            "description": violation.external_policy_description,
            "policy_name": violation.key.policy_name,
            "violating_text": violation.key.violating_text,
            "is_exemptible": violation.is_exemptible,
        }
    if details.HasField("policy_finding_details"):
        found["policy_topics"] = [_topic(entry) for entry in details.policy_finding_details.policy_topic_entries]
    if details.HasField("quota_error_details"):
        quota = details.quota_error_details
        scope_enum = quota.DESCRIPTOR.fields_by_name["rate_scope"].enum_type
        found["quota"] = {
            "scope": scope_enum.values_by_number[quota.rate_scope].name,
            "name": quota.rate_name,
            "retry_delay_s": quota.retry_delay.seconds + quota.retry_delay.nanos / 1e9,
        }
    if details.HasField("budget_per_day_minimum_error_details"):
        minimum = details.budget_per_day_minimum_error_details
        found["budget_minimum"] = {name.name: getattr(minimum, name.name) for name, _ in minimum.ListFields()}
    return found


def _topic(entry: Any) -> dict[str, Any]:
    type_field = entry.DESCRIPTOR.fields_by_name.get("type_") or entry.DESCRIPTOR.fields_by_name["type"]
    number = getattr(entry, type_field.name)
    return {
        "topic": entry.topic,
        "type": type_field.enum_type.values_by_number[number].name,
        "texts": [text for evidence in entry.evidences for text in evidence.text_list.texts],
    }


def _classify(
    status: str, message: str, failures: tuple[AdsFailure, ...], *, mutating: bool, request_id: str | None
) -> AdsError:
    codes = {failure.code for failure in failures}
    dead = sorted(codes & DEAD_CREDENTIAL)
    if dead or (status == "UNAUTHENTICATED" and not failures):
        reason = dead[0].split(".")[1] if dead else "unauthenticated"
        return NeedsReauth(failures[0].message if failures else message, reason=reason, request_id=request_id)
    if status == "RESOURCE_EXHAUSTED" or any(code.startswith("QuotaError.") for code in codes):
        return _rate_limited(message, failures, request_id)
    if status in _REFUSING and not failures:
        failures = (AdsFailure(f"Status.{status}", message),)
    if failures and status not in _UNCERTAIN:
        return _refused(failures, mutating=mutating, request_id=request_id)
    if mutating and not any(mark in message.lower() for mark in _NEVER_SENT):
        return OutcomeUnknown(f"{status}: {message}", request_id=request_id)
    return TransientError(f"{status}: {message}", request_id=request_id)


def _refused(failures: tuple[AdsFailure, ...], *, mutating: bool, request_id: str | None) -> AdsError:
    codes = {failure.code for failure in failures}
    if codes <= (RETRY_REFUSED if mutating else RETRY_READ):
        return TransientError(failures[0].message, request_id=request_id)
    if mutating and codes & {"InternalError.TRANSIENT_ERROR", "InternalError.DEADLINE_EXCEEDED"}:
        return OutcomeUnknown(failures[0].message, request_id=request_id)
    return Refused(failures, request_id=request_id)


def _rate_limited(message: str, failures: Iterable[AdsFailure], request_id: str | None) -> RateLimited:
    delay, scope = 0.0, "ACCOUNT"
    for failure in failures:
        quota = failure.details.get("quota")
        if quota and quota["retry_delay_s"] >= delay:
            delay, scope = quota["retry_delay_s"], quota["scope"]
        message = failure.message or message
    return RateLimited(
        message,
        retry_after=delay or DEFAULT_WAIT_S,
        scope="DEVELOPER" if scope == "DEVELOPER" else "ACCOUNT",
        request_id=request_id,
    )
