"""Ports: the usual one when it is free, else the next one that is.

The API's sockets are opened here and handed to gunicorn: between finding a free port and listening on it nobody else
can take it, and it stays the same when gunicorn is started again.
"""

from __future__ import annotations

import contextlib
import socket

from backend.cli.home import StartProblem

TRIES = 200
FIRST, COUNT = 20_000, 12_000  # below the ports that systems give to outgoing connections
BACKLOG = 512


class Ports:
    """Gives out ports of one host, none of them twice.

    `name` (a home's hash) decides where the search for any port begins: two clones that start at the same moment look
    in different places, so that a server which opens its port itself does not find it taken meanwhile.
    """

    def __init__(self, host: str, name: str) -> None:
        self.host = host
        self._any = FIRST + int(name, 16) % COUNT
        self._given: set[int] = set()

    def listen(self, wanted: int) -> socket.socket:
        """Listen on the wanted port, or on the first free one above it; 0 asks for any.

        Raises:
            StartProblem: none of the next two hundred is free.
        """
        first = wanted or self._any
        for port in range(first, min(first + TRIES, 65_536)):
            if port not in self._given and (opened := self._try(port)):
                self._given.add(port)
                return opened
        raise StartProblem(f"no port from {first} on is free on {self.host}: set another API_PORT or STREAM_PORT")

    def choose(self, wanted: int) -> int:
        """The number that `listen` would give, for a server that opens its port itself."""
        with self.listen(wanted) as opened:
            return int(opened.getsockname()[1])

    def _try(self, port: int) -> socket.socket | None:
        opened = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            opened.bind((self.host, port))
            opened.listen(BACKLOG)
            return opened
        opened.close()
        return None
