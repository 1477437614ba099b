"""Answers on their way into PostgreSQL: what is encoded is what arrives, and a disk that is full is told."""

from __future__ import annotations

import math
import resource
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from backend.adgraph.spool import Spool, SpoolFull
from backend.adgraph.staging import raw
from backend.core.db import unit_of_work
from backend.integrations.googleads.rows import Chunk, Column, Constant, Kind, Selection, open_decoder
from backend.integrations.googleads.rows.descriptor import full_response
from tests.sync.support import VERSION

SELECTION = Selection(
    (
        Column("campaign.id", "number", Kind.INT),
        Column("metrics.conversions", "conversions", Kind.DECIMAL),
        Column("search_term_view.search_term", "term", Kind.TEXT),
    ),
    ("number",),
)
ACCOUNT = uuid.UUID(int=77)
CONSTANTS = (
    Constant("account", "uuid", ACCOUNT),
    Constant("level", "smallint", 6),
    Constant("parent", "bigint", 2**40),
)
COLUMNS = "account uuid, level smallint, parent bigint, number bigint, conversions numeric, term text"
DOUBLES = [
    0.0,
    -0.0,
    0.1,
    1 / 3,
    2 / 3,
    0.01,
    1234.5678,
    12345678.87654321,
    9999.9999,
    10000.0,
    1e15,
    123456789012345680.0,
]
DOUBLES += [1e300, -1e-300, 5e-324, 0.1 + 0.2, -7.25, math.inf, -math.inf, math.nan, 1e4, 1e8, 0.0001, 0.00001]


def chunk_of(doubles: list[float], *, fast: bool, first: int = 0) -> Chunk:
    response = full_response(VERSION)()
    for number, value in enumerate(doubles, first):
        row = response.results.add()
        row.campaign.id, row.metrics.conversions = number, value
        row.search_term_view.search_term = f"ü {number}"
    decoder = open_decoder(SELECTION, VERSION, fast=fast)
    decoder.feed(response.SerializeToString())
    chunk = decoder.take()
    assert chunk is not None
    return chunk


@pytest.mark.parametrize("fast", [True, False], ids=["arrow", "plain"])
def test_decimals_arrive_as_postgresql_itself_would_cast_them(app: Flask, fast: bool) -> None:
    with app.app_context(), unit_of_work() as work, Spool(SELECTION, CONSTANTS) as spool:
        spool.append(work.session, chunk_of(DOUBLES, fast=fast))
        cursor = raw(work.session)
        cursor.execute(f"CREATE TEMPORARY TABLE arrived ({COLUMNS}, PRIMARY KEY (number)) ON COMMIT DROP")
        spool.copy_into(work.session, "arrived")
        cursor.execute("SELECT account, level, parent, number, conversions::text, term FROM arrived ORDER BY number")
        arrived = cursor.fetchall()
        cursor.execute(
            "SELECT v::numeric::text FROM unnest(%s::float8[]) WITH ORDINALITY AS u (v, n) ORDER BY n", [DOUBLES]
        )
        cast = [text for (text,) in cursor.fetchall()]
    assert arrived == [(ACCOUNT, 6, 2**40, number, text, f"ü {number}") for number, text in enumerate(cast)]


@pytest.mark.parametrize("fast", [True, False], ids=["arrow", "plain"])
def test_both_decoders_tell_decimals(fast: bool) -> None:
    told = [row[1] for row in chunk_of([0.1, 1 / 3, 12.0], fast=fast).records()]
    assert told == [Decimal("0.1"), Decimal("0.333333333333333"), Decimal(12)]


def test_a_stream_that_is_begun_again_leaves_nothing_of_its_first_try(app: Flask) -> None:
    with app.app_context(), unit_of_work() as work, Spool(SELECTION, CONSTANTS) as spool:
        spool.append(work.session, chunk_of([1.0] * 5_000, fast=False))
        spool.clear()
        spool.append(work.session, chunk_of([2.0, 3.0], fast=False))
        spool.append(work.session, chunk_of([4.0], fast=False, first=2))
        cursor = raw(work.session)
        cursor.execute(f"CREATE TEMPORARY TABLE arrived ({COLUMNS}) ON COMMIT DROP")
        spool.copy_into(work.session, "arrived")
        cursor.execute("SELECT number, conversions FROM arrived ORDER BY number")
        assert cursor.fetchall() == [(0, Decimal(2)), (1, Decimal(3)), (2, Decimal(4))]
        assert spool.rows == 3


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_and_leaves_the_database_usable(app: Flask) -> None:
    chunk: Any = chunk_of([1.5] * 20_000, fast=False)
    with app.app_context(), unit_of_work() as work:
        with Spool(SELECTION, CONSTANTS) as spool, files_of_at_most(100_000), pytest.raises(SpoolFull, match="20000"):
            spool.append(work.session, chunk)
        assert spool.rows == 0
        assert raw(work.session).execute("SELECT 1").fetchone() == (1,)
