"""Google's errors as the client must see them.

A `Problem` is one `GoogleAdsError`; a `Refusal` carries all problems of a request and knows its gRPC status. Codes are
(field of `ErrorCode`, enum name); both are looked up in the descriptors, so a code that does not exist cannot be sent.
Without a message of its own a problem says what the package's documentation says about its code.
"""

import importlib
import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import grpc

from backend.sandbox.googleads.kinds import STORE_VERSION

Path = tuple["str | tuple[str, int]", ...]  # field names, outermost first; repeated ones with their index

_STATUS = {
    "authentication_error": grpc.StatusCode.UNAUTHENTICATED,
    "authorization_error": grpc.StatusCode.PERMISSION_DENIED,
    "quota_error": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "internal_error": grpc.StatusCode.INTERNAL,
}
_STATUS_OF_CODE = {
    ("internal_error", "TRANSIENT_ERROR"): grpc.StatusCode.UNAVAILABLE,
    ("internal_error", "DEADLINE_EXCEEDED"): grpc.StatusCode.DEADLINE_EXCEEDED,
    ("database_error", "CONCURRENT_MODIFICATION"): grpc.StatusCode.ABORTED,
    ("quota_error", "ACCESS_PROHIBITED"): grpc.StatusCode.PERMISSION_DENIED,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error. `kind` is the oneof field of ErrorCode ("campaign_error"), `code` the enum name."""

    kind: str
    code: str
    path: Path = ()
    message: str = ""
    trigger: object = None  # str, int, float or bool: the value that gave offence
    details: Any = None  # an ErrorDetails message of the store's version

    @property
    def name(self) -> str:
        """The code as scripts and ledger name it: "CampaignError.DUPLICATE_CAMPAIGN_NAME"."""
        return f"{''.join(part.capitalize() for part in self.kind.split('_'))}.{self.code}"


@dataclass(eq=False)
class Refusal(Exception):
    """The request is refused with these problems."""

    problems: Sequence[Problem]
    status: grpc.StatusCode | None = None
    request_id: str = field(default="", compare=False)

    def __str__(self) -> str:
        return "; ".join(f"{problem.name} {problem.path}" for problem in self.problems)

    def grpc_status(self) -> grpc.StatusCode:
        """The status that carries the failure."""
        if self.status is not None:
            return self.status
        first = self.problems[0]
        code = _STATUS_OF_CODE.get((first.kind, first.code))
        return code or _STATUS.get(first.kind, grpc.StatusCode.INVALID_ARGUMENT)


@dataclass(eq=False)
class PlainStatus(Exception):
    """A gRPC status without a GoogleAdsFailure: transport matters, RPCs that are not emulated."""

    status: grpc.StatusCode
    message: str


def refuse(kind: str, code: str, message: str = "", path: Path = (), trigger: object = None) -> Refusal:
    """A refusal with one problem, to be raised."""
    return Refusal([Problem(kind, code, path, message, trigger)])


@cache
def _errors_module(version: str) -> Any:
    return importlib.import_module(f"google.ads.googleads.{version}.errors.types.errors")


@cache
def _code_field(kind: str) -> Any:
    return _errors_module(STORE_VERSION).ErrorCode.pb().DESCRIPTOR.fields_by_name[kind]


@cache
def code_number(kind: str, code: str) -> int:
    """The number of an error code; KeyError when Google has no such code."""
    return int(_code_field(kind).enum_type.values_by_name[code].number)


@cache
def documented_message(kind: str, code: str) -> str:
    """What the package's documentation says about a code, as one line."""
    enum_name = _code_field(kind).enum_type.name
    module = importlib.import_module(f"google.ads.googleads.{STORE_VERSION}.errors.types.{kind}")
    documentation = inspect.getdoc(getattr(getattr(module, enum_name + "Enum"), enum_name)) or ""
    found = re.search(rf"^    {code} \(\d+\):\n((?:        .*\n?|\n)*)", documentation, re.MULTILINE)
    text = " ".join(found.group(1).split()) if found else ""
    return text or f"{enum_name}.{code}"


@cache
def known_codes() -> tuple[tuple[str, str], ...]:
    """Every (kind, code) there is."""
    fields = _errors_module(STORE_VERSION).ErrorCode.pb().DESCRIPTOR.fields
    return tuple((f.name, v.name) for f in fields if f.enum_type for v in f.enum_type.values if v.number > 1)


def find_code(text: str) -> tuple[str, str]:
    """A code from "QuotaError.RESOURCE_EXHAUSTED", "quota_error.RESOURCE_EXHAUSTED" or a name that is unique.

    Raises ValueError when nothing or more than one code is meant.
    """
    kind, _, code = text.rpartition(".")
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    found = [known for known in known_codes() if known[1] == code and kind in ("", known[0])]
    if len(found) != 1:
        raise ValueError(f"{text!r} names {'no' if not found else 'more than one'} error code")
    return found[0]


def details() -> Any:
    """An empty ErrorDetails of the store's version."""
    return _errors_module(STORE_VERSION).ErrorDetails.pb()()


@cache
def failure_class(version: str) -> Any:
    """The raw GoogleAdsFailure class of a version."""
    return _errors_module(version).GoogleAdsFailure.pb()


def failure(problems: Iterable[Problem], request_id: str) -> Any:
    """A GoogleAdsFailure (store's version; the bytes are the same in all)."""
    message = failure_class(STORE_VERSION)()
    message.request_id = request_id
    for problem in problems:
        error = message.errors.add()
        setattr(error.error_code, problem.kind, code_number(problem.kind, problem.code))
        error.message = problem.message or documented_message(problem.kind, problem.code)
        _set_trigger(error.trigger, problem.trigger)
        for element in problem.path:
            added = error.location.field_path_elements.add()
            if isinstance(element, tuple):
                added.field_name, added.index = element
            else:
                added.field_name = element
        if problem.details is not None:
            error.details.CopyFrom(problem.details)
    return message


def _set_trigger(value: Any, trigger: object) -> None:
    if isinstance(trigger, bool):
        value.boolean_value = trigger
    elif isinstance(trigger, int):
        value.int64_value = trigger
    elif isinstance(trigger, float):
        value.double_value = trigger
    elif trigger is not None:
        value.string_value = str(trigger)
