"""What campaigns of every type need: a budget, targeting, the common fields."""

from typing import Any

from backend.sandbox.googleads.demo.plan import Builder

DECLARED = "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"


def budget(builder: Builder, name: str, euros: float, *, shared: bool = False) -> str:
    """A daily budget."""
    number = builder.next_id("campaign_budget")
    amount = builder.money(euros, step=1)
    return builder.add(
        "campaign_budget",
        number,
        id=number,
        name=name,
        amount_micros=amount,
        status="ENABLED",
        delivery_method="STANDARD",
        explicitly_shared=shared,
        reference_count=1,
        period="DAILY",
        type="STANDARD",
        has_recommended_budget=builder.between(0, 3, "recommended", name) == 0,
    )


def campaign(builder: Builder, name: str, channel: str, *, euros: float, status: str = "ENABLED", **fields: Any) -> str:
    """A campaign with its own budget, place and language. Its resource name."""
    number = builder.next_id("campaign")
    start = builder.plan.history[0]
    serving = {"ENABLED": "SERVING", "PAUSED": "SUSPENDED", "REMOVED": "ENDED"}[status]
    resource = builder.add(
        "campaign",
        number,
        id=number,
        name=name,
        status=status,
        serving_status=serving,
        primary_status={"ENABLED": "ELIGIBLE", "PAUSED": "PAUSED", "REMOVED": "REMOVED"}[status],
        advertising_channel_type=channel,
        campaign_budget=budget(builder, f"{name} budget", euros),
        ad_serving_optimization_status="OPTIMIZE",
        payment_mode="CLICKS",
        experiment_type="BASE",
        start_date_time=f"{start} 00:00:00",
        contains_eu_political_advertising=DECLARED,
        missing_eu_political_advertising_declaration=False,
        geo_target_type_setting={
            "positive_geo_target_type": "PRESENCE_OR_INTEREST",
            "negative_geo_target_type": "PRESENCE",
        },
        optimization_score=builder.between(50, 99, "campaign score", number) / 100,
        **fields,
    )
    _targeting(builder, resource)
    return resource


def _targeting(builder: Builder, campaign_name: str) -> None:
    market = builder.plan.market
    common: dict[str, Any] = {"status": "ENABLED", "negative": False}
    place = {"geo_target_constant": f"geoTargetConstants/{market.country}"}
    language = {"language_constant": f"languageConstants/{market.language}"}
    builder.criterion("campaign_criterion", campaign_name, type="LOCATION", location=place, **common)
    builder.criterion("campaign_criterion", campaign_name, type="LANGUAGE", language=language, **common)


def ad_group(builder: Builder, campaign_name: str, name: str, *, status: str = "ENABLED", **fields: Any) -> str:
    """An ad group. Its resource name."""
    number = builder.next_id("ad_group")
    return builder.add(
        "ad_group",
        number,
        id=number,
        name=name,
        campaign=campaign_name,
        status=status,
        primary_status={"ENABLED": "ELIGIBLE", "PAUSED": "PAUSED", "REMOVED": "REMOVED"}[status],
        **fields,
    )


def ad(builder: Builder, ad_group_name: str, *, status: str = "ENABLED", strength: str = "GOOD", **fields: Any) -> str:
    """An ad in an ad group. The resource name of the link."""
    number = builder.next_id("ad")
    content = {"resource_name": builder.name("ad", number), "id": number, **fields}
    return builder.add(
        "ad_group_ad",
        ad_group_name.rpartition("/")[2],
        number,
        ad_group=ad_group_name,
        status=status,
        ad=content,
        ad_strength=strength,
        primary_status={"ENABLED": "ELIGIBLE", "PAUSED": "PAUSED", "REMOVED": "REMOVED"}[status],
        policy_summary={"review_status": "REVIEWED", "approval_status": "APPROVED"},
    )
