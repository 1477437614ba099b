"""One client account, from its shared furniture to its campaigns."""

from collections.abc import Iterable
from typing import Any

from backend.sandbox.googleads.demo import assets, constants, other_campaigns, search_campaigns
from backend.sandbox.googleads.demo.plan import Builder, Plan
from backend.sandbox.googleads.demo.vocabulary import LABELS, NEGATIVES

__all__ = ["Plan", "entities"]


def entities(plan: Plan) -> Iterable[tuple[str, Any]]:
    """(kind, message) of everything the account starts with, its own row included."""
    builder = Builder(plan)
    _customer(builder)
    labels = [_label(builder, name, colour) for name, colour in LABELS]
    _conversion_actions(builder)
    _account_goals(builder)
    negatives = _negative_list(builder)
    library = assets.make_library(builder)
    strategy = _portfolio_strategy(builder)
    _user_lists(builder)
    search_campaigns.build(builder, labels=labels, negative_list=negatives, library=library, strategy=strategy)
    other_campaigns.build(builder, library=library, label=labels[2])
    assets.link(builder, library)
    _campaign_goals(builder)
    for interest in constants.interests(plan.customer_id):
        builder.entities.append(("user_interest", interest))
    return builder.drain()


def _customer(builder: Builder) -> None:
    plan = builder.plan
    builder.add(
        "customer",
        id=int(plan.customer_id),
        descriptive_name=plan.name,
        currency_code=plan.market.currency,
        time_zone=plan.market.time_zone,
        status=plan.status,
        manager=False,
        test_account=plan.test_account,
        auto_tagging_enabled=True,
        final_url_suffix="src=ads",
        optimization_score=builder.between(55, 98, "score") / 100,
        optimization_score_weight=builder.between(1_000, 90_000, "weight") / 10,
        contains_eu_political_advertising="DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
        conversion_tracking_setting={
            "conversion_tracking_id": 900_000_000 + plan.index,
            "accepted_customer_data_terms": True,
            "conversion_tracking_status": "CONVERSION_TRACKING_MANAGED_BY_SELF",
            "google_ads_conversion_customer": f"customers/{plan.customer_id}",
        },
        call_reporting_setting={"call_reporting_enabled": True, "call_conversion_reporting_enabled": True},
    )


def _label(builder: Builder, name: str, colour: str) -> str:
    number = builder.next_id("label")
    text = {"background_color": colour, "description": f"{name} campaigns"}
    return builder.add("label", number, id=number, name=name, status="ENABLED", text_label=text)


_GOALS = (
    ("PURCHASE", "WEBSITE"),
    ("SIGNUP", "WEBSITE"),
    ("PHONE_CALL_LEAD", "CALL_FROM_ADS"),
    ("CONVERTED_LEAD", "STORE"),
)


def _account_goals(builder: Builder) -> None:
    for position, (category, origin) in enumerate(_GOALS):
        fields = {"category": category, "origin": origin, "biddable": position in (0, 2)}
        builder.add("customer_conversion_goal", category, origin, **fields)


def _campaign_goals(builder: Builder) -> None:
    campaigns = [message for kind, message in builder.entities if kind == "campaign"]
    for campaign in campaigns:
        for position, (category, origin) in enumerate(_GOALS):
            fields = {"category": category, "origin": origin, "biddable": position in (0, 2)}
            parts = (campaign.id, category, origin)
            builder.add("campaign_conversion_goal", *parts, campaign=campaign.resource_name, **fields)


def _conversion_actions(builder: Builder) -> None:
    kinds = (
        ("Purchase", "WEBPAGE", "PURCHASE", "MANY_PER_CLICK", 48.0),
        ("Newsletter sign-up", "WEBPAGE", "SIGNUP", "ONE_PER_CLICK", 2.0),
        ("Phone call", "AD_CALL", "PHONE_CALL_LEAD", "ONE_PER_CLICK", 8.0),
        ("Offline sale", "UPLOAD_CLICKS", "CONVERTED_LEAD", "MANY_PER_CLICK", 90.0),
    )
    for index, (name, kind, category, counting, value) in enumerate(kinds):
        number = builder.next_id("conversion_action")
        builder.add(
            "conversion_action",
            number,
            id=number,
            name=name,
            status="ENABLED",
            type=kind,
            origin="WEBSITE" if kind == "WEBPAGE" else "CALL_FROM_ADS" if kind == "AD_CALL" else "STORE",
            category=category,
            primary_for_goal=index in (0, 2),
            include_in_conversions_metric=index in (0, 2),
            owner_customer=f"customers/{builder.plan.customer_id}",
            counting_type=counting,
            click_through_lookback_window_days=30,
            view_through_lookback_window_days=1,
            value_settings={
                "default_value": value * builder.plan.market.scale,
                "default_currency_code": builder.plan.market.currency,
                "always_use_default_value": name != "Purchase",
            },
            attribution_model_settings={"attribution_model": "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN"},
            **({"phone_call_duration_seconds": 60} if kind == "AD_CALL" else {}),
        )


def _negative_list(builder: Builder) -> str:
    number = builder.next_id("shared_set")
    shared = builder.add(
        "shared_set",
        number,
        id=number,
        name="Never show for these",
        type="NEGATIVE_KEYWORDS",
        status="ENABLED",
        member_count=4,
        reference_count=2,
    )
    for text in NEGATIVES[:4]:
        keyword = {"text": text, "match_type": "BROAD"}
        builder.criterion("shared_criterion", shared, type="KEYWORD", negative=True, keyword=keyword)
    return shared


def _portfolio_strategy(builder: Builder) -> str:
    number = builder.next_id("bidding_strategy")
    return builder.add(
        "bidding_strategy",
        number,
        id=number,
        name="Target CPA for all of search",
        status="ENABLED",
        type="TARGET_CPA",
        currency_code=builder.plan.market.currency,
        effective_currency_code=builder.plan.market.currency,
        campaign_count=1,
        non_removed_campaign_count=1,
        target_cpa={"target_cpa_micros": builder.money(18.0)},
    )


def _user_lists(builder: Builder) -> None:
    for name, size in (("All visitors (30 days)", 12_400), ("Past buyers", 2_300)):
        number = builder.next_id("user_list")
        builder.add(
            "user_list",
            number,
            id=number,
            name=name,
            type="REMARKETING",
            membership_status="OPEN",
            membership_life_span=30,
            size_for_search=size,
            size_for_display=size * 2,
            eligible_for_search=True,
            eligible_for_display=True,
            account_user_list_status="ENABLED",
            basic_user_list={},
        )
