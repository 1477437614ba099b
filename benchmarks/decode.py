"""P1: from the bytes of a search_term_view answer (12 fields) to rows, against one attrgetter on the full descriptor.

    python3 run.py bench decode [--rows 100000] [--rounds 5]

Arms: `full` parses with Google's whole descriptor and reads each row with one compiled attrgetter (the reference);
`plain` is the product's path without the fast wheels; `arrow` is its default path. Both product arms also turn enum
numbers into names and texts into dates, which the reference leaves undone. `garf` is Google's own report fetcher on its
default client (proto-plus), given the first messages only: it is slow, and rows a second are what is compared. All arms
are compared value by value. The default size takes about two minutes.
"""

from __future__ import annotations

import argparse
import random
from datetime import date
from operator import attrgetter
from typing import Any

import harness

harness.import_the_product()

import other_tools  # noqa: E402

from backend.integrations.googleads.rows import Column, Kind, Selection, fast_path_installed, open_decoder  # noqa: E402
from backend.integrations.googleads.rows.convert import converter  # noqa: E402
from backend.integrations.googleads.rows.descriptor import find_leaf, full_response  # noqa: E402

VERSION = "v26"
MESSAGE_ROWS = 10_000
GARF_MESSAGES = 2
GARF = "garf"
SELECTION = Selection(
    (
        Column("campaign.id", "campaign_id", Kind.INT),
        Column("ad_group.id", "ad_group_id", Kind.INT),
        Column("search_term_view.search_term", "search_term", Kind.TEXT),
        Column("search_term_view.status", "status", Kind.ENUM),
        Column("segments.keyword.info.text", "keyword_text", Kind.TEXT),
        Column("segments.keyword.info.match_type", "match_type", Kind.ENUM),
        Column("segments.date", "date", Kind.DATE),
        Column("segments.device", "device", Kind.ENUM),
        Column("metrics.impressions", "impressions", Kind.INT),
        Column("metrics.clicks", "clicks", Kind.INT),
        Column("metrics.cost_micros", "cost_micros", Kind.INT),
        Column("metrics.conversions", "conversions", Kind.FLOAT),
    ),
    key=("ad_group_id", "date", "search_term", "device"),
)
WORDS = ("red", "blue", "running", "trail", "shoes", "boots", "winter", "sale", "cheap", "best", "women", "near me")


def messages(rows: int, seed: int = 7) -> list[bytes]:
    """Synthetic but realistic answers of up to 10,000 rows each."""
    pick, made = random.Random(seed), []
    response_type = full_response(VERSION)
    for start in range(0, rows, MESSAGE_ROWS):
        response = response_type()
        for number in range(start, min(start + MESSAGE_ROWS, rows)):
            row = response.results.add()
            row.campaign.id = 20_000_000_000 + number % 40
            row.ad_group.id = 150_000_000_000 + number % 900
            row.search_term_view.search_term = f"{' '.join(pick.choices(WORDS, k=3))} {number}"
            row.search_term_view.status = pick.choice([2, 3, 4, 5])
            row.segments.keyword.info.text = " ".join(pick.choices(WORDS, k=2))
            row.segments.keyword.info.match_type = pick.choice([2, 3, 4])
            row.segments.date = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}"
            row.segments.device = pick.choice([2, 3, 4])
            row.metrics.impressions = pick.randint(1, 500)
            if pick.random() < 0.4:
                row.metrics.clicks = pick.randint(1, 40)
                row.metrics.cost_micros = pick.randint(10_000, 90_000_000)
                row.metrics.conversions = pick.randint(0, 300) / 100
        made.append(bytes(response.SerializeToString()))
    return made


def full(answers: list[bytes]) -> list[tuple[Any, ...]]:
    """The reference: everything is parsed, one attrgetter takes the twelve fields."""
    response_type = full_response(VERSION)
    get = attrgetter(*(".".join(find_leaf(VERSION, column.path).path) for column in SELECTION.columns))
    rows: list[tuple[Any, ...]] = []
    for answer in answers:
        rows.extend(map(get, response_type.FromString(answer).results))
    return rows


def product(answers: list[bytes], *, fast: bool) -> Any:
    """One of the product's decoders, fed and left undrained: conversion only, without sorting."""
    decoder = open_decoder(SELECTION, VERSION, fast=fast)
    for answer in answers:
        decoder.feed(answer)
    return decoder


def same_rows(answers: list[bytes], fast: bool) -> bool:
    """Whether a product arm and the reference say the same, once the reference is converted too."""
    converters = [converter(column, find_leaf(VERSION, column.path)) for column in SELECTION.columns]
    expected = sorted(
        tuple(convert(value) if convert else value for convert, value in zip(converters, row, strict=True))
        for row in full(answers)
    )
    chunk = product(answers, fast=fast).take()
    return sorted(chunk.records()) == expected


def garf_says_the_same(answers: list[bytes]) -> bool:
    """Whether garf's rows are the product's; it leaves dates as texts."""
    when = SELECTION.names.index("date")
    told = [
        (*row[:when], date.fromisoformat(row[when]), *row[when + 1 :])
        for row in other_tools.garf_rows(answers, SELECTION, VERSION)
    ]
    return sorted(told) == sorted(product(answers, fast=False).take().records())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    answers = messages(options.rows)
    arms = {"full descriptor, attrgetter": lambda: full(answers), "plain": lambda: product(answers, fast=False)}
    if fast_path_installed():
        arms["arrow"] = lambda: product(answers, fast=True)
    few = answers[:GARF_MESSAGES]
    if other_tools.installed("garf"):
        if not garf_says_the_same(few):
            raise SystemExit("garf disagrees about the data")
        arms[GARF] = lambda: other_tools.garf_rows(few, SELECTION, VERSION)
    for fast in {False, fast_path_installed()}:
        if not same_rows(answers, fast):
            raise SystemExit("the arms disagree about the data")
    timings = harness.interleave(arms, rounds=options.rounds)
    garf_timing = timings.pop(GARF, None)
    harness.show("P1 row conversion, 12 fields", timings, rows=options.rows)
    reference = timings["full descriptor, attrgetter"].median
    met = [harness.target("decode", "P1 fallback", reference / timings["plain"].median, 1.8, rows=options.rows)]
    if "arrow" in timings:
        met.append(harness.target("decode", "P1", reference / timings["arrow"].median, 10, rows=options.rows))
    if garf_timing is not None:
        asked = min(GARF_MESSAGES * MESSAGE_ROWS, options.rows)
        harness.show("The same by garf, first messages only", {GARF: garf_timing}, rows=asked)
        best = min(timing.median for timing in timings.values())
        ratio = garf_timing.median / asked / (best / options.rows)
        met.append(harness.target("decode", "P1 garf", ratio, 30, rows=options.rows))
    else:
        print("garf is not installed: its arm was left out")
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
