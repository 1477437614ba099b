"""One campaign in three views of the same shape: as it was asked for, as this product tells it, as Google holds it.

A view is plain data without ids (`Tree`); `Ids` says which id everything in it has. Children are found by following
their references upwards, so a wrong edge shows as a missing child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backend.sandbox.googleads.images import SIZES
from tests.support.sandbox import Sandbox

Tree = dict[str, Any]
Ids = dict[tuple[str, ...], str]
Row = Mapping[str, Any]

TEXTS = ("headlines", "long_headlines", "descriptions")
IMAGES = (
    "marketing_images",
    "square_marketing_images",
    "portrait_marketing_images",
    "tall_portrait_marketing_images",
    "logo_images",
    "landscape_logo_images",
)
SLOTS = {
    "HEADLINE": "headlines",
    "LONG_HEADLINE": "long_headlines",
    "DESCRIPTION": "descriptions",
    "MARKETING_IMAGE": "marketing_images",
    "SQUARE_MARKETING_IMAGE": "square_marketing_images",
    "PORTRAIT_MARKETING_IMAGE": "portrait_marketing_images",
    "TALL_PORTRAIT_MARKETING_IMAGE": "tall_portrait_marketing_images",
    "LOGO": "logo_images",
    "LANDSCAPE_LOGO": "landscape_logo_images",
    "YOUTUBE_VIDEO": "youtube_videos",
}
# What Google calls our lists in each kind of ad, where the names differ.
NAMES_IN_AD = {
    "RESPONSIVE_DISPLAY_AD": {
        "long_headline": "long_headlines",
        "square_logo_images": "logo_images",
        "logo_images": "landscape_logo_images",
    },
    "DEMAND_GEN_VIDEO_RESPONSIVE_AD": {"videos": "youtube_videos"},
}
MINUTES = {"ZERO": 0, "FIFTEEN": 15, "THIRTY": 30, "FORTY_FIVE": 45}


def asked(form: Row, images: Mapping[str, str], strategy: str) -> Tree:
    """The view of a whole tree form; `strategy` is the bidding that its objective stands for."""
    by_url = {url: SIZES[name] for name, url in images.items()}
    targeting = form.get("targeting", {})
    places = [place if isinstance(place, dict) else {"id": place} for place in targeting.get("locations", ())]
    return {
        "name": form["name"],
        "type": form["campaign_type"],
        "status": "PAUSED",
        "bidding": strategy,
        "budget": form["daily_budget"],
        "dates": (form.get("start_date"), form.get("end_date")),
        "eu": "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
        "tracking": (form.get("tracking_url_template"), form.get("final_url_suffix")),
        "locations": sorted((place["id"], bool(place.get("negative"))) for place in places),
        "languages": sorted(targeting.get("languages", ())),
        "devices": sorted((one["type"], one["bid_modifier"]) for one in targeting.get("devices", ())),
        "schedule": sorted(
            (s["day_of_week"], s["start_hour"], s.get("start_minute", 0), s["end_hour"], s.get("end_minute", 0))
            for s in targeting.get("ad_schedule", ())
        ),
        "negatives": _asked_keywords(form.get("negative_keywords", ()), negative=True),
        "links": _asked_links(form.get("asset_links", ())),
        "ad_groups": {group["name"]: _asked_group(group, by_url) for group in form.get("ad_groups", ())},
        "asset_groups": {
            group["name"]: _asked_creative(group, by_url) | {"business_name": group["business_name"]}
            for group in form.get("asset_groups", ())
        },
    }


def _asked_group(group: Row, by_url: Mapping[str, tuple[int, int]]) -> Tree:
    words = _asked_keywords(group.get("keywords", ())) + _asked_keywords(
        group.get("negative_keywords", ()), negative=True
    )
    return {
        "status": group.get("status", "ENABLED"),
        "bid": group.get("cpc_bid_micros"),
        "keywords": sorted(words, key=str),
        "links": _asked_links(group.get("asset_links", ())),
        "ads": sorted((_asked_creative(ad, by_url) | _asked_ad(ad) for ad in group["ads"]), key=str),
    }


def _asked_keywords(words: Iterable[Any], *, negative: bool = False) -> list[tuple[Any, ...]]:
    found = []
    for word in words:
        if isinstance(word, dict):
            found.append((word["text"], word["match_type"], negative, word.get("cpc_bid_micros")))
        elif word[0] == "[":
            found.append((word[1:-1], "EXACT", negative, None))
        elif word[0] == '"':
            found.append((word[1:-1], "PHRASE", negative, None))
        else:
            found.append((word, "BROAD", negative, None))
    return sorted(found, key=str)


def _asked_links(links: Iterable[Row]) -> list[tuple[Any, ...]]:
    return sorted(
        (link["field_type"], link.get("link_text") or link["callout_text"], tuple(link.get("final_urls", ())))
        for link in links
    )


def _asked_creative(form: Row, by_url: Mapping[str, tuple[int, int]]) -> Tree:
    found: Tree = {
        "status": form.get("status", "ENABLED"),
        "final_urls": form["final_urls"],
        "paths": (form.get("path1"), form.get("path2")),
        "youtube_videos": [video["youtube_video_id"] for video in form.get("youtube_videos", ())],
    }
    for name in TEXTS:
        texts = [item if isinstance(item, dict) else {"text": item} for item in form.get(name, ())]
        found[name] = sorted(((text["text"], text.get("pinned_field")) for text in texts), key=str)
    for name in IMAGES:
        found[name] = sorted(image["size"] if "size" in image else by_url[image["url"]] for image in form.get(name, ()))
    return found


def _asked_ad(ad: Row) -> Tree:
    names = ("business_name", "call_to_action_text", "main_color", "accent_color")
    return {"type": ad["type"], **{name: ad.get(name) for name in names}}


def told(tree: Row) -> tuple[Tree, Ids]:
    """The view that `GET /api/campaigns/{id}/tree` gives."""
    targeting = tree["targeting"]
    ids: Ids = {("campaign",): tree["google_campaign_id"], ("budget",): tree["budget"]["google_budget_id"]}
    view: Tree = {
        "name": tree["name"],
        "type": tree["campaign_type"],
        "status": tree["google_status"],
        "bidding": next(iter(tree["bidding"])),
        "budget": tree["budget"]["amount_micros"],
        "dates": (tree["start_date"], tree["end_date"]),
        "eu": tree["contains_eu_political_advertising"],
        "tracking": (tree["tracking_url_template"], tree["final_url_suffix"]),
        "locations": sorted((place["id"], place["negative"]) for place in targeting.get("locations", ())),
        "languages": sorted(targeting.get("languages", ())),
        "devices": sorted((one["type"], one["bid_modifier"]) for one in targeting.get("devices", ())),
        "schedule": sorted(
            (s["day_of_week"], s["start_hour"], s["start_minute"], s["end_hour"], s["end_minute"])
            for s in targeting.get("ad_schedule", ())
        ),
        "negatives": _told_keywords(tree["negative_keywords"], (), ids),
        "links": _told_links(tree["asset_links"], (), ids),
        "ad_groups": {},
        "asset_groups": {},
    }
    for group in tree["ad_groups"]:
        here = (group["name"],)
        ids["ad_group", *here] = group["google_ad_group_id"]
        words = [*group["keywords"], *group["negative_keywords"]]
        ads = []
        for ad in group["ads"]:
            creative = _told_creative(ad, here, ids)
            ids["ad", *here, creative["headlines"][0][0]] = ad["google_ad_id"]
            names = ("type", "business_name")
            more = ("call_to_action_text", "main_color", "accent_color")
            ads.append(creative | {n: ad[n] for n in names} | {n: ad["attributes"].get(n) for n in more})
        view["ad_groups"][group["name"]] = {
            "status": group["status"],
            "bid": group["cpc_bid_micros"],
            "keywords": _told_keywords(words, here, ids),
            "links": _told_links(group["asset_links"], here, ids),
            "ads": sorted(ads, key=str),
        }
    for group in tree["asset_groups"]:
        here = (group["name"],)
        ids["asset_group", *here] = group["google_asset_group_id"]
        creative = _told_creative(group, here, ids)
        view["asset_groups"][group["name"]] = creative | {"business_name": group["business_name"]}
    return view, ids


def _told_keywords(words: Iterable[Row], here: tuple[str, ...], ids: Ids) -> list[tuple[Any, ...]]:
    found = []
    for word in words:
        ids["keyword", *here, word["text"], word["match_type"], str(word["negative"])] = word["criterion_id"]
        found.append((word["text"], word["match_type"], word["negative"], word["cpc_bid_micros"]))
    return sorted(found, key=str)


def _told_links(links: Iterable[Row], here: tuple[str, ...], ids: Ids) -> list[tuple[Any, ...]]:
    found = []
    for link in links:
        ids["link", *here, link["field_type"], link["text"]] = link["google_asset_id"]
        found.append((link["field_type"], link["text"], tuple(link["attributes"].get("final_urls", ()))))
    return sorted(found)


def _told_creative(item: Row, here: tuple[str, ...], ids: Ids) -> Tree:
    found: Tree = {
        "status": item["status"],
        "final_urls": item["final_urls"],
        "paths": (item["path1"], item["path2"]),
        "youtube_videos": [a["youtube_video_id"] for a in item["assets"] if a["type"] == "YOUTUBE_VIDEO"],
    }
    for name in TEXTS:
        found[name] = sorted(((text["asset_text"], text["pinned_field"]) for text in item[name]), key=str)
    for name in IMAGES:
        found[name] = []
    for asset in item["assets"]:
        if asset["type"] == "IMAGE":
            slot = SLOTS[asset["field_type"]]
            found[slot].append((asset["width"], asset["height"]))
            ids["image", *here, slot, str(asset["width"])] = asset["google_asset_id"]
    return found


class AtGoogle:
    """Reads the sandbox's own state of one account: every entity as proto JSON, by resource name."""

    def __init__(self, sandbox: Sandbox, customer_id: str) -> None:
        self._sandbox = sandbox
        self._customer_id = customer_id
        self._read: dict[str, dict[str, Any]] = {}
        self._ids: Ids = {}

    def of(self, kind: str, **wanted: str) -> list[Any]:
        """The entities of a kind whose fields have these values, without what was removed."""
        if kind not in self._read:
            self._read[kind] = self._sandbox.state(customer_id=self._customer_id, kind=kind)
        return [
            entity
            for entity in self._read[kind].values()
            if entity.get("status") != "REMOVED" and all(entity.get(name) == value for name, value in wanted.items())
        ]

    def held(self, google_campaign_id: str) -> tuple[Tree, Ids]:
        """The view of one campaign."""
        (campaign,) = self.of("campaign", id=google_campaign_id)
        (budget,) = self.of("campaign_budget", resource_name=campaign["campaign_budget"])
        (label,) = self.of("campaign_label", campaign=campaign["resource_name"])
        (marker,) = self.of("label", resource_name=label["label"])
        assert marker["name"].startswith("CampaignWizard ")
        self._ids = {("campaign",): campaign["id"], ("budget",): budget["id"]}
        criteria = self.of("campaign_criterion", campaign=campaign["resource_name"])
        schedules = [c["ad_schedule"] for c in criteria if "ad_schedule" in c]
        view: Tree = {
            "name": campaign["name"],
            "type": campaign["advertising_channel_type"],
            "status": campaign["status"],
            "bidding": campaign["bidding_strategy_type"].lower(),
            "budget": int(budget["amount_micros"]),
            "dates": (campaign["start_date_time"][:10], campaign.get("end_date_time", "")[:10] or None),
            "eu": campaign["contains_eu_political_advertising"],
            "tracking": (campaign.get("tracking_url_template"), campaign.get("final_url_suffix")),
            "locations": sorted(
                (_last(c["location"]["geo_target_constant"]), bool(c.get("negative")))
                for c in criteria
                if "location" in c
            ),
            "languages": sorted(_last(c["language"]["language_constant"]) for c in criteria if "language" in c),
            "devices": sorted(
                (c["device"]["type"], round(c["bid_modifier"], 4)) for c in criteria if "bid_modifier" in c
            ),
            "schedule": sorted(
                (
                    s["day_of_week"],
                    s["start_hour"],
                    MINUTES[s["start_minute"]],
                    s["end_hour"],
                    MINUTES[s["end_minute"]],
                )
                for s in schedules
            ),
            "negatives": self._keywords([c for c in criteria if "keyword" in c], ()),
            "links": self._links(self.of("campaign_asset", campaign=campaign["resource_name"]), ()),
            "ad_groups": {},
            "asset_groups": {},
        }
        for group in self.of("ad_group", campaign=campaign["resource_name"]):
            view["ad_groups"][group["name"]] = self._ad_group(group)
        for group in self.of("asset_group", campaign=campaign["resource_name"]):
            view["asset_groups"][group["name"]] = self._asset_group(group)
        return view, self._ids

    def _ad_group(self, group: Row) -> Tree:
        here, name = (group["name"],), group["resource_name"]
        self._ids["ad_group", *here] = group["id"]
        return {
            "status": group["status"],
            "bid": int(group["cpc_bid_micros"]) if "cpc_bid_micros" in group else None,
            "keywords": self._keywords(self.of("ad_group_criterion", ad_group=name), here),
            "links": self._links(self.of("ad_group_asset", ad_group=name), here),
            "ads": sorted((self._ad(ad, here) for ad in self.of("ad_group_ad", ad_group=name)), key=str),
        }

    def _keywords(self, criteria: Iterable[Row], here: tuple[str, ...]) -> list[tuple[Any, ...]]:
        found = []
        for one in criteria:
            word, negative = one["keyword"], bool(one.get("negative"))
            self._ids["keyword", *here, word["text"], word["match_type"], str(negative)] = one["criterion_id"]
            bid = int(one["cpc_bid_micros"]) if "cpc_bid_micros" in one else None
            found.append((word["text"], word["match_type"], negative, bid))
        return sorted(found, key=str)

    def _asset(self, name: str) -> Any:
        (asset,) = self.of("asset", resource_name=name)
        return asset

    def _links(self, links: Iterable[Row], here: tuple[str, ...]) -> list[tuple[Any, ...]]:
        found = []
        for link in links:
            asset = self._asset(link["asset"])
            data = asset.get("sitelink_asset") or asset["callout_asset"]
            text = data.get("link_text") or data["callout_text"]
            self._ids["link", *here, link["field_type"], text] = asset["id"]
            found.append((link["field_type"], text, tuple(asset.get("final_urls", ()))))
        return sorted(found)

    def _ad(self, holder: Row, here: tuple[str, ...]) -> Tree:
        ad = holder["ad"]
        message = ad[ad["type"].lower()]
        names = NAMES_IN_AD.get(ad["type"], {})
        found = _empty(holder["status"], ad["final_urls"], message)
        for google, value in message.items():
            ours = names.get(google, google)
            if ours in TEXTS:
                texts = value if isinstance(value, list) else [value]
                found[ours] = sorted(((text["text"], text.get("pinned_field")) for text in texts), key=str)
            elif ours in IMAGES or ours == "youtube_videos":
                for use in value:
                    self._use(found, ours, use["asset"], here)
        name = message.get("business_name")
        found |= {"type": ad["type"], "business_name": name["text"] if isinstance(name, dict) else name}
        found |= {n: message.get(n) for n in ("call_to_action_text", "main_color", "accent_color")}
        self._ids["ad", *here, found["headlines"][0][0]] = ad["id"]
        return found

    def _asset_group(self, group: Row) -> Tree:
        here = (group["name"],)
        self._ids["asset_group", *here] = group["id"]
        found = _empty(group["status"], group["final_urls"], group)
        for link in self.of("asset_group_asset", asset_group=group["resource_name"]):
            if link["field_type"] == "BUSINESS_NAME":
                found["business_name"] = self._asset(link["asset"])["text_asset"]["text"]
            elif SLOTS[link["field_type"]] in TEXTS:
                text = self._asset(link["asset"])["text_asset"]["text"]
                found[SLOTS[link["field_type"]]].append((text, None))
            else:
                self._use(found, SLOTS[link["field_type"]], link["asset"], here)
        for name in TEXTS:
            found[name].sort()
        return found

    def _use(self, found: Tree, slot: str, name: str, here: tuple[str, ...]) -> None:
        asset = self._asset(name)
        if slot == "youtube_videos":
            found[slot].append(asset["youtube_video_asset"]["youtube_video_id"])
            return
        size = asset["image_asset"]["full_size"]
        found[slot].append((int(size["width_pixels"]), int(size["height_pixels"])))
        self._ids["image", *here, slot, str(size["width_pixels"])] = asset["id"]


def _empty(status: str, final_urls: list[str], paths: Row) -> Tree:
    lists: Tree = {name: [] for name in (*TEXTS, *IMAGES, "youtube_videos")}
    return lists | {
        "status": status,
        "final_urls": final_urls,
        "paths": (paths.get("path1"), paths.get("path2")),
    }


def _last(name: str) -> str:
    return name.rpartition("/")[2]
