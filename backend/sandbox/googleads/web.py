"""The two HTTP servers: https for OAuth and pictures, plain http on loopback for admin and service accounts."""

import logging
import ssl
import threading
from pathlib import Path

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    """Says nothing for a served request; HTTP/1.1 keeps connections open."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The ledger is the record of what was asked."""


class _Tls(_Quiet):
    """Gives up on clients that connect and never shake hands, without holding up the others."""

    timeout = 60


def serve(app: Flask, host: str, port: int, tls: tuple[Path, Path] | None = None) -> tuple[BaseWSGIServer, int]:
    """Serve an app in threads; (server, port). OSError when the port is taken."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    try:
        server = make_server(
            host, port, app, threaded=True, ssl_context=context, request_handler=_Tls if tls else _Quiet
        )
    except SystemExit as refused:  # werkzeug's answer to a taken port
        raise OSError(f"cannot listen on {host}:{port}") from refused
    threading.Thread(target=server.serve_forever, name=f"http-{server.server_port}", daemon=True).start()
    return server, server.server_port
