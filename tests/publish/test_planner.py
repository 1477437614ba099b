"""The planner as a function: parents before children, unique temporary ids, groups of one type, minimal updates."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.campaigns import drafts, flat
from backend.campaigns.objectives import AD_TYPE, STRATEGIES
from backend.campaigns.texts import is_landing_page, width
from backend.campaigns.tree import AdGroupNode, AdNode, AssetNode, AssetUse, BudgetNode, CampaignNode, KeywordNode
from backend.integrations.googleads.mutate.plan import MutatePlan, is_temporary, references
from backend.integrations.googleads.requests import encode_mutate
from backend.publish.changes import Change, add_to
from backend.publish.planner import plan_publish

ACCOUNT = "1234567890"
WORDS = st.text("abcdefgh ", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


def text_use(slot: str, text: str) -> AssetUse:
    """A text in a slot."""
    return AssetUse(slot, AssetNode(uuid.uuid4(), "TEXT", text=text))


@st.composite
def search_trees(draw: st.DrawFn) -> CampaignNode:
    """Search campaigns that pass the strict check."""
    groups = []
    for number in range(draw(st.integers(1, 4))):
        words = draw(st.lists(WORDS, min_size=1, max_size=6, unique_by=lambda text: " ".join(text.split())))
        ads = [
            AdNode(
                uuid.uuid4(),
                "RESPONSIVE_SEARCH_AD",
                final_urls=["https://www.example.com/"],
                uses=[
                    *(text_use("HEADLINE", f"Headline {index}") for index in range(draw(st.integers(3, 15)))),
                    *(text_use("DESCRIPTION", f"Description {index}") for index in range(draw(st.integers(2, 4)))),
                ],
            )
            for _ in range(draw(st.integers(1, 3)))
        ]
        keywords = [
            KeywordNode(uuid.uuid4(), word, "EXACT", cpc_bid_micros=draw(st.integers(1, 9)) * 10_000) for word in words
        ]
        groups.append(AdGroupNode(uuid.uuid4(), f"Group {number}", "SEARCH_STANDARD", keywords=keywords, ads=ads))
    return CampaignNode(
        uuid.uuid4(),
        "Spring",
        "SEARCH",
        objective=draw(st.sampled_from(["SALES", "LEADS", "WEBSITE_TRAFFIC"])),
        budget=BudgetNode(uuid.uuid4(), draw(st.integers(1, 10**6)) * 10_000),
        contains_eu_political_advertising="DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
        ad_groups=groups,
        marker="marker",
    )


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(search_trees())
def test_any_valid_tree_plans_parents_before_children(tree: CampaignNode) -> None:
    assert drafts.check(tree, drafts.Circumstances(date(2026, 1, 1), "EUR")) == []

    plan = plan_publish(ACCOUNT, tree)

    defined: set[str] = set()
    for operation in plan.operations:
        for name in references(operation.fields):
            assert name in defined or name == operation.name
        if operation.name and is_temporary(operation.name):
            assert operation.name not in defined
            defined.add(operation.name)
    changes = sum(a.resource != b.resource for a, b in zip(plan.operations, plan.operations[1:], strict=False))
    assert changes == len({operation.resource for operation in plan.operations}) - 1
    subjects = [operation.subject for operation in plan.operations]
    assert len(set(subjects)) == len(subjects)
    assert encode_mutate(plan, version="v26") == encode_mutate(plan_publish(ACCOUNT, tree), version="v26")


def test_a_change_sends_its_fields_and_no_more() -> None:
    name = f"customers/{ACCOUNT}/campaigns/7"
    plan = MutatePlan(ACCOUNT)
    add_to(plan, Change("campaign", "7", "campaign", name, {}, {"end_date": None, "google_status": "PAUSED"}))
    add_to(plan, Change("campaign", "7", "campaign", name, {}, {"bidding": {"maximize_conversions": {}}}))
    criterion = "customers/1/adGroupCriteria/1~2"
    add_to(plan, Change("keyword", "8", "ad_group_criterion", criterion, {}, {"status": "REMOVED"}))
    first, second, third = plan.operations
    assert (first.mask, first.fields) == (("end_date_time", "status"), {"resource_name": name, "status": "PAUSED"})
    assert second.mask[0] == "maximize_conversions.target_cpa_micros"
    assert (third.verb, third.name) == ("remove", criterion)


@pytest.mark.parametrize(
    ("text", "expected"), [("abc", 3), ("漢字", 4), ("{KeyWord:Shoes} now", 9), ("é", 1), ("ｱ", 1)]
)
def test_display_width(text: str, expected: int) -> None:
    assert width(text) == expected


@pytest.mark.parametrize("url", ["https://example.com", "http://example.com/a?b=c#d", "https://ex.co:8443/"])
def test_landing_pages(url: str) -> None:
    assert is_landing_page(url)


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://example.com",
        "https://",
        "https://a b.com",
        "https://localhost/",
        "https://u@e.com/",
        "https://e.com:x/",
    ],
)
def test_no_landing_pages(url: str) -> None:
    assert not is_landing_page(url)


@given(st.sampled_from(sorted(STRATEGIES)), st.lists(WORDS, max_size=20), st.lists(WORDS, max_size=20))
def test_the_flat_form_invents_nothing(pair: tuple[str, str], own: list[str], defaults: list[str]) -> None:
    campaign_type = pair[0]
    given_form = {"ad_group_name": "All", "ad_headline": "First", "headlines": own}
    tree = flat.expand(campaign_type, given_form, {"headlines": defaults})
    holder = tree["asset_groups"][0] if campaign_type == "PERFORMANCE_MAX" else tree["ad_groups"][0]["ads"][0]
    assert holder["headlines"][0] == "First"
    assert set(holder["headlines"]) <= {"First", *own, *defaults}
    lowered = [text.casefold() for text in holder["headlines"]]
    assert len(set(lowered)) == len(lowered)
    assert holder.get("type") == AD_TYPE.get(campaign_type)
    assert holder["final_urls"] == []


@given(st.lists(st.integers(1, 3), min_size=3, max_size=8))
def test_pins_that_leave_too_few_texts_are_found(pins: list[int]) -> None:
    uses = [text_use("HEADLINE", f"Headline {index}") for index in range(len(pins))]
    for use, pin in zip(uses, pins, strict=True):
        use.pinned_field = f"HEADLINE_{pin}"
    ad = AdNode(
        uuid.uuid4(),
        "RESPONSIVE_SEARCH_AD",
        final_urls=["https://www.example.com/"],
        uses=[*uses, text_use("DESCRIPTION", "a"), text_use("DESCRIPTION", "b")],
    )
    group = AdGroupNode(uuid.uuid4(), "G", keywords=[KeywordNode(uuid.uuid4(), "a", "EXACT")], ads=[ad])
    tree = CampaignNode(
        uuid.uuid4(),
        "N",
        "SEARCH",
        objective="LEADS",
        budget=BudgetNode(uuid.uuid4(), 10_000),
        contains_eu_political_advertising="DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
        ad_groups=[group],
    )
    codes = {finding.code for finding in drafts.check(tree, drafts.Circumstances(date(2026, 1, 1)))}
    assert ("pin_leaves_too_few" in codes) == (len(set(pins)) < 3)
