"""The simple flat form, expanded into the tree that everybody else works with. Pure.

What was given comes first, then the account's defaults; nothing is invented. The rule for each type:

- DEMAND_GEN: one ad group, one multi-asset ad. `asset_url` fills the slot whose ratio it has.
- SEARCH: one ad group with the keywords, one responsive search ad; `asset_url` is ignored with a notice.
- DISPLAY: one ad group, one responsive display ad; the long headline is the first headline. The ad needs a landscape
  and a square image: the one that is missing is cut from the middle of `asset_url`.
- PERFORMANCE_MAX: one asset group named like the ad group, with the same images and texts.

Keywords are written as Google Ads writes them: `shoes` is broad, `"red shoes"` phrase, `[red shoes]` exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.campaigns.objectives import AD_GROUP_TYPE, AD_TYPE
from backend.campaigns.rules import TEXT_SLOTS

CHILD_FIELDS = (
    "ad_group_name",
    "ad_headline",
    "ad_description",
    "asset_url",
    "final_url",
    "business_name",
    "logo_url",
    "headlines",
    "descriptions",
    "keywords",
)
"""The flat fields that describe something below the campaign."""
DEFAULTABLE = ("final_url", "business_name", "logo_url", "headlines", "descriptions", "keywords")
EU_FIELD = "contains_eu_political_advertising"
SEARCH_IGNORES = "SEARCH ads carry no image: asset_url is ignored."


def expand(campaign_type: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Give the children that a flat form stands for, in the tree form: `ad_groups` or `asset_groups`.

    Args:
        campaign_type: SEARCH, DEMAND_GEN, DISPLAY or PERFORMANCE_MAX.
        given: The flat child fields of the draft.
        defaults: The account's defaults.
    """
    if not any(given.get(name) for name in CHILD_FIELDS):
        return {}
    name = given.get("ad_group_name")
    if campaign_type == "PERFORMANCE_MAX":
        return {"asset_groups": [{"name": name, **_creative("ASSET_GROUP", given, defaults)}]}
    kind = AD_TYPE[campaign_type]
    ad = {"type": kind, **_creative(kind, given, defaults)}
    group: dict[str, Any] = {"name": name, "type": AD_GROUP_TYPE[campaign_type], "ads": [ad]}
    if campaign_type == "SEARCH":
        group["keywords"] = [keyword(text) for text in _value("keywords", given, defaults) or ()]
    return {"ad_groups": [group]}


def eu_declaration(given: str | None, defaults: Mapping[str, Any]) -> str | None:
    """Give the declaration of a campaign: its own, else the account's, as Google's enum name."""
    value = given if given is not None else defaults.get(EU_FIELD)
    if isinstance(value, bool):
        return "CONTAINS_EU_POLITICAL_ADVERTISING" if value else "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"
    return value


def keyword(text: str | Mapping[str, Any]) -> dict[str, Any]:
    """Read a keyword as Google Ads writes it: `[exact]`, `"phrase"`, broad."""
    if not isinstance(text, str):
        return dict(text)
    plain = text.strip()
    if len(plain) > 2 and plain[0] == "[" and plain[-1] == "]":
        return {"text": plain[1:-1].strip(), "match_type": "EXACT"}
    if len(plain) > 2 and plain[0] == plain[-1] == '"':
        return {"text": plain[1:-1].strip(), "match_type": "PHRASE"}
    return {"text": plain, "match_type": "BROAD"}


def _value(name: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Any:
    value = given.get(name)
    return defaults.get(name) if value in (None, [], "") else value


def _creative(kind: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    slots = TEXT_SLOTS[kind]
    headlines = _texts("ad_headline", "headlines", slots["HEADLINE"].most, given, defaults)
    final_url = _value("final_url", given, defaults)
    filled: dict[str, Any] = {
        "final_urls": [final_url] if final_url else [],
        "headlines": headlines,
        "descriptions": _texts("ad_description", "descriptions", slots["DESCRIPTION"].most, given, defaults),
    }
    if "LONG_HEADLINE" in slots and headlines:
        filled["long_headlines"] = headlines[:1]
    if kind == "RESPONSIVE_SEARCH_AD":
        return filled
    filled["business_name"] = _value("business_name", given, defaults)
    if given.get("asset_url"):
        filled["images"] = [{"url": given["asset_url"]}]
    logo = _value("logo_url", given, defaults)
    if logo:
        filled["logo_images"] = [{"url": logo}]
    return filled


def _texts(first: str, more: str, most: int, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Any]:
    """The single text, then the list; what only the defaults add stops at the number that the ad takes."""
    own = [*([given[first]] if given.get(first) else []), *(given.get(more) or ())]
    added = () if given.get(more) else defaults.get(more) or ()
    return [*_once(own), *_once(added, seen=own)][: max(most, len(own))]


def _once(texts: Iterable[Any], seen: Sequence[Any] = ()) -> list[Any]:
    found: list[Any] = []
    known = {str(text).casefold() for text in seen}
    for text in texts:
        if str(text).casefold() not in known:
            known.add(str(text).casefold())
            found.append(text)
    return found


_POINTERS = (
    ("/name", "/ad_group_name"),
    ("/headlines", "/ad_headline"),
    ("/long_headlines", "/ad_headline"),
    ("/descriptions", "/ad_description"),
    ("/final_urls", "/final_url"),
    ("/business_name", "/business_name"),
    ("/logo_images", "/logo_url"),
    ("/keywords", "/keywords"),
    ("/images", "/asset_url"),
    ("/marketing_images", "/asset_url"),
    ("/square_marketing_images", "/asset_url"),
    ("/portrait_marketing_images", "/asset_url"),
    ("/tall_portrait_marketing_images", "/asset_url"),
)
_HOLDERS = ("/ad_groups/0/ads/0", "/ad_groups/0", "/asset_groups/0")
_LISTS = {"/headlines": "ad_headline", "/descriptions": "ad_description", "/long_headlines": "ad_headline"}


def flat_pointer(pointer: str, given: Mapping[str, Any]) -> str:
    """Translate a pointer into the tree to one into the flat form it was expanded from."""
    holder = next((name for name in _HOLDERS if pointer.startswith(f"{name}/")), None)
    if holder is None:
        return {"/ad_groups": "/ad_group_name", "/asset_groups": "/ad_group_name"}.get(pointer, pointer)
    inner = pointer.removeprefix(holder)
    for field, target in _POINTERS:
        if inner == field or inner.startswith(f"{field}/"):
            return _list_pointer(field, target, inner, given)
    return pointer


def _list_pointer(field: str, target: str, inner: str, given: Mapping[str, Any]) -> str:
    parts = inner.removeprefix(field).strip("/").split("/")
    if not parts[0].isdigit():
        return target
    index = int(parts[0])
    if field == "/keywords":
        return f"/keywords/{index}"
    single = _LISTS.get(field)
    if single is None:
        return target
    if given.get(single):
        if index == 0:
            return target
        index -= 1
    return f"{'/descriptions' if field == '/descriptions' else '/headlines'}/{index}"
