"""S1: how fast the sandbox streams search_term_view rows, against the same bytes served from memory.

    python3 run.py bench sandbox_stream [--rows 1000000] [--rounds 5]

One server process answers on two ports over TLS: on the first the sandbox itself (parser, checker, statistics, wire
bytes, all computed while it streams), on the second the messages that the sandbox gave before, kept in memory. The
unmodified google-ads client reads both, in turn. Every row is a term on a day that occurs once; sums are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import harness

harness.import_the_product()

import grpc  # noqa: E402
from google.ads.googleads.client import GoogleAdsClient  # noqa: E402
from google.ads.googleads.v26.services.types.google_ads_service import SearchGoogleAdsStreamRequest  # noqa: E402

from backend.sandbox.googleads import demo, search  # noqa: E402
from backend.sandbox.googleads.runtime import Options, Runtime  # noqa: E402

BOUND = 0.35
VOLUME, ROWS_A_DAY = 16, 9_000  # the first client with sixteen times the search terms gives a little more
QUERY = (
    "SELECT search_term_view.search_term, search_term_view.status, campaign.id, ad_group.id, segments.date, "
    "segments.device, metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, "
    "metrics.conversions_value, metrics.ctr FROM search_term_view WHERE segments.date BETWEEN '{start}' AND '{end}'"
)


@dataclass(frozen=True, slots=True)
class Server:
    """The child process: where its two doors are."""

    process: subprocess.Popen[str]
    info: dict[str, Any]


def main() -> int:
    """Run both arms and print the JSON line; 0 when the target is met."""
    parser = argparse.ArgumentParser(description="How fast the sandbox streams, against the same bytes from memory.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    days = arguments.rows // ROWS_A_DAY + 1
    if arguments.serve is not None:
        return serve(arguments.serve, days)
    with tempfile.TemporaryDirectory() as folder:
        server = started(Path(folder), arguments.rows)
        try:
            return measure(server, days, arguments.rounds)
        finally:
            server.process.terminate()
            server.process.wait(20)


def started(folder: Path, rows: int) -> Server:
    """Start the server process and wait until it is ready."""
    command = [sys.executable, __file__, "--serve", str(folder), "--rows", str(rows)]
    environment = {**os.environ, "PYTHONPATH": str(harness.ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    if process.stdout is None:
        raise AssertionError("stdout is piped")
    return Server(process, json.loads(process.stdout.readline()))


def measure(server: Server, days: int, rounds: int) -> int:
    """Check that both arms give the same distinct rows, then time them."""
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = server.info["ca_file"]
    end = datetime.now(UTC).date() - timedelta(days=2)
    query = partial(QUERY.format, end=end)
    whole = query(start=end - timedelta(days=days - 1))
    live, kept = client(server.info, "endpoint"), client(server.info, "kept_endpoint")
    customer_id = server.info["customer_ids"][0]
    read(live, customer_id, query(start=end - timedelta(days=max(1, days // 5) - 1)))
    small = peak_mib(server)
    read(live, customer_id, whole)
    large = peak_mib(server)
    sums = checked(live, customer_id, whole)
    if checked(kept, customer_id, whole) != sums:
        raise AssertionError("the two arms gave different rows")
    rows = sums[0]
    timings = harness.interleave(
        {
            "the sandbox": lambda: read(live, customer_id, whole),
            "the same bytes from memory": lambda: read(kept, customer_id, whole),
        },
        rounds=rounds,
    )
    harness.show("search_term_view, 12 fields, over TLS, read by the google-ads client", timings, rows=rows)
    print(f"  server's peak memory: {small:.0f} MiB after a fifth of the rows, {large:.0f} MiB after all")
    first = first_batch(live, customer_id, whole)
    ratio = timings["the same bytes from memory"].median / timings["the sandbox"].median
    met = harness.target(
        "sandbox_stream",
        "S1",
        ratio,
        BOUND,
        rows=rows,
        rows_per_s=round(rows / timings["the sandbox"].median),
        first_rows_s=round(first, 3),
        peak_mib_fifth=round(small),
        peak_mib=round(large),
    )
    return 0 if met else 1


def client(info: dict[str, Any], endpoint: str) -> Any:
    """The stock client's GoogleAdsService on one of the doors."""
    settings = {
        "use_proto_plus": False,
        "json_key_file_path": str(Path(info["google_ads_yaml"]).parent / "service-account.json"),
        "endpoint": info[endpoint],
        "login_customer_id": info["manager_id"],
    }
    return GoogleAdsClient.load_from_dict(settings, version="v26").get_service("GoogleAdsService")


def read(service: Any, customer_id: str, query: str) -> int:
    """Read a whole stream; how many rows it had."""
    return sum(len(batch.results) for batch in service.search_stream(customer_id=customer_id, query=query))


def first_batch(service: Any, customer_id: str, query: str) -> float:
    """Seconds until the first rows are there."""
    begin = time.perf_counter()
    next(iter(service.search_stream(customer_id=customer_id, query=query)))
    return time.perf_counter() - begin


def checked(service: Any, customer_id: str, query: str) -> tuple[int, int, int, int]:
    """Rows, distinct rows, impressions and cost of a stream."""
    seen: set[int] = set()
    rows = impressions = cost = 0
    for batch in service.search_stream(customer_id=customer_id, query=query):
        rows += len(batch.results)
        for row in batch.results:
            seen.add(hash((row.search_term_view.resource_name, row.segments.date)))
            impressions += row.metrics.impressions
            cost += row.metrics.cost_micros
    if len(seen) < rows:
        raise AssertionError(f"{rows - len(seen)} rows came twice")
    return rows, len(seen), impressions, cost


def peak_mib(server: Server) -> float:
    """The server's largest resident set so far."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


# the server process


def serve(folder: Path, days: int) -> int:
    """Run the sandbox and, beside it, a server of kept messages. Prints one JSON line when ready."""

    def accounts(seed: int, clients: int, history: int, created: datetime) -> Any:
        return demo.build(seed, clients=clients, days=history, created=created, size=VOLUME)

    runtime = Runtime(Options(data=folder, clients=1, days=days + 3), accounts, search.totals)
    port = serve_kept(runtime, folder)
    print(json.dumps({**runtime.info, "kept_endpoint": f"localhost:{port}"}), flush=True)
    threading.Event().wait()  # until the parent ends this process
    return 0


def serve_kept(runtime: Any, folder: Path) -> int:
    """A gRPC server that answers a query with messages it keeps; its port."""
    kept: dict[bytes, list[bytes]] = {}

    def answer(body: bytes, _context: object) -> Iterator[bytes]:
        if body not in kept:
            request = SearchGoogleAdsStreamRequest.pb().FromString(body)
            kept[body] = list(search.stream(runtime.services.world, request, "v26", "kept"))
        yield from kept[body]

    class Kept(grpc.GenericRpcHandler):  # type: ignore[type-arg]
        def service(self, _details: object) -> Any:
            return grpc.unary_stream_rpc_method_handler(answer)

    pair = (folder / "tls" / "server.key", folder / "tls" / "server.pem")
    credentials = grpc.ssl_server_credentials([(pair[0].read_bytes(), pair[1].read_bytes())])
    server = grpc.server(ThreadPoolExecutor(4), handlers=[Kept()], options=(("grpc.max_send_message_length", -1),))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    runtime.kept_server = server  # it lives as long as the runtime
    return port


if __name__ == "__main__":
    sys.exit(main())
