"""Builds the unmodified google-ads client and speaks through it; only `wiring` imports this module.

Endpoint and CA come from settings; nothing else differs between production and the sandbox. Calls whose bytes matter
(a mutate that must be resent exactly, a stream that goes to Arrow undecoded) use a stub without serializers on the
client's *own* channel, wrapped as the generated methods are, so that its credentials, headers and interceptors apply.
The client has neither deadlines nor retries of its own: every call here has a deadline, and reads alone are retried.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

import grpc
import requests
from google.ads.googleads.client import _CLIENT_INFO, GoogleAdsClient
from google.ads.googleads.errors import GoogleAdsException
from google.api_core import exceptions as api_exceptions
from google.api_core import gapic_v1
from google.auth import exceptions as auth_exceptions
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from backend.integrations.googleads.errors import AdsError, TransientError, from_partial, translate
from backend.integrations.googleads.gateway import Access, BatchResult, MutateReply, claim_process
from config import GoogleSettings

SCOPE = "https://www.googleapis.com/auth/adwords"
READ_ATTEMPTS = 4
TOKEN_TIMEOUT_S = 15
UNARY_DEADLINE_S = 60.0
_FAMILIES = (GoogleAdsException, api_exceptions.GoogleAPICallError, grpc.RpcError, auth_exceptions.GoogleAuthError)
_T = TypeVar("_T")


class LiveGateway:
    """The gateway of one credential in this process; safe to share between threads."""

    def __init__(self, settings: GoogleSettings, access: Access, *, read_deadline_s: float, backoff_s: float) -> None:
        """Build the client without opening a connection yet.

        Raises:
            WrongProcess: This process forks its workers.
        """
        claim_process()
        if settings.ca_file:
            # gRPC reads the roots from the environment when the first channel of the process is made.
            os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = settings.ca_file
        # The library would log whole requests and responses: what we log, we log ourselves.
        logging.getLogger("google.ads.googleads.client").setLevel(logging.CRITICAL)
        self._version = settings.api_version
        self._read_deadline_s = read_deadline_s
        self._backoff_s = backoff_s
        self._lock = threading.Lock()
        self._session = requests.Session()
        self._token_request = _BoundedRequest(self._session)
        self._token_request.verify = settings.ca_file or True
        self._credentials = Credentials(
            None,
            refresh_token=access.refresh_token,
            token_uri=settings.token_uri,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scopes=[SCOPE],
        )
        self._client = GoogleAdsClient(
            credentials=self._credentials,
            developer_token=settings.developer_token,
            endpoint=settings.endpoint,
            login_customer_id=access.login_customer_id,
            version=settings.api_version,
            use_proto_plus=True,
        )
        self._services: dict[str, Any] = {}

    # Reads

    def search(self, customer_id: str, query: str) -> Iterator[Any]:
        """Yield raw rows page by page; each page is retried when Google stumbles."""
        types = import_module(f"google.ads.googleads.{self._version}.services.types.google_ads_service")
        token = ""
        while True:
            request = types.SearchGoogleAdsRequest.pb()(customer_id=customer_id, query=query, page_token=token)
            payload = request.SerializeToString()
            body, _ = self._read(
                partial(self._unary, "GoogleAdsService", "Search", payload, customer_id, self._read_deadline_s)
            )
            response = types.SearchGoogleAdsResponse.pb().FromString(body)
            yield from response.results
            token = response.next_page_token
            if not token:
                return

    def search_stream(self, customer_id: str, query: str) -> Iterator[Sequence[Any]]:
        """Yield batches of raw rows; a stream that breaks raises, and the caller starts its window again."""
        types = import_module(f"google.ads.googleads.{self._version}.services.types.google_ads_service")
        decode = types.SearchGoogleAdsStreamResponse.pb().FromString
        for message in self.search_stream_bytes(customer_id, query):
            yield decode(message).results

    def search_stream_bytes(self, customer_id: str, query: str) -> Iterator[bytes]:
        """Yield undecoded messages; retried only as long as nothing was handed out."""
        types = import_module(f"google.ads.googleads.{self._version}.services.types.google_ads_service")
        payload = types.SearchGoogleAdsStreamRequest.pb()(customer_id=customer_id, query=query).SerializeToString()

        def begin() -> tuple[bytes | None, Iterator[bytes]]:
            self._ensure_token()
            messages = iter(
                self._stub("GoogleAdsService", "SearchStream", stream=True)(
                    payload, timeout=self._read_deadline_s, metadata=_routing(customer_id)
                )
            )
            return next(messages, None), messages

        first, rest = self._read(lambda: _translated(begin, mutating=False))
        if first is None:
            return
        yield first
        while True:
            message = _translated(lambda: next(rest, None), mutating=False)
            if message is None:
                return
            yield message

    def list_accounts(self) -> list[str]:
        """Give the ids of the accounts that this credential reaches directly."""
        body, _ = self._read(lambda: self._unary("CustomerService", "ListAccessibleCustomers", b"", None))
        types = import_module(f"google.ads.googleads.{self._version}.services.types.customer_service")
        names = types.ListAccessibleCustomersResponse.pb().FromString(body).resource_names
        return [name.split("/")[1] for name in names]

    # Writes

    def mutate(self, customer_id: str, payload: bytes, *, deadline_s: float) -> MutateReply:
        """Send exactly these bytes once."""
        body, request_id = self._unary("GoogleAdsService", "Mutate", payload, customer_id, deadline_s, mutating=True)
        types = import_module(f"google.ads.googleads.{self._version}.services.types.google_ads_service")
        response = types.MutateGoogleAdsResponse.pb().FromString(body)
        names = tuple(_result_name(slot) for slot in response.mutate_operation_responses)
        return MutateReply(names, from_partial(response.partial_failure_error, self._version), request_id)

    def upload_conversions(self, customer_id: str, payload: bytes, *, deadline_s: float) -> MutateReply:
        """Send exactly these bytes, an UploadClickConversionsRequest; each slot's name is its gclid or empty."""
        body, request_id = self._unary(
            "ConversionUploadService", "UploadClickConversions", payload, customer_id, deadline_s, mutating=True
        )
        types = import_module(f"google.ads.googleads.{self._version}.services.types.conversion_upload_service")
        response = types.UploadClickConversionsResponse.pb().FromString(body)
        names = tuple(result.conversion_action for result in response.results)
        return MutateReply(names, from_partial(response.partial_failure_error, self._version), request_id)

    # Batch jobs

    def create_batch_job(self, customer_id: str) -> str:
        """Make an empty batch job; a lost answer leaves at most an empty job behind, which Google removes."""
        types = import_module(f"google.ads.googleads.{self._version}.services.types.batch_job_service")
        request = types.MutateBatchJobRequest.pb()(customer_id=customer_id, operation={"create": {}})
        body, _ = self._unary("BatchJobService", "MutateBatchJob", request.SerializeToString(), customer_id)
        return str(types.MutateBatchJobResponse.pb().FromString(body).result.resource_name)

    def add_to_batch_job(self, batch_job: str, payload: bytes) -> str:
        """Send exactly these bytes; Google refuses a part whose sequence token was used before."""
        body, _ = self._unary(
            "BatchJobService", "AddBatchJobOperations", payload, None, mutating=True, resource_name=batch_job
        )
        types = import_module(f"google.ads.googleads.{self._version}.services.types.batch_job_service")
        return str(types.AddBatchJobOperationsResponse.pb().FromString(body).next_sequence_token)

    def run_batch_job(self, batch_job: str) -> None:
        """Start a filled job."""
        types = import_module(f"google.ads.googleads.{self._version}.services.types.batch_job_service")
        payload = types.RunBatchJobRequest.pb()(resource_name=batch_job).SerializeToString()
        self._unary("BatchJobService", "RunBatchJob", payload, None, mutating=True, resource_name=batch_job)

    def batch_job_results(self, batch_job: str) -> Iterator[BatchResult]:
        """Yield the results of a finished job, 1,000 a page."""
        types = import_module(f"google.ads.googleads.{self._version}.services.types.batch_job_service")
        token = ""
        while True:
            request = types.ListBatchJobResultsRequest.pb()(resource_name=batch_job, page_token=token, page_size=1_000)
            payload = request.SerializeToString()
            body, request_id = self._read(
                partial(self._unary, "BatchJobService", "ListBatchJobResults", payload, None, resource_name=batch_job)
            )
            response = types.ListBatchJobResultsResponse.pb().FromString(body)
            for result in response.results:
                yield BatchResult(
                    result.operation_index,
                    _result_name(result.mutate_operation_response),
                    from_partial(result.status, self._version),
                    request_id,
                )
            token = response.next_page_token
            if not token:
                return

    def close(self) -> None:
        """Close every channel; the next call opens new ones, for a gateway may be kept and shared."""
        with self._lock:
            services, self._services = self._services, {}
        for service in services.values():
            service.transport.close()
        self._session.close()

    # The wire

    def _unary(
        self,
        service: str,
        method: str,
        payload: bytes,
        customer_id: str | None,
        deadline_s: float = UNARY_DEADLINE_S,
        *,
        mutating: bool = False,
        resource_name: str | None = None,
    ) -> tuple[bytes, str | None]:
        self._ensure_token()
        stub = self._stub(service, method)
        metadata = _routing(customer_id, resource_name)

        def call() -> tuple[bytes, str | None]:
            body, answered = stub(payload, timeout=deadline_s, metadata=metadata)
            return body, _request_id(answered)

        return _translated(call, mutating=mutating)

    def _read(self, call: Callable[[], _T]) -> _T:
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=wait_random_exponential(multiplier=self._backoff_s, max=30),
            reraise=True,
        )
        return retrying(call)

    def _ensure_token(self) -> None:
        """Refresh eagerly: left to gRPC, a dead token comes back as a retryable 503."""
        with self._lock:
            if self._credentials.valid:
                return
            _translated(
                lambda: self._credentials.refresh(self._token_request),
                mutating=False,
            )

    def _stub(self, service: str, method: str, *, stream: bool = False) -> Callable[..., Any]:
        key = f"{service}Client"
        with self._lock:
            if key not in self._services:
                self._services[key] = self._client.get_service(service)
            channel = self._services[key].transport.grpc_channel
        path = f"/google.ads.googleads.{self._version}.services.{service}/{method}"
        raw = channel.unary_stream(path) if stream else channel.unary_unary(path)
        wrapped: Callable[..., Any] = gapic_v1.method.wrap_method(raw, client_info=_CLIENT_INFO, with_call=not stream)
        return wrapped


class _BoundedRequest(Request):
    """The token request with a deadline of ours (the library's own is two minutes) and our roots.

    The roots go with each request: REQUESTS_CA_BUNDLE in the environment would win over the session's.
    """

    verify: str | bool = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["timeout"] = TOKEN_TIMEOUT_S
        kwargs["verify"] = self.verify
        return super().__call__(*args, **kwargs)  # type: ignore[no-untyped-call]


def _translated(call: Callable[[], _T], *, mutating: bool) -> _T:
    try:
        return call()
    except AdsError:
        raise
    except _FAMILIES as problem:
        # `from None`: the text of the original may hold a request or a token.
        raise translate(problem, mutating=mutating) from None


def _routing(customer_id: str | None, resource_name: str | None = None) -> list[tuple[str, str]]:
    """The header that Google routes by, as the generated methods send it."""
    if customer_id:
        return [gapic_v1.routing_header.to_grpc_metadata((("customer_id", customer_id),))]
    if resource_name:
        return [gapic_v1.routing_header.to_grpc_metadata((("resource_name", resource_name),))]
    return []


def _request_id(call: Any) -> str | None:
    """Google's id of a call that went well.

    The library's wrapper answers `trailing_metadata()` with the initial metadata (34.0.0, response_wrappers.py), each
    interceptor wraps once more: the calls beneath are asked, down to the one that was really made.
    """
    while call is not None:
        for key, value in call.trailing_metadata() or ():
            if key == "request-id":
                return str(value)
        call = getattr(call, "_call", None) or getattr(call, "_underlay_call", None)
        if not callable(getattr(call, "trailing_metadata", None)):
            return None
    return None


def _result_name(slot: Any) -> str:
    """The resource name in one MutateOperationResponse; empty where the operation failed."""
    kind = slot.WhichOneof("response")
    return str(getattr(slot, kind).resource_name) if kind else ""
