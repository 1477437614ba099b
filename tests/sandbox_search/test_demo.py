"""The demo agency is whole: every reference leads somewhere, every limit of Google's is kept, every kind is there."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from backend.sandbox.googleads import names
from backend.sandbox.googleads.demo import Agency, build, constants
from backend.sandbox.googleads.world import World
from tests.sandbox_search.support import NOW

KINDS = (
    "ad_group",
    "ad_group_ad",
    "ad_group_criterion",
    "asset",
    "asset_group",
    "asset_group_asset",
    "bidding_strategy",
    "campaign",
    "campaign_asset",
    "campaign_budget",
    "campaign_criterion",
    "campaign_label",
    "campaign_shared_set",
    "conversion_action",
    "customer_asset",
    "label",
    "shared_criterion",
    "shared_set",
    "user_list",
)


def everything(agency: Agency, client: int) -> dict[str, dict[str, Any]]:
    account = next(base for base in agency.customers if base.info.id == agency.client_ids[client])
    found: dict[str, dict[str, Any]] = {}
    for kind, message in account.load():
        assert message.resource_name not in found.get(kind, {}), "names are unique"
        found.setdefault(kind, {})[message.resource_name] = message
    return found


@pytest.mark.parametrize("client", [0, 3, 7])
def test_every_reference_leads_to_an_entity(demo: tuple[World, Agency], client: int) -> None:
    entities = everything(demo[1], client)
    assert set(KINDS) <= set(entities)
    for kind, messages in entities.items():
        for name, message in messages.items():
            parsed = names.parse(name)
            assert parsed is not None
            assert parsed.kind == kind
            for field, value in message.ListFields():
                if field.name in entities and isinstance(value, str):
                    assert value in entities[field.name], f"{name}.{field.name}"


def test_the_same_seed_makes_the_same_accounts() -> None:
    first, second = (build(3, clients=3, created=NOW) for _ in range(2))
    other = build(4, clients=3, created=NOW)
    assert first.client_ids == second.client_ids != other.client_ids
    for left, right in zip(first.customers, second.customers, strict=True):
        pairs = zip(left.load(), right.load(), strict=True)
        assert all(a[1].SerializeToString() == b[1].SerializeToString() for a, b in pairs)


def test_campaigns_of_every_type_declare_and_pay(demo: tuple[World, Agency]) -> None:
    entities = everything(demo[1], 0)
    campaigns = list(entities["campaign"].values())
    assert Counter(c.advertising_channel_type for c in campaigns) == {2: 5, 3: 1, 10: 1, 14: 1}
    assert {c.status for c in campaigns} == {2, 3, 4}
    for campaign in campaigns:
        assert campaign.contains_eu_political_advertising == 3  # DOES_NOT_CONTAIN
        assert campaign.start_date_time == f"{NOW.date() - timedelta(days=60)} 00:00:00"
        assert not entities["campaign_budget"][campaign.campaign_budget].explicitly_shared
        assert campaign.bidding_strategy_type
    assert len({c.name for c in campaigns}) == len(campaigns)


def test_ads_keep_the_limits(demo: tuple[World, Agency]) -> None:
    entities = everything(demo[1], 1)
    kinds = Counter(link.ad.type_ for link in entities["ad_group_ad"].values())
    assert len(kinds) == 5, "responsive, expanded text, two of Demand Gen, display"
    for link in entities["ad_group_ad"].values():
        if link.ad.HasField("responsive_search_ad"):
            ad = link.ad.responsive_search_ad
            texts = [h.text for h in ad.headlines]
            assert 3 <= len(texts) == len(set(texts)) <= 15
            assert max(map(len, texts)) <= 30
            assert 2 <= len(ad.descriptions) <= 4
            assert max(len(d.text) for d in ad.descriptions) <= 90
            assert len(ad.path1) <= 15
    pinned = [h for link in entities["ad_group_ad"].values() for h in link.ad.responsive_search_ad.headlines]
    assert {h.pinned_field for h in pinned} >= {0, 2, 3}


def test_negatives_at_three_levels_and_keywords_with_ids_of_their_text(demo: tuple[World, Agency]) -> None:
    entities = everything(demo[1], 0)
    keywords = [c for c in entities["ad_group_criterion"].values() if c.HasField("keyword")]
    assert any(c.negative for c in keywords)
    assert any(c.negative and c.HasField("keyword") for c in entities["campaign_criterion"].values())
    assert entities["shared_criterion"]
    by_text: dict[tuple[str, int], set[int]] = {}
    for criterion in keywords:
        by_text.setdefault((criterion.keyword.text, criterion.keyword.match_type), set()).add(criterion.criterion_id)
    assert all(len(ids) == 1 for ids in by_text.values())
    assert all(len(text) <= 80 and len(text.split()) <= 10 for text, _ in by_text)


def test_asset_groups_have_what_performance_max_asks_for(demo: tuple[World, Agency]) -> None:
    entities = everything(demo[1], 0)
    for name in entities["asset_group"]:
        links = Counter(link.field_type for link in entities["asset_group_asset"].values() if link.asset_group == name)
        enum = next(iter(entities["asset_group_asset"].values())).DESCRIPTOR.fields_by_name["field_type"].enum_type
        counts = {enum.values_by_number[number].name: count for number, count in links.items()}
        assert counts["HEADLINE"] >= 3
        assert counts["LONG_HEADLINE"] >= 1
        assert counts["DESCRIPTION"] >= 2
        assert all(counts[kind] >= 1 for kind in ("MARKETING_IMAGE", "SQUARE_MARKETING_IMAGE", "LOGO", "BUSINESS_NAME"))


def test_the_tree_has_every_kind_of_account() -> None:
    infos = {base.info.id: base.info for base in build(9, clients=30, created=NOW).customers}
    clients = [info for info in infos.values() if not info.manager]
    assert len(clients) == 30
    assert {info.status for info in clients} == {"ENABLED", "SUSPENDED", "CANCELED"}
    assert sum(info.test_account for info in clients) == 1
    assert "JPY" in {info.currency_code for info in clients}
    assert len({info.time_zone for info in clients}) > 10
    roots = [info for info in infos.values() if not info.parents]
    assert len(roots) == 2
    shared = next(info for info in clients if len(info.parents) == 2)
    assert roots[1].id in shared.parents
    assert not any(infos[parent].manager is False for info in infos.values() for parent in info.parents)


def test_constants_have_their_parents() -> None:
    places = constants.entities("geo_target_constant")
    berlin = places["geoTargetConstants/1003854"]
    assert berlin.canonical_name == "Berlin,Berlin,Germany"
    assert all(not p.parent_geo_target or p.parent_geo_target in places for p in places.values())
    assert constants.minor_unit_micros("JPY") == 1_000_000
    assert constants.entities("campaign") == {}
