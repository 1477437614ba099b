"""A gRPC server of prebuilt answers in its own process, so that a benchmark measures client and database."""

from __future__ import annotations

import multiprocessing as mp
import random
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import grpc
import harness

harness.import_the_product()

from backend.integrations.googleads.rows.descriptor import full_response  # noqa: E402

METHOD = "/bench.Answers/Stream"
VERSION = "v26"
MESSAGE_ROWS = 10_000
DAYS = 30
WORDS = ("red", "blue", "running", "trail", "shoes", "boots", "winter", "sale", "cheap", "best", "women", "near me")
OPTIONS = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]


def search_terms(rows: int, seed: int = 7) -> Iterator[bytes]:
    """Answers of search_term_view: January 2026, 900 ad groups, every key once, in no order."""
    pick, response_type = random.Random(seed), full_response(VERSION)
    step = 7_919  # coprime to the counts below: walks through them without an order that the table would like
    for start in range(0, rows, MESSAGE_ROWS):
        response = response_type()
        for number in range(start, min(start + MESSAGE_ROWS, rows)):
            row, place = response.results.add(), number * step % rows
            row.campaign.id = 20_000_000_000 + place % 40
            row.ad_group.id = 150_000_000_000 + place % 900
            row.search_term_view.search_term = f"{' '.join(pick.choices(WORDS, k=3))} {place // DAYS}"
            row.search_term_view.status = pick.choice([2, 3, 4, 5])
            row.segments.keyword.ad_group_criterion = f"customers/1/adGroupCriteria/{row.ad_group.id}~{place % 5000}"
            row.segments.search_term_match_type = 2
            row.segments.date = f"2026-01-{1 + place % DAYS:02d}"
            row.metrics.impressions = pick.randint(1, 500)
            if pick.random() < 0.4:
                row.metrics.clicks = pick.randint(1, 40)
                row.metrics.cost_micros = pick.randint(10_000, 90_000_000)
                row.metrics.conversions = pick.randint(0, 300) / 100
                row.metrics.conversions_value = pick.randint(0, 90_000) / 100
        yield bytes(response.SerializeToString())


def _serve(rows: int, ready: Connection) -> None:
    answers = list(search_terms(rows))

    class Handler(grpc.GenericRpcHandler):  # type: ignore[type-arg]
        def service(self, handler_call_details: Any) -> Any:
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter(answers))

    server = grpc.server(futures.ThreadPoolExecutor(4), options=OPTIONS)
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ready.send(f"127.0.0.1:{port}")
    server.wait_for_termination()


@contextmanager
def served(rows: int) -> Iterator[str]:
    """Serve `rows` rows; gives the address, ends the process afterwards."""
    here, there = mp.Pipe()
    context = mp.get_context("spawn")
    process = context.Process(target=_serve, args=(rows, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def stream(address: str, decode: Callable[[bytes], Any] | None = None) -> Iterator[Any]:
    """The answers of a server, as bytes or through a deserializer."""
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        yield from channel.unary_stream(METHOD, request_serializer=None, response_deserializer=decode)(b"")
