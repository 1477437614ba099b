"""The checker takes what Google takes and refuses the rest with Google's code, at the right place."""

from __future__ import annotations

import importlib
from datetime import date

import pytest

from backend.integrations.googleads.gaql import Category, GaqlError, catalogue, check, problems
from backend.integrations.googleads.gaql.catalogue import VERSIONS
from tests.gaql.invalid import INVALID
from tests.gaql.queries import VALID

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("query", VALID)
def test_takes_valid_queries(query: str) -> None:
    assert problems(query, catalogue("v26"), today=TODAY) == []


@pytest.mark.parametrize(("query", "code", "marked"), INVALID)
def test_refuses_invalid_queries(query: str, code: str, marked: str | None) -> None:
    with pytest.raises(GaqlError) as refused:
        check(query, catalogue("v26"), today=TODAY)
    error = refused.value
    assert error.code == code
    assert problems(query, catalogue("v26"), today=TODAY)[0].code == code, "the other rules stand what this one refuses"
    if marked is not None:
        assert query[error.span.start : error.span.end] == marked
    module = importlib.import_module(f"google.ads.googleads.v26.errors.types.{error.oneof}")
    enum = "".join(part.capitalize() for part in error.oneof.split("_"))
    assert hasattr(getattr(getattr(module, f"{enum}Enum"), enum), error.code), "Google has such a code"


@pytest.mark.parametrize("version", VERSIONS)
def test_names_are_those_of_the_calls_version(version: str) -> None:
    known = catalogue(version)
    removed = "campaign.video_brand_safety_suitability"
    assert (known.field(removed) is not None) == (version == "v23")
    assert (known.field("campaign.aca_migration_date_time") is not None) == (version in ("v25", "v26"))
    assert known.field("campaign.start_date") is None
    assert ("campaign_lifecycle_goal" in known.resources) == (version in ("v23", "v24"))


def test_keywords_of_python_have_their_own_names_in_the_language() -> None:
    field = catalogue("v26").field("ad_group_criterion.type")
    assert field is not None
    assert field.path == ("ad_group_criterion", "type_")
    assert catalogue("v26").field("ad_group_criterion.type_") is None


def test_day_granularity_is_unlimited_in_v23_and_for_months() -> None:
    query = "SELECT segments.{} FROM campaign WHERE segments.date BETWEEN '2022-01-01' AND '2026-01-31'"
    assert problems(query.format("date"), catalogue("v23"), today=TODAY) == []
    assert problems(query.format("month"), catalogue("v26"), today=TODAY) == []
    assert problems(query.format("date"), catalogue("v26"), today=TODAY)[0].oneof == "date_range_error"


def test_all_problems_are_told_with_position_mark_and_suggestion() -> None:
    query = "SELECT campaign.idd,\n  metrics.clickz\nFROM campaign"
    found = problems(query, catalogue("v26"))
    assert [problem.suggestion for problem in found] == ["campaign.id", "metrics.clicks"]
    assert [problem.position(query) for problem in found] == [(1, 8), (2, 3)]
    assert found[1].marked(query) == "  metrics.clickz\n  ^^^^^^^^^^^^^^"
    assert found[0].message == "Unrecognized fields in the query: 'campaign.idd', 'metrics.clickz'."
    assert found[0].documentation.startswith("https://developers.google.com/")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("metrics.cost", "metrics.cost_micros"),
        ("campaign.budget", "campaign.campaign_budget"),
        ("campaign_budget.amount", "campaign_budget.amount_micros"),
        ("ad_group_criterion.keyword", "ad_group_criterion.keyword.text"),
        ("metrics.impresions", "metrics.impressions"),
    ],
)
def test_what_was_probably_meant(written: str, meant: str) -> None:
    assert problems(f"SELECT {written} FROM campaign", catalogue("v26"))[0].suggestion == meant


def test_a_condition_is_marked_up_to_its_closing_bracket() -> None:
    query = "SELECT campaign.id FROM campaign WHERE campaign.name CONTAINS ANY ('a', 'b') AND campaign.id = 1"
    span = problems(query, catalogue("v26"))[0].span
    assert query[span.start : span.end] == "campaign.name CONTAINS ANY ('a', 'b')"


def test_googles_own_messages() -> None:
    known = catalogue("v26")
    incompatible = (
        "Cannot select or filter on the following segments: 'segments.hour'(could not support requested resources: "
        "'GEOGRAPHIC_VIEW'), since segment is incompatible with the resource in the FROM clause or other selected "
        "segmenting resources."
    )
    bad_enum = "Invalid enum value cannot be included in WHERE clause: 'LOGO'."
    bad_range = "Invalid date literal supplied for DURING operator: LAST_90_DAYS."
    texts = {
        "SELECT segments.hour FROM geographic_view": incompatible,
        "SELECT asset.id FROM asset WHERE asset.type = 'LOGO'": bad_enum,
        "SELECT label.id FROM label WHERE label.id = 1 OR label.id = 2": "Error in query: unexpected input OR.",
        "SELECT campaign.id FROM campaign WHERE segments.date DURING LAST_90_DAYS": bad_range,
    }
    for query, message in texts.items():
        assert problems(query, known)[0].message == message


def test_every_field_is_described() -> None:
    known = catalogue("v26")
    fields = list(known.all_fields())
    assert len(fields) == len({field.name for field in fields})
    assert {field.category for field in fields} == set(Category)
    for field in fields:
        if field.category is Category.RESOURCE:
            assert not field.selectable
            assert known.resource(field.name).attributed <= known.resources
        assert not (field.sortable and field.repeated)
    status = known.field("campaign.status")
    assert status is not None
    assert status.enum_values["PAUSED"] == 3
