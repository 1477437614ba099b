"""The three-way merge on PostgreSQL: base, mine and theirs, field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from google.protobuf.json_format import ParseDict

from backend.sync.asset_queries import ACCOUNT_ASSETS, ASSETS
from backend.sync.keyword_queries import AD_GROUP_KEYWORDS
from backend.sync.queries import AD_GROUPS, ADS, BUDGETS, CAMPAIGNS
from tests.support.database import Rows
from tests.support.team import Team
from tests.sync.support import Structure, answer, new_account


@pytest.fixture
def structure(app: Flask, team: Team, rows: Rows) -> Structure:
    return Structure(app, team.tenant_id, new_account(rows, team.tenant_id))


def campaign(google_id: int = 7, **fields: Any) -> Callable[[Any], None]:
    def fill(row: Any) -> None:
        row.campaign.id = google_id
        row.campaign.name = fields.get("name", "Spring")
        row.campaign.status = fields.get("status", 2)
        row.campaign.advertising_channel_type = 2
        row.campaign.campaign_budget = "customers/1/campaignBudgets/70"
        row.campaign.start_date_time = "2026-01-02 00:00:00"
        row.campaign.tracking_url_template = fields.get("tracking", "")
        row.campaign.serving_status = fields.get("serving", 2)

    return fill


def edit(structure: Structure, rows: Rows, **changes: Any) -> None:
    """A person edits the campaign: the local values, marked dirty, with what Google had as their base."""
    before = rows("SELECT * FROM campaigns WHERE customer_id = :c", c=structure.customer_id)[0]
    for name, value in changes.items():
        rows(
            f"UPDATE campaigns SET {name} = :value, dirty_fields = dirty_fields || ARRAY[:name],"
            " base = base || CAST(:base AS jsonb), sync_status = 'dirty', version = version + 1,"
            " updated_at = clock_timestamp() WHERE customer_id = :c",
            c=structure.customer_id,
            value=value,
            name=name,
            base=json.dumps({name: before[name]}),
        )


def only(rows: Rows, structure: Structure, table: str = "campaigns") -> dict[str, Any]:
    found = rows(f"SELECT * FROM {table} WHERE customer_id = :c", c=structure.customer_id)
    assert len(found) == 1
    return found[0]


def test_a_campaign_of_google_s_appears_as_published(structure: Structure, rows: Rows) -> None:
    merged = structure.merge(CAMPAIGNS, answer(campaign()))
    row = only(rows, structure)
    assert (merged.changed, merged.removed, merged.skipped) == (1, 0, 0)
    assert (row["status"], row["google_status"], row["sync_status"]) == ("PUBLISHED", "ENABLED", "synced")
    assert row["start_date"].isoformat() == "2026-01-02"
    assert row["resource_name"].endswith("/campaigns/7")
    assert row["first_synced_at"] is not None
    assert len(rows("SELECT 1 FROM account_campaign WHERE customer_id = :c", c=structure.customer_id)) == 1


def test_an_unchanged_answer_writes_nothing_and_keeps_the_version(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign()))
    before = rows("SELECT xmin::text, version FROM campaigns WHERE customer_id = :c", c=structure.customer_id)
    assert structure.merge(CAMPAIGNS, answer(campaign())).changed == 0
    assert rows("SELECT xmin::text, version FROM campaigns WHERE customer_id = :c", c=structure.customer_id) == before


def test_read_only_fields_follow_google_without_a_new_version(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign(serving=2)))
    before = only(rows, structure)
    structure.merge(CAMPAIGNS, answer(campaign(serving=4)))
    after = only(rows, structure)
    assert after["serving_status"] != before["serving_status"]
    assert after["version"] == before["version"]


def test_a_dirty_field_is_kept_while_the_others_follow(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign()))
    edit(structure, rows, name="Mine")
    merged = structure.merge(CAMPAIGNS, answer(campaign(tracking="https://t.example/{lpurl}")))
    row = only(rows, structure)
    assert merged.changed == 1
    assert (row["name"], row["tracking_url_template"]) == ("Mine", "https://t.example/{lpurl}")
    assert (row["sync_status"], row["dirty_fields"], row["remote"]) == ("dirty", ["name"], {})


def test_both_sides_changed_one_field_is_a_conflict_with_both_values(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign()))
    edit(structure, rows, name="Mine")
    structure.merge(CAMPAIGNS, answer(campaign(name="Theirs")))
    row = only(rows, structure)
    assert (row["name"], row["sync_status"]) == ("Mine", "conflict")
    assert (row["base"], row["remote"]) == ({"name": "Spring"}, {"name": "Theirs"})


def test_a_conflict_ends_when_google_goes_back(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign()))
    edit(structure, rows, name="Mine")
    structure.merge(CAMPAIGNS, answer(campaign(name="Theirs")))
    structure.merge(CAMPAIGNS, answer(campaign(name="Spring")))
    row = only(rows, structure)
    assert (row["name"], row["sync_status"], row["remote"]) == ("Mine", "dirty", {})


def test_the_same_change_on_both_sides_is_clean_again(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign()))
    edit(structure, rows, name="Same")
    structure.merge(CAMPAIGNS, answer(campaign(name="Same")))
    row = only(rows, structure)
    assert (row["sync_status"], row["dirty_fields"], row["base"], row["remote"]) == ("synced", [], {}, {})


def test_an_answer_older_than_the_row_changes_nothing_and_is_read_again(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign()))
    asked = structure.now()
    rows(
        "UPDATE campaigns SET name = 'Pushed', updated_at = clock_timestamp() WHERE customer_id = :c",
        c=structure.customer_id,
    )
    merged = structure.merge(CAMPAIGNS, answer(campaign(name="Spring")), read_at=asked)
    assert only(rows, structure)["name"] == "Pushed"
    assert (merged.changed, merged.skipped) == (0, 1)


def test_what_google_no_longer_lists_is_removed_but_kept(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign(7), campaign(8, name="Autumn")))
    merged = structure.merge(CAMPAIGNS, answer(campaign(7)))
    found = rows(
        "SELECT google_id, status, google_status FROM campaigns WHERE customer_id = :c ORDER BY google_id",
        c=structure.customer_id,
    )
    assert merged.removed == 1
    assert [tuple(row.values()) for row in found] == [(7, "PUBLISHED", "ENABLED"), (8, "REMOVED", "REMOVED")]
    assert structure.merge(CAMPAIGNS, answer(), complete=False).removed == 0


def test_notes_and_tags_are_never_touched(structure: Structure, rows: Rows) -> None:
    structure.merge(CAMPAIGNS, answer(campaign()))
    rows(
        "UPDATE campaigns SET internal_notes = 'ours', tags = '{a,b}', internal_label = 'l' WHERE customer_id = :c",
        c=structure.customer_id,
    )
    structure.merge(CAMPAIGNS, answer(campaign(name="New")))
    row = only(rows, structure)
    assert (row["name"], row["internal_notes"], row["tags"], row["internal_label"]) == ("New", "ours", ["a", "b"], "l")


def test_a_publish_in_flight_is_not_taken_for_a_stranger(structure: Structure, rows: Rows) -> None:
    rows(
        "INSERT INTO campaigns (customer_id, id, name, campaign_type, status, sync_status, publishable) VALUES"
        " (:c, gen_random_uuid(), 'Spring', 'SEARCH', 'PUBLISHING', 'publishing', true)",
        c=structure.customer_id,
    )
    merged = structure.merge(CAMPAIGNS, answer(campaign()))
    assert only(rows, structure)["status"] == "PUBLISHING"
    assert merged.skipped >= 1


def test_children_find_their_parents_and_wait_for_unknown_ones(structure: Structure, rows: Rows) -> None:
    def ad_group(parent: int) -> Callable[[Any], None]:
        def fill(row: Any) -> None:
            row.ad_group.id, row.campaign.id, row.ad_group.name, row.ad_group.status = 20 + parent, parent, "G", 3
            row.ad_group.cpc_bid_micros = 2_500_000_000_000

        return fill

    structure.merge(BUDGETS, answer(lambda row: setattr(row.campaign_budget, "id", 70)))
    structure.merge(CAMPAIGNS, answer(campaign(7)))
    merged = structure.merge(AD_GROUPS, answer(ad_group(7), ad_group(9)))
    group = only(rows, structure, "ad_groups")
    assert (group["google_id"], group["status"], group["cpc_bid_micros"]) == (27, "PAUSED", 2_500_000_000_000)
    assert merged.skipped == 1
    edge = only(rows, structure, "campaign_adgroup")
    assert (edge["campaign_id"], edge["ad_group_id"]) == (only(rows, structure)["id"], group["id"])
    assert only(rows, structure)["budget_id"] == only(rows, structure, "campaign_budgets")["id"]


def test_ads_and_keywords_hang_on_their_ad_group(structure: Structure, rows: Rows) -> None:
    def group(row: Any) -> None:
        row.ad_group.id, row.campaign.id, row.ad_group.status = 27, 7, 2

    def ad(row: Any) -> None:
        row.ad_group_ad.ad.id, row.ad_group.id, row.ad_group_ad.status = 5, 27, 2
        row.ad_group_ad.ad.type_ = 2
        row.ad_group_ad.ad.final_urls.append("https://example.com")
        row.ad_group_ad.ad.expanded_text_ad.headline_part1 = "Old words"
        row.ad_group_ad.policy_summary.approval_status = 4

    def keyword(google_id: int, negative: bool) -> Callable[[Any], None]:
        def fill(row: Any) -> None:
            criterion = row.ad_group_criterion
            criterion.criterion_id, row.ad_group.id, criterion.status = google_id, 27, 2
            criterion.keyword.text, criterion.keyword.match_type, criterion.negative = "boots", 2, negative

        return fill

    structure.merge(CAMPAIGNS, answer(campaign(7)))
    structure.merge(AD_GROUPS, answer(group))
    structure.merge(ADS, answer(ad))
    structure.merge(AD_GROUP_KEYWORDS, answer(keyword(1, False), keyword(2, True)))
    stored = only(rows, structure, "ads")
    assert stored["final_urls"] == ["https://example.com"]
    assert stored["attributes"]["headline_part1"] == "Old words"
    assert only(rows, structure, "adgroup_ad")["properties"] == {"approval_status": "APPROVED"}
    found = rows(
        "SELECT google_id, negative, match_type FROM keywords WHERE customer_id = :c ORDER BY 1",
        c=structure.customer_id,
    )
    assert [tuple(row.values()) for row in found] == [(1, False, "EXACT"), (2, True, "EXACT")]
    assert len(rows("SELECT 1 FROM adgroup_keyword WHERE customer_id = :c", c=structure.customer_id)) == 2
    assert structure.merge(ADS, answer(ad)).changed == 0
    assert structure.merge(AD_GROUP_KEYWORDS, answer(keyword(2, True))).removed == 1


def test_a_late_publish_wins_over_the_answer_that_was_asked_before(structure: Structure, rows: Rows) -> None:
    asked = structure.now() - timedelta(seconds=5)
    structure.merge(CAMPAIGNS, answer(campaign()))
    assert structure.merge(CAMPAIGNS, answer(), read_at=asked).removed == 0
    assert only(rows, structure)["status"] == "PUBLISHED"


def _places(rows: Rows, *targetings: dict[str, Any]) -> list[Any]:
    """Targetings as `canonical_targeting` writes them."""
    return [
        rows("SELECT canonical_targeting(CAST(:t AS jsonb)) AS it", t=json.dumps(targeting))[0]["it"]
        for targeting in targetings
    ]


def test_targetings_that_say_the_same_are_equal_and_others_are_not(rows: Rows) -> None:
    hours = {"day_of_week": "MONDAY", "start_hour": 8, "end_hour": 18}
    one, same, other, cheaper = _places(
        rows,
        {"locations": [{"id": "2"}, {"id": "1", "negative": True}], "languages": ["9", "8"], "ad_schedule": [hours]},
        {
            "ad_schedule": [hours | {"start_minute": 0, "end_minute": 0, "bid_modifier": 1.0}],
            "devices": [{"type": "MOBILE"}, {"type": "TABLET", "bid_modifier": 1}],
            "languages": ["8", "9"],
            "locations": [{"id": "1", "negative": True}, {"id": "2", "negative": False, "bid_modifier": None}],
        },
        {"locations": [{"id": "2"}, {"id": "1"}], "languages": ["9", "8"], "ad_schedule": [hours]},
        {"locations": [{"id": "2", "bid_modifier": 1.2000000476837158}]},
    )
    assert one == same
    assert one != other
    assert cheaper == {"locations": [{"id": "2", "negative": False, "bid_modifier": 1.2}]}
    assert _places(rows, {}, {"locations": [], "devices": None}) == [{}, {}]


@pytest.mark.parametrize(
    ("kind", "strategy", "chosen"),
    [
        (10, "maximize_conversions", {"target_cpa_micros": 5, "cpc_bid_ceiling_micros": 7}),
        (11, "maximize_conversion_value", {"target_roas": 2.5, "cpc_bid_floor_micros": 7}),
        (6, "target_cpa", {"target_cpa_micros": 5, "cpc_bid_floor_micros": 3}),
        (8, "target_roas", {"target_roas": 4.0}),
        (9, "target_spend", {"target_spend_micros": 5, "cpc_bid_ceiling_micros": 7}),
        (15, "target_impression_share", {"location": "TOP_OF_PAGE", "location_fraction_micros": 650_000}),
        (3, "manual_cpc", {}),
    ],
)
def test_a_campaign_s_bidding_is_its_strategy_with_what_is_set(
    structure: Structure, rows: Rows, kind: int, strategy: str, chosen: dict[str, Any]
) -> None:
    def fill(row: Any) -> None:
        campaign()(row)
        row.campaign.bidding_strategy_type = kind
        ParseDict({strategy: chosen}, row.campaign)

    structure.merge(CAMPAIGNS, answer(fill))
    assert only(rows, structure)["bidding"] == {strategy: chosen}


def test_a_link_to_the_account_that_google_no_longer_lists_is_removed(structure: Structure, rows: Rows) -> None:
    def asset(row: Any) -> None:
        row.asset.id, row.asset.type_ = 31, 5

    def link(row: Any) -> None:
        row.customer_asset.asset, row.customer_asset.field_type = "customers/1/assets/31", 13
        row.customer_asset.status = 2

    structure.merge(ASSETS, answer(asset))
    for message, status in ((answer(link), "ENABLED"), (answer(), "REMOVED"), (answer(link), "ENABLED")):
        structure.merge(ACCOUNT_ASSETS, message)
        assert only(rows, structure, "customer_asset")["status"] == status
