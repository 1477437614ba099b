"""Every RPC of every version, read from the package's own transports.

The package ships no service descriptors; its transports name path, request and response of each RPC when they prepare
their stubs. So each transport is instantiated over a channel that only records. A version is read at its first call
(about one second); nothing is known of the versions that nobody calls.
"""

import importlib
import pkgutil
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import grpc
from google.auth.credentials import AnonymousCredentials
from google.longrunning import operations_pb2

from backend.sandbox.googleads.kinds import STORE_VERSION, VERSIONS


@dataclass(frozen=True, slots=True)
class Rpc:
    """One remote procedure. Classes are raw protobuf classes of the RPC's own version."""

    version: str
    service: str  # "CampaignService"
    method: str  # "MutateCampaigns"
    request: Any
    response: Any
    streams: bool

    @property
    def name(self) -> str:
        return f"{self.service}.{self.method}"


def _never_called(*_: Any, **__: Any) -> None:
    raise AssertionError("a recorded stub is not a stub")


class _Recorder:
    """Looks like a channel, remembers what is asked of it."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Any, Any, bool]] = []

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any, *_: Any, **__: Any) -> object:
        self.found.append((path, request_serializer, response_deserializer, False))
        return _never_called

    def unary_stream(
        self, path: str, request_serializer: Any, response_deserializer: Any, *_: Any, **__: Any
    ) -> object:
        self.found.append((path, request_serializer, response_deserializer, True))
        return _never_called

    def close(self) -> None:
        """Channels are closed; there is nothing to close here."""


_patching = threading.Lock()


def _recorded(transport: Any) -> list[tuple[str, Any, Any, bool]]:
    recorder = _Recorder()
    with _patching:
        original = grpc.intercept_channel
        grpc.intercept_channel = lambda channel, *_: channel
        try:
            transport(credentials=AnonymousCredentials(), channel=lambda *_, **__: recorder)
        finally:
            grpc.intercept_channel = original
    return recorder.found


def _raw(callable_: Any) -> Any:
    owner = callable_.__self__ if hasattr(callable_, "__self__") else None
    if owner is None:  # google.longrunning.Operation.FromString and Empty.FromString are bound to no proto-plus class
        raise TypeError(f"{callable_} belongs to no message class")
    return owner.pb() if hasattr(owner, "pb") else owner


@cache
def rpcs(version: str) -> dict[str, Rpc]:
    """All RPCs of a version by path ("/google.ads.googleads.v26.services.X/Y")."""
    if version not in VERSIONS:
        raise KeyError(version)
    package = importlib.import_module(f"google.ads.googleads.{version}.services.services")
    found: dict[str, Rpc] = {}
    for module in pkgutil.iter_modules(package.__path__):
        grpc_module = importlib.import_module(f"{package.__name__}.{module.name}.transports.grpc")
        transport = next(
            member
            for name, member in vars(grpc_module).items()
            if name.endswith("GrpcTransport") and member.__module__ == grpc_module.__name__
        )
        for path, serializer, deserializer, streams in _recorded(transport):
            service, method = path.rsplit("/", 2)[-2:]
            found[path] = Rpc(
                version, service.rsplit(".", 1)[-1], method, _raw(serializer), _raw(deserializer), streams
            )
    return found


_GET_OPERATION = Rpc(
    STORE_VERSION, "Operations", "GetOperation", operations_pb2.GetOperationRequest, operations_pb2.Operation, False
)


@cache
def newest(service: str, method: str) -> Rpc | None:
    """The same RPC in the version that the store speaks, or None where that version has dropped it."""
    if (service, method) == ("Operations", "GetOperation"):  # google.longrunning, on the same channel
        return _GET_OPERATION
    return rpcs(STORE_VERSION).get(f"/google.ads.googleads.{STORE_VERSION}.services.{service}/{method}")


def known(service: str, method: str) -> Rpc:
    """An RPC of the store's version that must exist; KeyError when it does not."""
    found = newest(service, method)
    if found is None:
        raise KeyError(f"{service}.{method}")
    return found


def as_sent(version: str, rpc: Rpc, request: Any) -> Any:
    """A request of the store's version as the class of the call's own one, where later versions dropped a field."""
    sent = rpcs(version)[f"/google.ads.googleads.{version}.services.{rpc.service}/{rpc.method}"]
    return sent.request.FromString(request.SerializeToString())
