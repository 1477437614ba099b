"""Search campaigns: ad groups by product, keywords and negatives at three levels, responsive and legacy text ads."""

from typing import Any

from backend.sandbox.googleads.demo import draws, parts
from backend.sandbox.googleads.demo.assets import Library, link_sitelinks
from backend.sandbox.googleads.demo.plan import Builder
from backend.sandbox.googleads.demo.vocabulary import DESCRIPTIONS, HEADLINE_ENDINGS, MODIFIERS, NEGATIVES

_NETWORKS = {
    "target_google_search": True,
    "target_search_network": True,
    "target_content_network": False,
    "target_partner_search_network": False,
}
_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")
_MATCH_TYPES = ("EXACT", "PHRASE", "BROAD")


def build(builder: Builder, *, labels: list[str], negative_list: str, library: Library, strategy: str) -> None:
    """Four campaigns: brand, generic, a paused seasonal one and a removed one."""
    business = builder.plan.business
    products = business.products
    plans = (
        ("Search | Brand", (business.name.lower(),), "ENABLED", 60.0, _manual()),
        ("Search | Generic", products[:4], "ENABLED", 220.0, _maximize()),
        ("Search | Long tail", products[2:6], "ENABLED", 220.0, _portfolio(strategy)),
        ("Search | Summer sale", products[4:6], "PAUSED", 120.0, _maximize()),
        ("Search | 2025 launch", products[:1], "REMOVED", 10.0, _manual()),
    )
    for position, (name, themes, status, euros, bidding) in enumerate(plans):
        campaign = parts.campaign(
            builder, name, "SEARCH", euros=euros, status=status, network_settings=_NETWORKS, **bidding
        )
        _label(builder, campaign, labels[0 if position == 0 else 1 if position < 3 else 2])
        for negative in NEGATIVES[4:6]:
            _campaign_negative(builder, campaign, negative)
        if position in (1, 2):
            _attach(builder, campaign, negative_list)
        if position == 0:
            _schedule(builder, campaign)
        if status != "REMOVED":
            link_sitelinks(builder, campaign, library, count=4)
        for number, theme in enumerate(themes):
            paused = number == 3 and position == 1
            _ad_group(builder, campaign, theme, status="PAUSED" if paused else "ENABLED", legacy=number == 0)


def _manual() -> dict[str, Any]:
    return {"bidding_strategy_type": "MANUAL_CPC", "manual_cpc": {"enhanced_cpc_enabled": False}}


def _maximize() -> dict[str, Any]:
    return {"bidding_strategy_type": "MAXIMIZE_CONVERSIONS", "maximize_conversions": {}}


def _portfolio(strategy: str) -> dict[str, Any]:
    return {"bidding_strategy_type": "TARGET_CPA", "bidding_strategy": strategy}


def _label(builder: Builder, campaign: str, label: str) -> None:
    campaign_message = next(m for kind, m in builder.entities if kind == "campaign" and m.resource_name == campaign)
    campaign_message.labels.append(label)
    builder.add("campaign_label", campaign.rpartition("/")[2], label.rpartition("/")[2], campaign=campaign, label=label)


def _campaign_negative(builder: Builder, campaign: str, text: str) -> None:
    keyword = {"text": text, "match_type": "PHRASE"}
    common: dict[str, Any] = {"type": "KEYWORD", "status": "ENABLED", "negative": True}
    builder.criterion("campaign_criterion", campaign, display_name=text, keyword=keyword, **common)


def _schedule(builder: Builder, campaign: str) -> None:
    """Weekdays in the daytime, and a bid modifier for mobile."""
    common: dict[str, Any] = {"status": "ENABLED", "negative": False}
    for day in _WEEKDAYS:
        hours = {"day_of_week": day, "start_hour": 7, "end_hour": 22, "start_minute": "ZERO", "end_minute": "ZERO"}
        fields = {"type": "AD_SCHEDULE", "ad_schedule": hours, "bid_modifier": 1.1}
        builder.criterion("campaign_criterion", campaign, **common, **fields)
    device = {"type": "DEVICE", "device": {"type": "MOBILE"}, "bid_modifier": 0.9}
    builder.criterion("campaign_criterion", campaign, **common, **device)


def _attach(builder: Builder, campaign: str, shared_set: str) -> None:
    builder.add(
        "campaign_shared_set",
        campaign.rpartition("/")[2],
        shared_set.rpartition("/")[2],
        campaign=campaign,
        shared_set=shared_set,
        status="ENABLED",
    )


def _ad_group(builder: Builder, campaign: str, theme: str, *, status: str, legacy: bool) -> None:
    bid = builder.money(builder.between(4, 24, "bid", campaign, theme) / 10)
    group = parts.ad_group(
        builder, campaign, theme.title(), status=status, type="SEARCH_STANDARD", cpc_bid_micros=bid,
        effective_cpc_bid_micros=bid, ad_rotation_mode="OPTIMIZE",
    )  # fmt: skip
    for position, text in enumerate(_keyword_texts(theme)):
        for match_type in _MATCH_TYPES if position == 0 else (_MATCH_TYPES[position % 3],):
            _keyword(builder, group, text, match_type, bid)
    for text in _negative_texts(theme):
        _keyword(builder, group, text, "EXACT", 0, negative=True)
    _responsive_ad(builder, group, theme, pinned=True)
    if not legacy:
        _responsive_ad(builder, group, theme, pinned=False)
    else:
        _expanded_ad(builder, group, theme)


def _keyword_texts(theme: str) -> list[str]:
    start = draws.number("keywords of", theme) % len(MODIFIERS)
    chosen = [MODIFIERS[(start + step * 5) % len(MODIFIERS)] for step in range(5)]
    return [theme, *(f"{theme} {modifier}" for modifier in chosen)]


def _negative_texts(theme: str) -> list[str]:
    """Negatives of an ad group: searches that its own keywords would otherwise match."""
    start = draws.number("negatives of", theme) % len(MODIFIERS)
    wanted = set(_keyword_texts(theme))
    texts = [f"{theme} {modifier}" for modifier in (*MODIFIERS[start:], *MODIFIERS[:start])]
    return [next(text for text in texts if text not in wanted), f"{theme} {NEGATIVES[6]}"]


def _keyword(builder: Builder, group: str, text: str, match_type: str, bid: int, *, negative: bool = False) -> None:
    positive: dict[str, Any] = {
        "approval_status": "APPROVED",
        "system_serving_status": "ELIGIBLE",
        "primary_status": "ELIGIBLE",
        "cpc_bid_micros": bid,
        "effective_cpc_bid_micros": bid,
        "effective_cpc_bid_source": "AD_GROUP",
        "quality_info": {
            "quality_score": builder.between(3, 10, "quality", text),
            "creative_quality_score": "ABOVE_AVERAGE",
            "post_click_quality_score": "AVERAGE",
            "search_predicted_ctr": "AVERAGE",
        },
    }
    builder.criterion(
        "ad_group_criterion",
        group,
        type="KEYWORD",
        status="ENABLED",
        negative=negative,
        display_name=text,
        keyword={"text": text, "match_type": match_type},
        **({} if negative else positive),
    )


def _responsive_ad(builder: Builder, group: str, theme: str, *, pinned: bool) -> None:
    business = builder.plan.business
    title = theme.title()
    texts = list(dict.fromkeys((title[:30], business.name[:30], *HEADLINE_ENDINGS)))
    headlines = [{"text": text, "asset_performance_label": _performance(builder, text)} for text in texts]
    if pinned:
        headlines[0]["pinned_field"] = "HEADLINE_1"
        headlines[1]["pinned_field"] = "HEADLINE_2"
    descriptions: list[dict[str, Any]] = [
        {"text": text.format(product=theme)[:90], "asset_performance_label": "GOOD"} for text in DESCRIPTIONS
    ]
    for item in (*headlines, *descriptions):
        builder.text_asset(item["text"])
    page = theme.replace(" ", "-")
    parts.ad(
        builder,
        group,
        strength="GOOD" if pinned else "EXCELLENT",
        type="RESPONSIVE_SEARCH_AD",
        final_urls=[f"https://www.{business.domain}/{page}"],
        responsive_search_ad={
            "headlines": headlines,
            "descriptions": descriptions,
            "path1": page[:15],
            "path2": "shop",
        },
    )


def _performance(builder: Builder, text: str) -> str:
    return ("BEST", "GOOD", "LOW", "LEARNING")[builder.between(0, 3, "performance", text)]


def _expanded_ad(builder: Builder, group: str, theme: str) -> None:
    business = builder.plan.business
    parts.ad(
        builder,
        group,
        strength="NO_ADS",
        type="EXPANDED_TEXT_AD",
        final_urls=[f"https://www.{business.domain}/"],
        expanded_text_ad={
            "headline_part1": theme.title()[:30],
            "headline_part2": business.name[:30],
            "headline_part3": "Order Today",
            "description": DESCRIPTIONS[0].format(product=theme)[:90],
            "path1": "shop",
        },
    )
