"""Cuts a session's connections at a deadline, however slowly the other side speaks: handshake, headers and body.

The time-outs of `requests` are for each read; a server that sends a byte every few seconds never runs into them.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import requests
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection


@contextlib.contextmanager
def cut_at(session: requests.Session, deadline: float) -> Iterator[None]:
    """Shut down whatever https connection the session opens within the block, once `time.monotonic()` is `deadline`."""
    watched: list[tuple[threading.Timer, socket.socket]] = []

    class Connection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            opened = super()._new_conn()
            # TLS takes the socket over; a second handle on the same connection stays ours.
            handle = socket.socket(fileno=os.dup(opened.fileno()))
            timer = threading.Timer(max(deadline - time.monotonic(), 0), _shut_down, (handle,))
            timer.daemon = True
            watched.append((timer, handle))
            timer.start()
            return opened

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    adapter: Any = session.get_adapter("https://")
    adapter.poolmanager.pool_classes_by_scheme = {"https": Pool}
    try:
        yield
    finally:
        for timer, handle in watched:
            timer.cancel()
            timer.join()
            handle.close()


def _shut_down(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was faster
        handle.shutdown(socket.SHUT_RDWR)
