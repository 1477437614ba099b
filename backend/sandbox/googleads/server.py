"""The gRPC server: every path goes to the dispatcher, over TLS."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from backend.sandbox.googleads.dispatch import Dispatcher

MAX_MESSAGE = 64 * 1024 * 1024
WORKERS = 128
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 16 * 1024 * 1024),
    ("grpc.so_reuseport", 0),
)


class _AnyPath(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Takes bytes for whatever path is called and gives them to the dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        path: str = handler_call_details.method
        if path.endswith("/SearchStream"):
            return grpc.unary_stream_rpc_method_handler(
                lambda body, context: self._dispatcher.stream(path, body, context)
            )
        return grpc.unary_unary_rpc_method_handler(lambda body, context: self._dispatcher.unary(path, body, context))


def start(dispatcher: Dispatcher, address: str, certificate: Path, key: Path) -> tuple[grpc.Server, int]:
    """Start serving; (server, the port it listens on). OSError when the port is taken."""
    server = grpc.server(ThreadPoolExecutor(WORKERS, "rpc"), handlers=[_AnyPath(dispatcher)], options=_OPTIONS)
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError as refused:
        raise OSError(f"cannot listen on {address}: {refused}") from refused
    server.start()
    return server, port
