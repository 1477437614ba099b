"""`python3 run.py sandbox`: runs the stand-in until SIGTERM or Ctrl-C."""

import argparse
import json
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from backend.sandbox.googleads import demo, search
from backend.sandbox.googleads.runtime import Options, Runtime


def main(argv: Sequence[str]) -> int:
    """Serve until told to stop. Prints one JSON line (the content of `sandbox.json`) when ready."""
    arguments = _parser().parse_args(argv)
    data: Path = arguments.data
    if arguments.fresh:
        _clear(data)
    options = Options(
        data=data,
        host=arguments.host,
        port=arguments.port,
        http_port=arguments.http_port,
        https_port=arguments.https_port,
        clients=arguments.clients,
        days=arguments.days,
        seed=arguments.seed,
    )
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        runtime = Runtime(options, partial(_accounts, arguments.size), search.totals)
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return 1
    sys.stdout.write(json.dumps(runtime.info) + "\n")
    sys.stdout.flush()
    stopped.wait()
    runtime.stop()
    return 0


def _accounts(size: int, seed: int, clients: int, days: int, created: datetime) -> demo.Agency:
    return demo.build(seed, clients=clients, days=days, created=created, size=size)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py sandbox", description="A local Google Ads: gRPC, OAuth, demo accounts."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address for gRPC and https (admin stays on loopback)")
    parser.add_argument("--port", type=int, default=0, help="gRPC port; 0 chooses one")
    parser.add_argument("--http-port", type=int, default=0, help="port of admin and service-account token (http)")
    parser.add_argument("--https-port", type=int, default=0, help="port of OAuth and demo pictures (https)")
    parser.add_argument("--data", type=Path, default=Path(".data/sandbox"), help="folder of the state")
    parser.add_argument("--clients", type=int, default=30, help="demo clients under the manager account")
    parser.add_argument("--days", type=int, default=90, help="days of statistics before today")
    parser.add_argument(
        "--size",
        type=int,
        default=1,
        help="multiplies search terms and search traffic; 16 makes millions of rows a year",
    )
    parser.add_argument("--seed", type=int, default=42, help="same seed, same data")
    parser.add_argument("--fresh", action="store_true", help="forget the state in the folder first")
    return parser


def _clear(data: Path) -> None:
    """Remove what an earlier run left; other files in the folder stay."""
    for name in ("sandbox.sqlite3", "sandbox.sqlite3-wal", "sandbox.sqlite3-shm", "ledger.jsonl", "sandbox.json"):
        (data / name).unlink(missing_ok=True)
    shutil.rmtree(data / "tls", ignore_errors=True)
