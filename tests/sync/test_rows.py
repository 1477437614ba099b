"""Both decoders against the oracle: the full descriptor read with attrgetter."""

from __future__ import annotations

import datetime as dt
import math
import random
from operator import attrgetter
from typing import Any

import pytest

from backend.integrations.googleads.rows import Column, Kind, Selection, open_decoder
from backend.integrations.googleads.rows.convert import BadValueError
from backend.integrations.googleads.rows.descriptor import find_leaf, full_response

VERSION = "v26"
TERMS = Selection(
    (
        Column("campaign.id", "campaign_id", Kind.INT),
        Column("ad_group.id", "ad_group_id", Kind.INT),
        Column("search_term_view.search_term", "search_term", Kind.TEXT),
        Column("search_term_view.status", "status", Kind.ENUM),
        Column("segments.keyword.ad_group_criterion", "keyword_id", Kind.ID, nullable=True),
        Column("segments.date", "date", Kind.DATE),
        Column("segments.device", "device", Kind.ENUM),
        Column("segments.ad_network_type", "network", Kind.NUMBER),
        Column("metrics.clicks", "clicks", Kind.INT),
        Column("metrics.cost_micros", "cost_micros", Kind.INT),
        Column("metrics.conversions", "conversions", Kind.FLOAT),
    ),
    key=("ad_group_id", "date", "search_term", "device"),
)
STRUCTURE = Selection(
    (
        Column("ad_group_criterion.criterion_id", "criterion_id", Kind.INT),
        Column("ad_group_criterion.cpc_bid_micros", "cpc_bid_micros", Kind.INT, nullable=True),
        Column("ad_group_criterion.negative", "negative", Kind.BOOL),
        Column("ad_group_criterion.type", "type", Kind.ENUM, nullable=True),
        Column("ad_group_criterion.keyword.text", "text", Kind.TEXT, nullable=True),
        Column("ad_group_criterion.final_urls", "final_urls", Kind.TEXTS),
        Column("campaign.start_date_time", "start_date", Kind.DAY, nullable=True),
    ),
    key=("criterion_id",),
)


def message_of(rows: int, seed: int = 1) -> bytes:
    """One response with unusual values on purpose: unset fields, limits of int64, odd text, enums of the future."""
    response, pick = full_response(VERSION)(), random.Random(seed)
    for number in range(rows):
        row = response.results.add()
        row.campaign.id = pick.choice([1, 2**63 - 1, 77])
        row.ad_group.id = number
        row.search_term_view.search_term = pick.choice(["", "zebra", "ÅÄÖ 汉字 \U0001f600", "a\tb\\N\n", 'quote"s'])
        row.search_term_view.status = pick.choice([0, 1, 2, 3, 99])
        row.segments.date = f"2026-0{pick.randint(1, 9)}-1{pick.randint(0, 9)}"
        row.segments.device = pick.choice([0, 2, 3, 4, 250])
        row.segments.ad_network_type = pick.choice([0, 2, 3, 5])
        if number % 3:
            row.segments.keyword.ad_group_criterion = f"customers/1/adGroupCriteria/5~{number}"
        if number % 2:
            row.metrics.clicks = pick.choice([0, -1, -(2**63), 12])
            row.metrics.cost_micros = number * 10**12
            row.metrics.conversions = pick.choice([0.0, 0.1, 1e300, math.inf, 1 / 3])
        row.ad_group_criterion.criterion_id = number
        if number % 4 == 1:
            row.ad_group_criterion.cpc_bid_micros = pick.choice([0, 5])
            row.ad_group_criterion.keyword.text = pick.choice(["", "boots"])
            row.ad_group_criterion.type_ = pick.choice([0, 2])
            row.ad_group_criterion.final_urls.extend(["https://a.example/", "https://b.example/ü"][: number % 3])
            row.campaign.start_date_time = "2026-03-04 00:00:00"
    return bytes(response.SerializeToString())


def oracle(selection: Selection, message: bytes) -> list[tuple[Any, ...]]:
    """What the rows should be, said a second time without the code under test's converters."""
    found = []
    for row in full_response(VERSION).FromString(message).results:
        values = []
        for column in selection.columns:
            leaf = find_leaf(VERSION, column.path)
            *parents, name = leaf.path
            holder = attrgetter(".".join(parents))(row)
            value = getattr(holder, name)
            unset = not holder.HasField(name) if leaf.field.has_presence else not value
            values.append(None if column.nullable and unset else expected(column.kind, value, leaf.enum_names))
        found.append(tuple(values))
    return found


def expected(kind: Kind, value: Any, names: dict[int, str]) -> Any:
    if kind is Kind.ENUM:
        return names.get(value, "UNKNOWN")
    if kind is Kind.DATE or kind is Kind.DAY:
        return dt.date(*map(int, value[:10].split("-")))
    if kind is Kind.TEXTS:
        return list(value)
    if kind is Kind.ID:
        return int(value.replace("~", "/").split("/")[-1])
    return value


@pytest.mark.parametrize("selection", [TERMS, STRUCTURE], ids=["statistics", "structure"])
@pytest.mark.parametrize("fast", [True, False], ids=["arrow", "plain"])
def test_decoders_agree_with_the_full_descriptor(selection: Selection, fast: bool) -> None:
    if fast:
        pytest.importorskip("ptars")
    message = message_of(500)
    decoder = open_decoder(selection, VERSION, fast=fast)
    assert decoder.feed(message) == 500
    chunk = decoder.take()
    assert chunk is not None
    assert chunk.rows == 500
    assert sorted(map(repr, chunk.records())) == sorted(map(repr, oracle(selection, message)))


@pytest.mark.parametrize("fast", [True, False], ids=["arrow", "plain"])
def test_a_key_that_comes_twice_is_kept_as_it_came_last_and_rows_are_sorted(fast: bool) -> None:
    response = full_response(VERSION)()
    for clicks, date in ((1, "2026-01-02"), (2, "2026-01-01"), (3, "2026-01-02")):
        row = response.results.add()
        row.segments.date = date
        row.metrics.clicks = clicks
    selection = Selection(
        (Column("segments.date", "date", Kind.DATE), Column("metrics.clicks", "clicks", Kind.INT)), ("date",)
    )
    decoder = open_decoder(selection, VERSION, fast=fast)
    decoder.feed(response.SerializeToString())
    chunk = decoder.take()
    assert chunk is not None
    assert list(chunk.records()) == [(dt.date(2026, 1, 1), 2), (dt.date(2026, 1, 2), 3)]
    assert chunk.distinct("date") == [dt.date(2026, 1, 1), dt.date(2026, 1, 2)]
    assert decoder.take() is None


@pytest.mark.parametrize("fast", [True, False], ids=["arrow", "plain"])
def test_a_date_that_is_none_is_refused_with_its_text(fast: bool) -> None:
    response = full_response(VERSION)()
    response.results.add().segments.date = "2026-13-45"
    selection = Selection((Column("segments.date", "date", Kind.DATE),), ("date",))
    with pytest.raises(BadValueError, match="2026-13-45"):
        open_decoder(selection, VERSION, fast=fast).feed(response.SerializeToString())


@pytest.mark.parametrize("version", ["v23", "v24", "v25", "v26"])
def test_every_version_has_the_selected_fields(version: str) -> None:
    assert open_decoder(TERMS, version).feed(b"") == 0


def test_json_columns_carry_messages_lists_and_enum_lists() -> None:
    response = full_response(VERSION)()
    ad = response.results.add().ad_group_ad.ad
    ad.id = 4
    ad.final_urls.append("https://example.com/ü")
    ad.responsive_search_ad.headlines.add(text="Boots", pinned_field=2)
    selection = Selection(
        (
            Column("ad_group_ad.ad.id", "id", Kind.INT),
            Column("ad_group_ad.ad.final_urls", "final_urls", Kind.JSON),
            Column("ad_group_ad.ad.responsive_search_ad.headlines", "headlines", Kind.JSON, nullable=True),
            Column("ad_group_ad.ad.responsive_search_ad.descriptions", "descriptions", Kind.JSON, nullable=True),
        ),
        ("id",),
    )
    decoder = open_decoder(selection, VERSION)
    decoder.feed(response.SerializeToString())
    chunk = decoder.take()
    assert chunk is not None
    assert list(chunk.records()) == [
        (4, ["https://example.com/ü"], [{"text": "Boots", "pinned_field": "HEADLINE_1"}], None)
    ]


def test_a_path_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="unknown part 'nonsense'"):
        find_leaf(VERSION, "campaign.nonsense")
