"""Loopback ports: the usual one when it is free, else the next one that is."""

from __future__ import annotations

import socket

from backend.cli.home import StartProblem

TRIES = 200


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


class Ports:
    """Gives out ports of one host, none of them twice."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._given: set[int] = set()

    def choose(self, wanted: int) -> int:
        """The wanted port, or the first free one above it; 0 asks for any.

        Raises:
            StartProblem: none of the next two hundred is free.
        """
        if wanted == 0:
            wanted = 20_000
        for port in range(wanted, min(wanted + TRIES, 65_536)):
            if port not in self._given and is_free(self.host, port):
                self._given.add(port)
                return port
        raise StartProblem(f"no port from {wanted} on is free on {self.host}: set another API_PORT or STREAM_PORT")
