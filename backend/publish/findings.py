"""Google's refusals as findings with pointers into the form that people wrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.campaigns import flat
from backend.campaigns.objectives import ALLOWED_BIDDING
from backend.campaigns.tree import AssetUse, CampaignNode
from backend.core.errors import Finding
from backend.integrations.googleads.errors import AdsFailure
from backend.integrations.googleads.mutate.results import PARENT_FAILED
from backend.publish.planner import Subject, link_subject, subject
from backend.publish.resources import targeting_criteria

_INDEX = re.compile(r"\[(\d+)\]")
_FIELDS = {
    "campaign_budget": "daily_budget",
    "amount_micros": "daily_budget",
    "start_date_time": "start_date",
    "end_date_time": "end_date",
    "square_logo_images": "logo_images",
}
_UNSAID = frozenset(
    {"ad", "keyword", "text_asset", "image_asset", "sitelink_asset", "callout_asset", "asset", "text", "create"}
    | {"update", "location", "geo_target_constant", "language", "language_constant", "device", "ad_schedule"}
)

_STRATEGIES = frozenset().union(*ALLOWED_BIDDING.values())


def pointers(tree: CampaignNode, *, alone: bool = False) -> dict[Subject, str]:
    """Give the place in the tree form of everything that an operation can be about.

    Args:
        alone: The tree holds nothing but one list of negatives, whose form is the list's own.
    """
    found: dict[Subject, str] = {
        subject("campaign", tree.id): "",
        subject("label", tree.id): "",
        subject("campaign_label", tree.id): "",
    }
    if tree.budget:
        found[subject("budget", tree.budget.id)] = ""
    found |= zip(_targeting(tree), _targeting_places(tree), strict=True)
    for index, keyword in enumerate(tree.negatives):
        found[subject("keyword", keyword.id)] = f"/negative_keywords/{index}"
    for index, shared in enumerate(tree.shared_sets):
        here = "" if alone else f"/shared_sets/{index}"
        found[subject("shared_set", shared.id)] = here
        if shared.link_id is not None:
            found[subject("campaign_shared_set", shared.link_id)] = here
        for number, keyword in enumerate(shared.keywords):
            found[subject("keyword", keyword.id)] = f"{here}/keywords/{number}"
    _links(found, "campaign_asset", tree.links, "")
    for index, group in enumerate(tree.ad_groups):
        here = f"/ad_groups/{index}"
        found[subject("ad_group", group.id)] = here
        for kind, negative in (("keywords", False), ("negative_keywords", True)):
            chosen = [keyword for keyword in group.keywords if keyword.negative is negative]
            for number, keyword in enumerate(chosen):
                found[subject("keyword", keyword.id)] = f"{here}/{kind}/{number}"
        _links(found, "ad_group_asset", group.links, here)
        for number, ad in enumerate(group.ads):
            found[subject("ad", ad.id)] = f"{here}/ads/{number}"
            _uses(found, ad.uses, f"{here}/ads/{number}")
    for index, asset_group in enumerate(tree.asset_groups):
        here = f"/asset_groups/{index}"
        found[subject("asset_group", asset_group.id)] = here
        found[subject("business_name", asset_group.id)] = f"{here}/business_name"
        _uses(found, asset_group.uses, here)
    return found


def _targeting(tree: CampaignNode) -> list[Subject]:
    """The subjects of the targeting's operations, in the planner's order."""
    return [subject("targeting", tree.id, str(index)) for index, _ in enumerate(targeting_criteria(tree.targeting))]


def _targeting_places(tree: CampaignNode) -> list[str]:
    """The same order in the form; what Google says of a criterion is said of the item as a whole."""
    kinds = ("locations", "languages", "devices", "ad_schedule")
    return [f"/targeting/{kind}/{index}" for kind in kinds for index, _ in enumerate(tree.targeting.get(kind, ()))]


def _links(found: dict[Subject, str], kind: str, uses: Iterable[AssetUse], here: str) -> None:
    for index, use in enumerate(uses):
        found[link_subject(kind, use)] = f"{here}/asset_links/{index}"
        found.setdefault(subject("asset", use.asset.id), f"{here}/asset_links/{index}")


def _uses(found: dict[Subject, str], uses: Iterable[AssetUse], here: str) -> None:
    from backend.campaigns.rules import FIELD_OF_SLOT  # noqa: PLC0415 - a table of this function alone

    counted: dict[str, int] = {}
    for use in uses:
        number = counted.get(use.field_type, 0)
        counted[use.field_type] = number + 1
        place = f"{here}/{FIELD_OF_SLOT.get(use.field_type, 'images')}/{number}"
        found.setdefault(subject("asset", use.asset.id), place)
        if use.id is not None:
            found[link_subject("asset_group_asset", use)] = place


def from_failures(
    failures: Iterable[AdsFailure],
    subjects: Sequence[tuple[str, ...]],
    places: Mapping[Subject, str],
    flat_form: Mapping[str, Any],
) -> list[Finding]:
    """Give one finding per failure: where in the form, Google's code, Google's sentence.

    What failed only because its parent did is left out where the parent's own failure is told: it is no fault of the
    tree, and an ad group may have twenty thousand children.
    """
    found: list[Finding] = []
    listed = list(failures)
    causes = [failure for failure in listed if failure.code != PARENT_FAILED]
    for failure in causes or listed:
        about = subjects[failure.index] if failure.index is not None and failure.index < len(subjects) else ()
        pointer = place_of(failure, about, places)
        if flat_form:
            pointer = flat.flat_pointer(pointer, flat_form)
        found.append(Finding(pointer or "/", failure.code, failure.message))
    return list(dict.fromkeys(found))


def place_of(failure: AdsFailure, about: Subject, places: Mapping[Subject, str]) -> str:
    """Give where in the form something is that Google refused."""
    return places.get(tuple(about), "") + _within(failure.path)


def _within(path: str) -> str:
    """Translate the end of Google's path: `….create.ad.responsive_search_ad.headlines[2].text` → `/headlines/2`."""
    parts = path.split(".")
    if "create" in parts:
        parts = parts[parts.index("create") + 1 :]
    elif "update" in parts:
        parts = parts[parts.index("update") + 1 :]
    else:
        return ""
    said: list[str] = []
    for part in parts:
        index = _INDEX.search(part)
        name = _INDEX.sub("", part)
        if name in _UNSAID or name.endswith("_ad"):
            continue
        if name in _STRATEGIES:
            said.append("bidding")
        said.append(_FIELDS.get(name, name))
        if index:
            said.append(index.group(1))
    return "".join(f"/{part}" for part in said)
