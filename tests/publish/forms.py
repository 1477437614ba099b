"""Whole trees of each campaign type, with something of everything that a type takes."""

from __future__ import annotations

import uuid
from typing import Any

from tests.campaigns.test_children import search_tree

Form = dict[str, Any]
Images = dict[str, str]
URL = "https://www.example.com"


def whole(campaign_type: str, objective: str, account: str, images: Images) -> Form:
    """A campaign that fills whatever its type has; every text in it is recognised again."""
    form = search_tree(account, campaign_type=campaign_type, objective=objective)
    form |= {
        "name": f"{campaign_type} {objective} {uuid.uuid4()}",
        "start_date": "2036-03-01",
        "end_date": "2036-05-31",
        "tracking_url_template": "https://track.example.com/?u={lpurl}",
        "final_url_suffix": "source=whole",
    }
    if campaign_type == "SEARCH":
        form["ad_groups"][0]["asset_links"] = [{"field_type": "CALLOUT", "callout_text": "Open on Sundays"}]
        return form
    del form["ad_groups"]
    return form | {"DISPLAY": display, "DEMAND_GEN": demand_gen, "PERFORMANCE_MAX": performance_max}[campaign_type](
        images
    )


def display(images: Images) -> Form:
    """Two ad groups: one with keywords and a full ad, one with the least that an ad takes."""
    full = {
        "type": "RESPONSIVE_DISPLAY_AD",
        "headlines": ["Garden chairs", "Made to last"],
        "long_headlines": ["Chairs that outlast every summer"],
        "descriptions": ["Comfortable chairs.", "Free shipping."],
        "business_name": "Example GmbH",
        "final_urls": [f"{URL}/display"],
        "marketing_images": [{"url": images["landscape"]}],
        "square_marketing_images": [{"url": images["square"]}],
        "logo_images": [{"url": images["logo"]}],
        "landscape_logo_images": [{"url": images["landscape_logo"]}],
        "youtube_videos": [{"youtube_video_id": "dQw4w9WgXcQ"}],
        "main_color": "#336699",
        "accent_color": "#ffcc00",
        "call_to_action_text": "Shop now",
    }
    least = {name: full[name] for name in ("type", "business_name", "final_urls", "long_headlines")}
    least |= {name: full[name] for name in ("marketing_images", "square_marketing_images")}
    least |= {"headlines": ["Garden tables"], "descriptions": ["Sturdy tables."], "status": "PAUSED"}
    return {
        "ad_groups": [
            {
                "name": "Chairs",
                "cpc_bid_micros": 900_000,
                "keywords": ["garden chair", {"text": "teak chair", "match_type": "BROAD", "cpc_bid_micros": 700_000}],
                "negative_keywords": ["repair"],
                "ads": [full],
            },
            {"name": "Tables", "status": "PAUSED", "ads": [least]},
        ]
    }


def demand_gen(images: Images) -> Form:
    """An ad group with a multi-asset ad of every image form, and one with a video ad."""
    multi = {
        "type": "DEMAND_GEN_MULTI_ASSET_AD",
        "headlines": ["Garden chairs", "Made to last", "Fast delivery"],
        "descriptions": ["Comfortable chairs.", "Free shipping."],
        "business_name": "Example GmbH",
        "final_urls": [f"{URL}/demand"],
        "marketing_images": [{"url": images["landscape"]}],
        "square_marketing_images": [{"url": images["square"]}],
        "portrait_marketing_images": [{"url": images["portrait"]}],
        "tall_portrait_marketing_images": [{"url": images["tall"]}],
        "logo_images": [{"url": images["logo"]}],
        "call_to_action_text": "Shop now",
    }
    video = {
        "type": "DEMAND_GEN_VIDEO_RESPONSIVE_AD",
        "headlines": ["Watch the chairs"],
        "long_headlines": ["Watch how the chairs are made"],
        "descriptions": ["Made by hand."],
        "business_name": "Example GmbH",
        "final_urls": [f"{URL}/video"],
        "logo_images": [{"url": images["logo"]}],
        "youtube_videos": [{"youtube_video_id": "dQw4w9WgXcQ"}],
        "status": "PAUSED",
    }
    return {"ad_groups": [{"name": "Everyone", "ads": [multi]}, {"name": "Watchers", "ads": [video]}]}


def performance_max(images: Images) -> Form:
    """Two asset groups that share their images."""
    group = {
        "headlines": ["Garden chairs", "Made to last", "Fast delivery"],
        "long_headlines": ["Chairs that outlast every summer"],
        "descriptions": ["Comfortable chairs.", "Free shipping on every order."],
        "business_name": "Example GmbH",
        "final_urls": [f"{URL}/max"],
        "path1": "chairs",
        "marketing_images": [{"url": images["landscape"]}],
        "square_marketing_images": [{"url": images["square"]}],
        "portrait_marketing_images": [{"url": images["portrait"]}],
        "logo_images": [{"url": images["logo"]}],
        "youtube_videos": [{"youtube_video_id": "dQw4w9WgXcQ"}],
    }
    return {
        "asset_groups": [
            {"name": "Chairs", **group},
            {"name": "Tables", **group, "headlines": ["Garden tables", "Sturdy", "Oak"], "status": "PAUSED"},
        ]
    }
