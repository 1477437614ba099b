"""A gateway behind the quota: before each call the locks and the breaker are asked and the ledger is charged.

A search costs one operation however many rows it gives, a mutate one per operation, any other call one
(GOOGLE_ADS_FACTS 2.4). What Google asks us to wait becomes a lock that every worker sees; calls that fail in a row open
the credential's breaker. Whoever is refused here gets the error that Google itself would have given.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from flask import current_app

from backend.core import metrics, quota
from backend.core.logging import get_logger
from backend.integrations.googleads.errors import AdsError, OutcomeUnknown, RateLimited, TransientError
from backend.integrations.googleads.gateway import BatchResult, Gateway, MutateReply
from backend.integrations.googleads.wire import BATCH_OPERATIONS, CONVERSIONS, MUTATE_OPERATIONS, count_field

log = get_logger(__name__)
T = TypeVar("T")
WITHOUT_REDIS_SECONDS = 5.0


class CircuitOpen(TransientError):
    """Too many calls failed in a row: none is made for `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"calls are paused for {retry_after:.0f} s after failures in a row")
        self.retry_after = retry_after


def project_of(client_id: str | None) -> str:
    """The Google Cloud project that quotas belong to: the number an OAuth client id begins with."""
    return (client_id or "").split("-", 1)[0] or "unknown"


class GuardedGateway:
    """One credential's gateway behind the quota; satisfies `Gateway`."""

    def __init__(self, gateway: Gateway, credential_id: UUID) -> None:
        self._gateway = gateway
        self._credential_id = credential_id
        self._project = project_of(current_app.config["SETTINGS"].google.client_id)
        self._breaker = quota.Breaker(str(credential_id), current_app.config["TIMING"].retry_backoff * 2)

    def search(self, customer_id: str, query: str) -> Iterator[Any]:
        """As `Gateway.search`."""
        return self._stream("search", customer_id, partial(self._gateway.search, customer_id, query))

    def search_stream(self, customer_id: str, query: str) -> Iterator[Sequence[Any]]:
        """As `Gateway.search_stream`."""
        return self._stream("search_stream", customer_id, partial(self._gateway.search_stream, customer_id, query))

    def search_stream_bytes(self, customer_id: str, query: str) -> Iterator[bytes]:
        """As `Gateway.search_stream_bytes`."""
        return self._stream(
            "search_stream", customer_id, partial(self._gateway.search_stream_bytes, customer_id, query)
        )

    def mutate(self, customer_id: str, payload: bytes, *, deadline_s: float) -> MutateReply:
        """As `Gateway.mutate`."""
        cost = count_field(payload, MUTATE_OPERATIONS)
        send = partial(self._gateway.mutate, customer_id, payload, deadline_s=deadline_s)
        return self._call("mutate", customer_id, send, cost=cost)

    def list_accounts(self) -> list[str]:
        """As `Gateway.list_accounts`."""
        return self._call("list_accounts", None, self._gateway.list_accounts)

    def create_batch_job(self, customer_id: str) -> str:
        """As `Gateway.create_batch_job`."""
        return self._call("create_batch_job", customer_id, partial(self._gateway.create_batch_job, customer_id))

    def add_to_batch_job(self, batch_job: str, payload: bytes) -> str:
        """As `Gateway.add_to_batch_job`."""
        cost = count_field(payload, BATCH_OPERATIONS)
        send = partial(self._gateway.add_to_batch_job, batch_job, payload)
        return self._call("add_to_batch_job", _account_of(batch_job), send, cost=cost)

    def run_batch_job(self, batch_job: str) -> None:
        """As `Gateway.run_batch_job`."""
        self._call("run_batch_job", _account_of(batch_job), partial(self._gateway.run_batch_job, batch_job))

    def batch_job_results(self, batch_job: str) -> Iterator[BatchResult]:
        """As `Gateway.batch_job_results`."""
        account = _account_of(batch_job)
        return self._stream("batch_job_results", account, partial(self._gateway.batch_job_results, batch_job))

    def upload_conversions(self, customer_id: str, payload: bytes, *, deadline_s: float) -> MutateReply:
        """As `Gateway.upload_conversions`."""
        cost = count_field(payload, CONVERSIONS)
        send = partial(self._gateway.upload_conversions, customer_id, payload, deadline_s=deadline_s)
        return self._call("upload_conversions", customer_id, send, cost=cost)

    def close(self) -> None:
        """As `Gateway.close`."""
        self._gateway.close()

    def _call(self, method: str, customer_id: str | None, send: Callable[[], T], *, cost: int = 1) -> T:
        self._ask(customer_id, cost)
        began = time.perf_counter()
        try:
            answer = send()
        except AdsError as problem:
            self._note_failure(method, customer_id, problem, began)
            raise
        self._note_success(method, began)
        return answer

    def _stream(self, method: str, customer_id: str | None, open_stream: Callable[[], Iterator[T]]) -> Iterator[T]:
        self._ask(customer_id, 1)
        began = time.perf_counter()
        try:
            yield from open_stream()
        except AdsError as problem:
            self._note_failure(method, customer_id, problem, began)
            raise
        except GeneratorExit:  # the reader has what it wanted
            self._note_success(method, began)
            raise
        self._note_success(method, began)

    def _ask(self, customer_id: str | None, cost: int) -> None:
        try:
            locked = quota.held(self._scopes(customer_id))
            if locked is not None:
                raise RateLimited(
                    f"Google asked to wait ({locked.scope})",
                    retry_after=locked.seconds,
                    scope="DEVELOPER" if locked.scope.startswith("project:") else "ACCOUNT",
                )
            paused = self._breaker.refuses()
        except quota.Unknown as problem:
            raise CircuitOpen(WITHOUT_REDIS_SECONDS) from problem
        if paused is not None:
            raise CircuitOpen(paused.seconds)
        quota.spend(self._project, int(customer_id or 0), max(cost, 1))

    def _scopes(self, customer_id: str | None) -> list[str]:
        scopes = [f"project:{self._project}"]
        return [*scopes, f"customer:{customer_id}"] if customer_id else scopes

    def _note_failure(self, method: str, customer_id: str | None, problem: AdsError, began: float) -> None:
        metrics.GOOGLE_LATENCY.labels(method, type(problem).__name__).observe(time.perf_counter() - began)
        try:
            if isinstance(problem, RateLimited):
                scopes = self._scopes(customer_id)
                scope = scopes[0] if problem.scope == "DEVELOPER" else scopes[-1]
                quota.lock(scope, problem.retry_after)
                log.warning(
                    "rate_limited", scope=scope, seconds=problem.retry_after, google_request_id=problem.request_id
                )
            elif isinstance(problem, TransientError | OutcomeUnknown):
                seconds = self._breaker.failed()
                if seconds is not None:
                    log.warning("breaker_opened", credential_id=str(self._credential_id), seconds=seconds)
            else:
                self._breaker.succeeded()  # Google answered, if only to say no
        except quota.Unknown:
            log.warning("quota_state_lost", method=method)

    def _note_success(self, method: str, began: float) -> None:
        metrics.GOOGLE_LATENCY.labels(method, "ok").observe(time.perf_counter() - began)
        try:
            self._breaker.succeeded()
        except quota.Unknown:
            log.warning("quota_state_lost", method=method)


def _account_of(resource_name: str) -> str:
    return resource_name.split("/")[1]
