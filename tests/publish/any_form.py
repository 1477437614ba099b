"""Hypothesis strategies: any campaign form that can be published, of every type, as a person might send it."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import strategies as st

Form = dict[str, Any]
Images = dict[str, str]

# Letters that spell no word of the sandbox's policy, narrow and wide, with marks and spaces.
LETTERS = "abdefghjmnABDE 0123456789-&'.äÖßé漢字ｱ"
URLS = st.sampled_from(["https://www.example.com/", "http://example.org/a?b=c#d", "https://ex.co:8443/%20x"])
LOCATIONS, LANGUAGES = ("2276", "2040", "2756", "1004234"), ("1000", "1001", "1002")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
STATUSES = st.sampled_from(["ENABLED", "PAUSED"])
VIDEOS = st.sampled_from(["dQw4w9WgXcQ", "9bZkp7q19f0"])
BIDS = st.integers(1, 500).map(lambda cents: cents * 10_000)


def lines(least: int, most: int, width: int) -> st.SearchStrategy[list[str]]:
    """Different texts; half as many characters as fit, since a wide one counts twice."""
    text = st.text(LETTERS, min_size=1, max_size=width // 2).map(str.strip).filter(bool)
    return st.lists(text, min_size=least, max_size=most, unique_by=str.casefold)


def keywords(least: int, most: int) -> st.SearchStrategy[list[Any]]:
    """Different keywords in each way to write one."""
    plain = st.text(LETTERS, min_size=1, max_size=19).map(lambda text: " ".join(text.split())).filter(bool)
    whole = st.fixed_dictionaries(
        {"text": plain, "match_type": st.sampled_from(["EXACT", "PHRASE", "BROAD"])},
        optional={"cpc_bid_micros": BIDS, "status": STATUSES, "final_urls": URLS.map(lambda url: [url])},
    )
    written = st.one_of(plain, plain.map(lambda text: f"[{text}]"), plain.map(lambda text: f'"{text}"'), whole)
    return st.lists(written, min_size=least, max_size=most, unique_by=_plain)


def _plain(word: Any) -> str:
    text = word["text"] if isinstance(word, dict) else word.strip('["]')
    return str(text).casefold()


def some(image: str, most: int, images: Images) -> st.SearchStrategy[list[Form]]:
    """So many different pictures of one size, at least one."""
    names = [images[image], *(images[image].replace(".png", f"-{n}.png") for n in range(1, most))]
    return st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True).map(
        lambda urls: [{"url": url} for url in urls]
    )


@st.composite
def targetings(draw: st.DrawFn) -> Form:
    """Where, in which languages, on which devices and when; each may be absent."""
    places = draw(st.lists(st.sampled_from(LOCATIONS), unique=True))
    excluded = draw(st.lists(st.sampled_from([p for p in LOCATIONS if p not in places] or ["2840"]), unique=True))
    found: Form = {"locations": [*places, *({"id": place, "negative": True} for place in excluded)]}
    found["languages"] = draw(st.lists(st.sampled_from(LANGUAGES), unique=True))
    modifiers = st.one_of(st.just(0), st.floats(0.1, 10).map(lambda value: round(value, 2)))
    devices = draw(st.lists(st.sampled_from(["MOBILE", "DESKTOP", "TABLET"]), unique=True))
    found["devices"] = [{"type": device, "bid_modifier": draw(modifiers)} for device in devices]
    days = draw(st.lists(st.sampled_from(DAYS), unique=True))
    quarters = st.tuples(st.integers(0, 22), st.sampled_from([0, 15, 30, 45]))
    found["ad_schedule"] = []
    for day in days:
        hour, minute = draw(quarters)
        found["ad_schedule"].append(
            {
                "day_of_week": day,
                "start_hour": hour,
                "start_minute": minute,
                "end_hour": draw(st.integers(hour + 1, 23)),
                "end_minute": draw(st.sampled_from([0, 15, 30, 45])) if hour < 22 else 45,
            }
        )
    return found


def search_ads() -> st.SearchStrategy[Form]:
    """Responsive search ads, the first headline pinned or not."""

    def pinned(ad: Form) -> Form:
        pin = ad.pop("pin")
        if pin:
            ad["headlines"] = [{"text": ad["headlines"][0], "pinned_field": pin}, *ad["headlines"][1:]]
        return ad

    return st.fixed_dictionaries(
        {
            "headlines": lines(3, 15, 30),
            "descriptions": lines(2, 4, 90),
            "final_urls": URLS.map(lambda url: [url]),
            "pin": st.sampled_from([None, "HEADLINE_1", "HEADLINE_3"]),
        },
        optional={"path1": st.just("chairs"), "status": STATUSES},
    ).map(pinned)


def display_ads(images: Images) -> st.SearchStrategy[Form]:
    """Responsive display ads."""
    return st.fixed_dictionaries(
        {
            "type": st.just("RESPONSIVE_DISPLAY_AD"),
            "headlines": lines(1, 5, 30),
            "long_headlines": lines(1, 1, 90),
            "descriptions": lines(1, 5, 90),
            "business_name": lines(1, 1, 25).map(lambda names: names[0]),
            "final_urls": URLS.map(lambda url: [url]),
            "marketing_images": some("landscape", 3, images),
            "square_marketing_images": some("square", 2, images),
        },
        optional={
            "logo_images": some("logo", 2, images),
            "landscape_logo_images": some("landscape_logo", 2, images),
            "youtube_videos": VIDEOS.map(lambda video: [video]),
            "status": STATUSES,
        },
    )


def demand_gen_ads(images: Images) -> st.SearchStrategy[Form]:
    """Multi-asset, carousel and video ads."""
    shared = {
        "business_name": lines(1, 1, 25).map(lambda names: names[0]),
        "final_urls": URLS.map(lambda url: [url]),
    }
    multi = st.fixed_dictionaries(
        {
            "type": st.just("DEMAND_GEN_MULTI_ASSET_AD"),
            "headlines": lines(1, 5, 30),
            "descriptions": lines(1, 5, 90),
            "marketing_images": some("landscape", 3, images),
            "logo_images": some("logo", 2, images),
            **shared,
        },
        optional={
            "square_marketing_images": some("square", 2, images),
            "portrait_marketing_images": some("portrait", 2, images),
            "tall_portrait_marketing_images": some("tall", 2, images),
            "status": STATUSES,
        },
    )
    video = st.fixed_dictionaries(
        {
            "type": st.just("DEMAND_GEN_VIDEO_RESPONSIVE_AD"),
            "headlines": lines(1, 5, 30),
            "long_headlines": lines(1, 5, 90),
            "descriptions": lines(1, 5, 90),
            "youtube_videos": VIDEOS.map(lambda video: [video]),
            "logo_images": some("logo", 2, images),
            **shared,
        }
    )
    card = st.fixed_dictionaries(
        {
            "headline": lines(1, 1, 30).map(lambda texts: texts[0]),
            "marketing_image": some("landscape", 3, images).map(lambda found: found[0]),
            "square_marketing_image": some("square", 2, images).map(lambda found: found[0]),
        }
    )
    carousel = st.fixed_dictionaries(
        {
            "type": st.just("DEMAND_GEN_CAROUSEL_AD"),
            "headlines": lines(1, 1, 30),
            "descriptions": lines(1, 1, 90),
            "logo_images": some("logo", 1, images),
            "carousel_cards": st.lists(card, min_size=2, max_size=4, unique_by=lambda one: one["headline"].casefold()),
            **shared,
        }
    )
    return st.one_of(multi, video, carousel)


def asset_groups(images: Images) -> st.SearchStrategy[Form]:
    """Asset groups of Performance Max, without their names."""
    return st.fixed_dictionaries(
        {
            "headlines": lines(3, 15, 30),
            "long_headlines": lines(1, 5, 90),
            "descriptions": st.tuples(lines(1, 1, 60), lines(1, 4, 90)).map(lambda two: [*two[0], *two[1]]),
            "business_name": lines(1, 1, 25).map(lambda names: names[0]),
            "final_urls": URLS.map(lambda url: [url]),
            "marketing_images": some("landscape", 3, images),
            "square_marketing_images": some("square", 2, images),
            "logo_images": some("logo", 2, images),
        },
        optional={"youtube_videos": VIDEOS.map(lambda video: [video]), "path1": st.just("max"), "status": STATUSES},
    ).filter(lambda group: len({text.casefold() for text in group["descriptions"]}) == len(group["descriptions"]))


@st.composite
def forms(draw: st.DrawFn, account: str, images: Images) -> Form:
    """Any campaign that can be published."""
    campaign_type = draw(st.sampled_from(["SEARCH", "DISPLAY", "DEMAND_GEN", "PERFORMANCE_MAX"]))
    form: Form = {
        "name": f"{draw(st.text(LETTERS, max_size=40))} {uuid.uuid4()}",
        "customer_id": account,
        "campaign_type": campaign_type,
        "objective": draw(st.sampled_from(["SALES", "LEADS", "WEBSITE_TRAFFIC"])),
        "daily_budget": draw(st.integers(1_000, 10**6)) * 10_000,
        "contains_eu_political_advertising": draw(st.booleans()),
        "targeting": draw(targetings()),
    }
    if draw(st.booleans()):
        form |= {"start_date": "2036-02-29", "end_date": draw(st.sampled_from(["2036-02-29", "2037-01-01"]))}
    if draw(st.booleans()):
        form |= {"tracking_url_template": "{lpurl}?t={campaignid}", "final_url_suffix": "s=1&t=2"}
    form["negative_keywords"] = draw(keywords(0, 4)) if campaign_type == "SEARCH" else []
    form["negative_keywords"] = [word for word in form["negative_keywords"] if isinstance(word, str)]
    if campaign_type == "PERFORMANCE_MAX":
        groups = draw(st.lists(asset_groups(images), min_size=1, max_size=2))
        return form | {"asset_groups": [{"name": f"Group {n}", **group} for n, group in enumerate(groups)]}
    ads = {"SEARCH": search_ads(), "DISPLAY": display_ads(images), "DEMAND_GEN": demand_gen_ads(images)}[campaign_type]
    form["ad_groups"] = []
    for number in range(draw(st.integers(1, 3))):
        group: Form = {"name": f"Group {number}", "ads": draw(st.lists(ads, min_size=1, max_size=3))}
        if campaign_type == "SEARCH":
            group |= {"keywords": draw(keywords(1, 6)), "cpc_bid_micros": draw(BIDS), "status": draw(STATUSES)}
        form["ad_groups"].append(group)
    return form
