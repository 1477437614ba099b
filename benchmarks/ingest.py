"""P2, P3, P4, P11: from a gRPC stream of search_term_view into PostgreSQL, end to end.

    python3 run.py bench ingest --rows 1000000                       P2: product and fallback against the reference
    python3 run.py bench ingest --rows 1000000 --arms fresh,unchanged  P4: the same window once more
    python3 run.py bench ingest --rows 200000,2000000 --memory       P3: peak memory of the reading process
    python3 run.py bench ingest --rows 1000000 --growth              P11: ten times the rows; two accounts at once

The reference is a good pipeline of the usual kind: full descriptor, one attrgetter, binary COPY by `write_row` into an
unlogged stage, MERGE per 50,000 rows. All arms read the same server of prebuilt answers and fill the same table; their
contents are compared by a digest of every row. dlt fills a table of its own with fewer rows (`--dlt-rows`), which are
compared with the same digest; it is slow, and rows a second are what is compared. At a million rows P2 takes about ten
minutes on two cores, P11 about as long.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from operator import attrgetter
from typing import Any

import harness

harness.import_the_product()

import other_tools  # noqa: E402
import streaming  # noqa: E402
from sqlalchemy import Engine, create_engine, text  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from backend.adgraph import partitions  # noqa: E402
from backend.adgraph.spool import Spool  # noqa: E402
from backend.adgraph.staging import Stage, raw  # noqa: E402
from backend.adgraph.stats import SEARCH_TERMS, merge_window  # noqa: E402
from backend.integrations.googleads.rows import Kind, fast_path_installed, open_decoder  # noqa: E402
from backend.integrations.googleads.rows.convert import converter  # noqa: E402
from backend.integrations.googleads.rows.descriptor import find_leaf, full_response  # noqa: E402
from backend.sync.reading import CHUNK_ROWS  # noqa: E402
from backend.sync.stat_queries import SEARCH_TERM_STATS  # noqa: E402

NEEDS = ("database",)
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)
CUSTOMER = uuid.UUID(int=1)
REFERENCE_CHUNK = 50_000
DLT_ROUNDS = 3
SELECTION = SEARCH_TERM_STATS.selection
REFERENCE = replace(
    SELECTION, columns=tuple(replace(c, kind=Kind.FLOAT) if c.kind is Kind.DECIMAL else c for c in SELECTION.columns)
)
"""Doubles are doubles for the reference, and PostgreSQL casts them; only the product encodes decimals itself."""
TABLE = SEARCH_TERMS.qualified


def connect(name: str = "DATABASE_URL") -> Engine:
    """The database that `run.py bench` started."""
    return create_engine(os.environ[name].replace("postgresql://", "postgresql+psycopg://", 1))


def reference(engine: Engine, address: str, customer: uuid.UUID = CUSTOMER) -> None:
    """The usual good pipeline."""
    leaves = [find_leaf(streaming.VERSION, column.path) for column in REFERENCE.columns]
    get = attrgetter(*(".".join(leaf.path) for leaf in leaves))
    converters = [converter(column, leaf) for column, leaf in zip(REFERENCE.columns, leaves, strict=True)]
    stage = Stage(customer, "reference", REFERENCE)
    waiting: list[tuple[Any, ...]] = []
    for message in streaming.stream(address, full_response(streaming.VERSION).FromString):
        for values in map(get, message.results):
            waiting.append(tuple(c(v) if c else v for c, v in zip(converters, values, strict=True)))
        while len(waiting) >= REFERENCE_CHUNK:
            _reference_merge(engine, stage, waiting[:REFERENCE_CHUNK])
            del waiting[:REFERENCE_CHUNK]
    if waiting:
        _reference_merge(engine, stage, waiting)


def _reference_merge(engine: Engine, stage: Stage, rows: list[tuple[Any, ...]]) -> None:
    types = {"bigint": "int8", "smallint": "int2", "double precision": "float8"}
    keys = " AND ".join(f"t.{column} = s.{column}" for column in SEARCH_TERMS.key)
    mine = ", ".join(f"t.{column}" for column in SEARCH_TERMS.values)
    theirs = ", ".join(f"s.{column}" for column in SEARCH_TERMS.values)
    with Session(engine) as session:
        stage.create(session)
        cursor = raw(session)
        names = ", ".join(REFERENCE.names)
        with cursor.copy(f"COPY {stage.table} ({names}) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types([types.get(column.kind.sql_type, column.kind.sql_type) for column in REFERENCE.columns])
            for row in rows:
                copy.write_row(row)
        columns = ", ".join((*SEARCH_TERMS.key, *SEARCH_TERMS.values))
        cursor.execute(
            f"MERGE INTO {TABLE} t USING {stage.table} s ON t.customer_id = %(customer)s AND {keys}"
            f" AND t.date >= DATE '{FIRST}' AND t.date <= DATE '{LAST}'"
            f" WHEN MATCHED AND ({mine}) IS DISTINCT FROM ({theirs}) THEN UPDATE SET"
            f" {', '.join(f'{column} = s.{column}' for column in SEARCH_TERMS.values)}"
            f" WHEN NOT MATCHED THEN INSERT (customer_id, {columns}) VALUES (%(customer)s,"
            f" {', '.join('s.' + column for column in (*SEARCH_TERMS.key, *SEARCH_TERMS.values))})",
            {"customer": stage.customer_id},
        )
        stage.drop(session)
        session.commit()


def product(engine: Engine, address: str, customer: uuid.UUID = CUSTOMER, *, fast: bool = True) -> Any:
    """What the sync does with a window: spool, one merge, nothing open while the stream is read."""
    decoder = open_decoder(SELECTION, streaming.VERSION, fast=fast)
    with Spool(SELECTION, SEARCH_TERMS.constants(customer)) as spool:

        def flush() -> None:
            chunk = decoder.take()
            if chunk is not None:
                with Session(engine) as session:
                    spool.append(session, chunk)
                    session.commit()

        for message in streaming.stream(address):
            if decoder.feed(message) >= CHUNK_ROWS:
                flush()
        flush()
        with Session(engine) as session:
            merged = merge_window(session, customer, spool, SEARCH_TERMS, (FIRST, LAST))
            session.commit()
    return merged


def empty(engine: Engine) -> None:
    """Begin every fresh load with an empty partition."""
    with Session(engine) as session:
        partitions.ensure(session, SEARCH_TERMS.name, FIRST, LAST)
        session.execute(text(f"TRUNCATE {TABLE}"))
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT")) if _may_checkpoint(connection) else None


def _may_checkpoint(connection: Any) -> bool:
    return bool(connection.execute(text("SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE')")).scalar())


def digest(engine: Engine) -> tuple[int, str]:
    """How many rows there are, and a sum over a hash of each."""
    with engine.connect() as connection:
        return _digest(connection, TABLE)


def _digest(connection: Any, table: str) -> tuple[int, str]:
    row = connection.execute(
        text(f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {table} t")
    ).one()
    return int(row[0]), str(row[1])


def timed(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def fresh_loads(engine: Engine, address: str, rows: int, rounds: int, dlt_rows: int) -> bool:
    """P2."""
    arms: dict[str, Callable[[], object]] = {
        "reference": lambda: reference(engine, address),
        "fallback": lambda: product(engine, address, fast=False),
    }
    if fast_path_installed():
        arms["product"] = lambda: product(engine, address)
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    digests = set()
    for _ in range(rounds):
        for name, arm in arms.items():
            empty(engine)
            seconds[name].append(timed(arm))
            digests.add(digest(engine))
    if len(digests) != 1 or digests.pop()[0] != rows:
        raise SystemExit("the arms stored different data")
    timings = {name: harness.timing(values) for name, values in seconds.items()}
    harness.show("P2 stream to table", timings, rows=rows)
    base = timings["reference"].median
    met = [harness.target("ingest", "P2 fallback", base / timings["fallback"].median, 1.4, rows=rows)]
    if "product" in timings:
        met.append(harness.target("ingest", "P2", base / timings["product"].median, 2.5, rows=rows))
    if dlt_rows and other_tools.installed("dlt"):
        best = min(timing.median for timing in timings.values())
        met.append(against_dlt(engine, min(dlt_rows, rows), min(rounds, DLT_ROUNDS), rows / best))
    else:
        print("dlt is not installed or not asked for: its arm was left out")
    return all(met)


def dlt_digest(engine: Engine) -> tuple[int, str]:
    """The digest of what dlt loaded, brought into the form of our table."""
    names = dict(zip(SELECTION.names, other_tools.paths(SELECTION, streaming.VERSION), strict=True))
    values = {name: f"coalesce({path}::numeric, 0)" for name, path in names.items()} | {
        "date": f"{names['date']}::date",
        "search_term": names["search_term"],
        "keyword_google_id": f"split_part({names['keyword_google_id']}, '~', 2)::bigint",
    }
    with engine.begin() as connection:
        columns = connection.execute(text(f"SELECT * FROM {TABLE} LIMIT 0")).keys()
        listed = ", ".join(f"{values.get(name, f'uuid {str(CUSTOMER)!r}')} AS {name}" for name in columns)
        connection.execute(text(f"CREATE TEMPORARY TABLE told ON COMMIT DROP AS TABLE {TABLE} WITH NO DATA"))
        connection.execute(text(f"INSERT INTO told SELECT {listed} FROM {other_tools.DATASET}.{other_tools.LOADED}"))
        return _digest(connection, "told")


def against_dlt(engine: Engine, rows: int, rounds: int, rate: float) -> bool:
    """P2 against dlt: both fill a table with the same rows; the product's rate is that of the large load."""
    seconds, owner = [], connect("MIGRATION_DATABASE_URL")
    names = dict(zip(SELECTION.names, other_tools.paths(SELECTION, streaming.VERSION), strict=True))
    key = [names[name] for name in SEARCH_TERMS.key]
    with streaming.served(rows) as address:
        empty(engine)
        product(engine, address, fast=fast_path_installed())
        expected = digest(engine)
        for _ in range(rounds):
            _drop_loaded(owner)
            load = partial(other_tools.dlt_load, partial(streaming.stream, address), key, streaming.VERSION)
            seconds.append(timed(load))
        if dlt_digest(owner) != expected:
            raise SystemExit("dlt stored different data")
        _drop_loaded(owner)
    timings = {"dlt": harness.timing(seconds)}
    harness.show("The same by dlt, fewer rows", timings, rows=rows)
    return harness.target("ingest", "P2 dlt", rate * timings["dlt"].median / rows, 25, rows=rows)


def _drop_loaded(engine: Engine) -> None:
    with engine.begin() as connection:
        for statement in other_tools.dlt_clean_up():
            connection.execute(text(statement))


def unchanged_pull(engine: Engine, address: str, rows: int, rounds: int) -> bool:
    """P4."""
    fresh, again = [], []
    for _ in range(rounds):
        empty(engine)
        fresh.append(timed(lambda: product(engine, address, fast=fast_path_installed())))
        begin = time.perf_counter()
        merged = product(engine, address, fast=fast_path_installed())
        again.append(time.perf_counter() - begin)
        if (merged.written, merged.deleted) != (0, 0):
            raise SystemExit(f"an unchanged window was written: {merged}")
    timings = {"fresh": harness.timing(fresh), "unchanged": harness.timing(again)}
    harness.show("P4 the same window once more", timings, rows=rows)
    ratio = timings["fresh"].median / timings["unchanged"].median
    return harness.target("ingest", "P4", ratio, 1.1, rows=rows, tuples_updated=0)


def _in_process(address: str, customer: uuid.UUID, start: Any, answer: Any) -> None:
    engine = connect()
    start.wait()
    seconds = timed(lambda: product(engine, address, customer, fast=fast_path_installed()))
    answer.put((seconds, harness.peak_rss_mib()))


def in_processes(addresses: list[tuple[str, uuid.UUID]]) -> tuple[float, float]:
    """Run loads side by side, each in a fresh process, begun together; gives the longest and the largest peak."""
    context = mp.get_context("spawn")
    answers: Any = context.Queue()
    start = context.Barrier(len(addresses))
    processes = [context.Process(target=_in_process, args=(*place, start, answers)) for place in addresses]
    for process in processes:
        process.start()
    told = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return max(seconds for seconds, _ in told), max(peak for _, peak in told)


def memory(engine: Engine, sizes: list[int]) -> bool:
    """P3: the smaller and the larger load, each in a fresh process."""
    peaks = {}
    for rows in sizes:
        with streaming.served(rows) as address:
            empty(engine)
            _, peaks[rows] = in_processes([(address, CUSTOMER)])
            print(f"  {rows:>10,} rows: peak {peaks[rows]:.0f} MiB")
    small, large = peaks[min(sizes)], peaks[max(sizes)]
    met = harness.target("ingest", "P3", large / small, 1.3, at_most=True, rows=max(sizes), peak_mib=round(large))
    return harness.target("ingest", "P3 MiB", large, 450, at_most=True, rows=max(sizes)) and met


def growth(engine: Engine, rows: int, rounds: int) -> bool:
    """P11: throughput at a tenth of the rows and at all of them; one account and two at once."""
    rates: dict[int, list[float]] = {rows // 10: [], rows: []}
    alone, together = [], []
    with streaming.served(rows // 10) as small, streaming.served(rows) as large:
        for _ in range(rounds):
            for size, address in ((rows // 10, small), (rows, large)):
                empty(engine)
                rates[size].append(size / timed(partial(product, engine, address, fast=fast_path_installed())))
            empty(engine)
            alone.append(in_processes([(large, CUSTOMER)])[0])
            empty(engine)
            together.append(in_processes([(large, CUSTOMER), (large, uuid.UUID(int=2))])[0])
    timings = {"alone": harness.timing(alone), "two at once": harness.timing(together)}
    harness.show("P11 one account, and two at once", timings)
    kept = harness.timing(rates[rows]).median / harness.timing(rates[rows // 10]).median
    met = harness.target("ingest", "P11 growth", kept, 0.8, rows=rows)
    speedup = 2 * timings["alone"].median / timings["two at once"].median
    return harness.target("ingest", "P11 two accounts", speedup, 1.6, rows=rows) and met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="1000000", help="one number, or two with --memory")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dlt-rows", type=int, default=30_000, help="how many rows dlt loads; 0: none")
    parser.add_argument("--arms", default="", help="fresh,unchanged: P4")
    parser.add_argument("--memory", action="store_true", help="P3")
    parser.add_argument("--growth", action="store_true", help="P11")
    options = parser.parse_args()
    sizes = [int(part) for part in options.rows.split(",")]
    engine = connect()
    if options.memory:
        return 0 if memory(engine, sizes) else 1
    if options.growth:
        return 0 if growth(engine, sizes[0], options.rounds) else 1
    with streaming.served(sizes[0]) as address:
        if options.arms == "fresh,unchanged":
            return 0 if unchanged_pull(engine, address, sizes[0], options.rounds) else 1
        return 0 if fresh_loads(engine, address, sizes[0], options.rounds, options.dlt_rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
