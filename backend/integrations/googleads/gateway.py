"""The port to Google Ads: what the product may ask of it, and who may build it.

`wiring` registers one factory; everyone else says `open_gateway(access)`. A channel made before a fork is useless
in the child (11 of 24 calls worked), so a process that is going to fork says so with `forbid_here`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from backend.integrations.googleads.errors import AdsFailure


@dataclass(frozen=True, slots=True)
class Access:
    """What a call is made with: a refresh token, and the manager account through which the customer is reached."""

    refresh_token: str = field(repr=False)
    login_customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class MutateReply:
    """Google's answer to a mutate.

    Attributes:
        resource_names: One per operation, in order; empty where an operation failed, and all empty for a dry run.
        failures: The failed operations of a partial failure.
        request_id: Google's id of the call.
    """

    resource_names: tuple[str, ...]
    failures: tuple[AdsFailure, ...] = ()
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one operation of a batch job; `request_id` is Google's id of the call that told it."""

    index: int
    resource_name: str
    failures: tuple[AdsFailure, ...] = ()
    request_id: str | None = None


class Gateway(Protocol):
    """One credential's way to Google Ads. Every method raises `errors.AdsError` and nothing else of Google's."""

    def search(self, customer_id: str, query: str) -> Iterator[Any]:
        """Yield raw protobuf GoogleAdsRows, page after page; each page is retried when Google stumbles."""

    def search_stream(self, customer_id: str, query: str) -> Iterator[Sequence[Any]]:
        """Yield batches (up to 10,000) of raw protobuf GoogleAdsRows."""

    def search_stream_bytes(self, customer_id: str, query: str) -> Iterator[bytes]:
        """Yield the undecoded SearchGoogleAdsStreamResponse messages of a stream."""

    def mutate(self, customer_id: str, payload: bytes, *, deadline_s: float) -> MutateReply:
        """Send exactly these bytes, a MutateGoogleAdsRequest, once.

        Raises:
            OutcomeUnknown: It may have been applied.
            Refused: It was refused whole.
        """

    def list_accounts(self) -> list[str]:
        """Give the ids of the accounts that this credential reaches directly."""

    def create_batch_job(self, customer_id: str) -> str:
        """Make an empty batch job and give its resource name."""

    def add_to_batch_job(self, batch_job: str, payload: bytes) -> str:
        """Send exactly these bytes, an AddBatchJobOperationsRequest, and give the next sequence token."""

    def run_batch_job(self, batch_job: str) -> None:
        """Start a filled batch job; ask for its status by GAQL."""

    def batch_job_results(self, batch_job: str) -> Iterator[BatchResult]:
        """Yield what became of each operation of a finished batch job."""

    def upload_conversions(self, customer_id: str, payload: bytes, *, deadline_s: float) -> MutateReply:
        """Send exactly these bytes, an UploadClickConversionsRequest."""

    def close(self) -> None:
        """Close the channels."""


Factory = Callable[[Access], Gateway]


class WrongProcess(RuntimeError):
    """A channel was about to be opened, or had been opened, in a process that forks its workers."""


@dataclass(slots=True)
class _State:
    factory: Factory | None = None
    forbidden_pid: int | None = None
    reason: str = ""
    opened_in: int | None = None


_state = _State()


def register_factory(factory: Factory) -> None:
    """Say how a gateway is built; called once by `wiring`."""
    _state.factory = factory


def open_gateway(access: Access) -> Gateway:
    """Give the gateway for one credential.

    Raises:
        WrongProcess: This process forks its workers and must not touch gRPC.
        RuntimeError: No factory was registered.
    """
    if _state.factory is None:
        raise RuntimeError("no Google Ads gateway is registered: wiring.wire() has not run in this process")
    claim_process()
    return _state.factory(access)


def claim_process() -> None:
    """Note that this process opens a channel.

    Raises:
        WrongProcess: The process said `forbid_here`.
    """
    if _state.forbidden_pid == os.getpid():
        raise WrongProcess(f"no Google Ads channel may be opened here: {_state.reason}")
    _state.opened_in = os.getpid()


def forbid_here(reason: str) -> None:
    """Refuse channels in this very process (not in its children); called in the parent before it forks.

    Raises:
        WrongProcess: A channel was opened here already.
    """
    if _state.opened_in == os.getpid():
        raise WrongProcess(f"a Google Ads channel was opened before the fork: {reason}")
    _state.forbidden_pid = os.getpid()
    _state.reason = reason
