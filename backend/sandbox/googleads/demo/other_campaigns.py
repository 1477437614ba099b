"""Demand Gen, Display and Performance Max campaigns, and one on YouTube inside Demand Gen."""

from typing import Any

from backend.sandbox.googleads.demo import parts
from backend.sandbox.googleads.demo.assets import Library
from backend.sandbox.googleads.demo.plan import Builder
from backend.sandbox.googleads.demo.vocabulary import DESCRIPTIONS, HEADLINE_ENDINGS


def build(builder: Builder, *, library: Library, label: str) -> None:
    """One campaign of each type."""
    demand_gen(builder, library)
    display(builder, library, label)
    performance_max(builder, library)


def _descriptions(builder: Builder, count: int) -> list[str]:
    product = builder.plan.business.products[0]
    return [text.format(product=product)[:90] for text in DESCRIPTIONS[:count]]


def _url(builder: Builder, page: str) -> str:
    return f"https://www.{builder.plan.business.domain}/{page}"


def demand_gen(builder: Builder, library: Library) -> None:
    """Two ad groups: images, and YouTube videos."""
    name = builder.plan.business.name
    campaign = parts.campaign(
        builder,
        "Demand Gen | Prospecting",
        "DEMAND_GEN",
        euros=150.0,
        bidding_strategy_type="MAXIMIZE_CONVERSIONS",
        maximize_conversions={"target_cpa_micros": builder.money(20.0)},
    )
    headlines = [{"text": text} for text in (name[:30], *HEADLINE_ENDINGS[:3])]
    descriptions = [{"text": text} for text in _descriptions(builder, 2)]
    group = parts.ad_group(builder, campaign, "Images", optimized_targeting_enabled=True)
    parts.ad(
        builder,
        group,
        type="DEMAND_GEN_MULTI_ASSET_AD",
        name="Images",
        final_urls=[_url(builder, "new")],
        demand_gen_multi_asset_ad={
            "marketing_images": [{"asset": asset} for asset in library.landscapes],
            "square_marketing_images": [{"asset": asset} for asset in library.squares],
            "portrait_marketing_images": [{"asset": asset} for asset in library.portraits],
            "logo_images": [{"asset": library.logo}],
            "headlines": headlines,
            "descriptions": descriptions,
            "business_name": name[:25],
        },
    )
    group = parts.ad_group(builder, campaign, "YouTube", optimized_targeting_enabled=False)
    parts.ad(
        builder,
        group,
        type="DEMAND_GEN_VIDEO_RESPONSIVE_AD",
        name="Film",
        final_urls=[_url(builder, "film")],
        demand_gen_video_responsive_ad={
            "videos": [{"asset": asset} for asset in library.videos],
            "logo_images": [{"asset": library.logo}],
            "headlines": headlines[:2],
            "long_headlines": descriptions[:1],
            "descriptions": descriptions,
            "business_name": {"text": name[:25]},
        },
    )
    for item in (*headlines, *descriptions):
        builder.text_asset(item["text"])


def display(builder: Builder, library: Library, label: str) -> None:
    """A responsive display ad shown to an interest and on chosen pages."""
    name = builder.plan.business.name
    campaign = parts.campaign(
        builder,
        "Display | Remarketing",
        "DISPLAY",
        euros=40.0,
        bidding_strategy_type="MANUAL_CPM",
        manual_cpm={},
        network_settings={"target_content_network": True},
    )
    group = parts.ad_group(
        builder, campaign, "Visitors", type="DISPLAY_STANDARD", cpm_bid_micros=builder.money(3.0), labels=[label]
    )
    group_id = group.rpartition("/")[2]
    builder.add("ad_group_label", group_id, label.rpartition("/")[2], ad_group=group, label=label)
    parts.ad(
        builder,
        group,
        type="RESPONSIVE_DISPLAY_AD",
        final_urls=[_url(builder, "back")],
        responsive_display_ad={
            "marketing_images": [{"asset": asset} for asset in library.landscapes],
            "square_marketing_images": [{"asset": asset} for asset in library.squares],
            "logo_images": [{"asset": library.logo}],
            "youtube_videos": [{"asset": library.videos[0]}],
            "headlines": [{"text": text} for text in HEADLINE_ENDINGS[:3]],
            "long_headline": {"text": f"{name}: {HEADLINE_ENDINGS[0]}"[:90]},
            "descriptions": [{"text": text} for text in _descriptions(builder, 2)],
            "business_name": name[:25],
            "call_to_action_text": "Shop now",
        },
    )
    common: dict[str, Any] = {"status": "ENABLED", "negative": False}
    interest = f"customers/{builder.plan.customer_id}/userInterests/80101"
    criteria: tuple[tuple[str, dict[str, Any]], ...] = (
        ("USER_INTEREST", {"user_interest": {"user_interest_category": interest}}),
        ("AGE_RANGE", {"age_range": {"type": "AGE_RANGE_25_34"}}),
        ("GENDER", {"gender": {"type": "MALE"}}),
        ("GENDER", {"gender": {"type": "FEMALE"}}),
        ("PLACEMENT", {"placement": {"url": "https://magazine.example/"}}),
        ("TOPIC", {"topic": {"topic_constant": "topicConstants/18", "path": ["", "Shopping"]}}),
    )
    for kind, fields in criteria:
        builder.criterion("ad_group_criterion", group, type=kind, **common, **fields)


def performance_max(builder: Builder, library: Library) -> None:
    """Two asset groups with texts, images, a video and a search theme."""
    campaign = parts.campaign(
        builder,
        "PMax | Everything",
        "PERFORMANCE_MAX",
        euros=180.0,
        bidding_strategy_type="MAXIMIZE_CONVERSION_VALUE",
        maximize_conversion_value={"target_roas": 3.5},
        brand_guidelines_enabled=False,
    )
    for product in builder.plan.business.products[:2]:
        _asset_group(builder, campaign, product, library)


def _asset_group(builder: Builder, campaign: str, product: str, library: Library) -> None:
    number = builder.next_id("asset_group")
    group = builder.add(
        "asset_group",
        number,
        id=number,
        campaign=campaign,
        name=product.title(),
        status="ENABLED",
        primary_status="ELIGIBLE",
        ad_strength="GOOD",
        final_urls=[_url(builder, product.replace(" ", "-"))],
        path1="shop",
    )
    name = builder.plan.business.name
    texts = [("HEADLINE", text) for text in (product.title()[:30], *HEADLINE_ENDINGS[:4])]
    texts += [("LONG_HEADLINE", f"{product.title()} at {name}"[:90])]
    texts += [("DESCRIPTION", text) for text in _descriptions(builder, 3)]
    texts += [("BUSINESS_NAME", name[:25])]
    links = [(field_type, builder.text_asset(text)) for field_type, text in texts]
    links += [("MARKETING_IMAGE", asset) for asset in library.landscapes]
    links += [("SQUARE_MARKETING_IMAGE", asset) for asset in library.squares]
    links += [("PORTRAIT_MARKETING_IMAGE", asset) for asset in library.portraits]
    links += [("LOGO", library.logo), ("YOUTUBE_VIDEO", library.videos[0])]
    for field_type, asset in links:
        builder.add(
            "asset_group_asset",
            number,
            asset.rpartition("/")[2],
            field_type,
            asset_group=group,
            asset=asset,
            field_type=field_type,
            status="ENABLED",
            primary_status="ELIGIBLE",
            source="ADVERTISER",
        )
    builder.add(
        "asset_group_signal",
        number,
        5_000_000 + number % 1_000_000,
        asset_group=group,
        approval_status="APPROVED",
        search_theme={"text": product},
    )
