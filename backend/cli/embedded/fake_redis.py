"""The stand-in for Redis where no redis-server can be had: fakeredis' TCP server on loopback, in memory only."""

from __future__ import annotations

import sys

from fakeredis import TcpFakeServer


def main() -> None:
    """Serve until SIGTERM on the port given as the only argument."""
    TcpFakeServer(("127.0.0.1", int(sys.argv[1])), server_type="redis").serve_forever()


if __name__ == "__main__":
    main()
