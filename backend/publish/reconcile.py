"""Finds at Google what a publish would have made, by its marker, and pairs it with the operations that made it.

A campaign is ours only when the label that was made in the same mutate carries our marker; its name alone says
nothing. Parts are paired by what is unique among them: an ad group's name, a keyword's text and match type, an ad's
content, an image's name. What is removed at Google, or belongs to another row of ours already, is never paired.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from backend.campaigns.tree import AdNode, CampaignNode
from backend.integrations.googleads.gateway import Gateway
from backend.integrations.googleads.resource_names import last_id
from backend.publish import linked_assets, shared_lists
from backend.publish.asking import enum_name, quoted
from backend.publish.batches import Sent
from backend.publish.creatives import image_name
from backend.publish.planner import Subject, subject


def find_by_marker(gateway: Gateway, customer_id: str, marker: str) -> tuple[int, str] | None:
    """Give id and resource name of the campaign that carries a marker label; None when there is none."""
    query = (
        "SELECT campaign.id, campaign.resource_name, label.name FROM campaign_label"
        f" WHERE label.name = {quoted(marker)} LIMIT 1"
    )
    for row in gateway.search(customer_id, query):
        return int(row.campaign.id), str(row.campaign.resource_name)
    return None


def adopt(gateway: Gateway, customer_id: str, tree: CampaignNode, operations: Sequence[Sent]) -> list[str] | None:
    """Give the names of what a publish made, in the order of its operations; None when nothing of it exists.

    An operation whose result cannot be paired gets an empty name; the next sync brings it.
    """
    if not tree.marker:
        return None
    found = find_by_marker(gateway, customer_id, tree.marker)
    if found is None:
        return None
    campaign_id, campaign_name = found
    names = {subject("campaign", tree.id): campaign_name}
    for part in (_budget, _ad_groups, _negatives, _asset_groups, _images, linked_assets.find):
        names.update(part(gateway, customer_id, tree, campaign_id))
    names.update(shared_lists.find_new(gateway, customer_id, tree))
    names.update(shared_lists.find_links(gateway, customer_id, tree, campaign_id))
    return [names.get(operation.subject, "") if operation.verb == "create" else "" for operation in operations]


def adopt_additions(
    gateway: Gateway, customer_id: str, tree: CampaignNode, marker: str, operations: Sequence[Sent]
) -> list[str] | None:
    """Give the names of what a push made below a live campaign, or of a list; None when its label does not exist."""
    query = f"SELECT label.resource_name FROM label WHERE label.name = {quoted(marker)} LIMIT 1"
    if next(iter(gateway.search(customer_id, query)), None) is None:
        return None
    names: dict[Subject, str] = shared_lists.find_new(gateway, customer_id, tree)
    if tree.resource_name:
        campaign_id = last_id(tree.resource_name)
        for part in (_ad_groups, _asset_groups, _images, linked_assets.find, shared_lists.find_links):
            names.update(part(gateway, customer_id, tree, campaign_id))
    return [names.get(operation.subject, "") if operation.verb == "create" else "" for operation in operations]


def find_known(gateway: Gateway, customer_id: str, tree: CampaignNode) -> dict[Subject, str]:
    """Give the names at Google of what has a natural key: keywords by parent, text, type and sign, uses of lists."""
    names = shared_lists.find_keywords(gateway, customer_id, tree.shared_sets)
    if tree.resource_name:
        campaign_id = last_id(tree.resource_name)
        groups = {group.resource_name: group for group in tree.ad_groups if group.resource_name}
        names.update(_keywords(gateway, customer_id, campaign_id, groups))
        names.update(_negatives(gateway, customer_id, tree, campaign_id))
        names.update(shared_lists.find_links(gateway, customer_id, tree, campaign_id))
    return names


_Names = dict[Subject, str]


def _budget(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    query = f"SELECT campaign.campaign_budget FROM campaign WHERE campaign.id = {campaign_id}"
    for row in gateway.search(customer_id, query):
        if tree.budget and tree.budget.resource_name is None:
            return {subject("budget", tree.budget.id): str(row.campaign.campaign_budget)}
    return {}


def _ad_groups(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    if not tree.ad_groups:
        return {}
    known: dict[str, Any] = {group.resource_name: group for group in tree.ad_groups if group.resource_name}
    by_name = {group.name: group for group in tree.ad_groups if group.resource_name is None}
    names: _Names = {}
    query = (
        "SELECT ad_group.resource_name, ad_group.name FROM ad_group"
        f" WHERE campaign.id = {campaign_id} AND ad_group.status != 'REMOVED'"
    )
    groups = dict(known)
    for row in gateway.search(customer_id, query):
        group = by_name.get(row.ad_group.name)
        if group is not None and row.ad_group.resource_name not in known:
            names[subject("ad_group", group.id)] = row.ad_group.resource_name
            groups[row.ad_group.resource_name] = group
    names.update(_keywords(gateway, customer_id, campaign_id, groups))
    names.update(_ads(gateway, customer_id, campaign_id, groups))
    return names


def _keywords(gateway: Gateway, customer_id: str, campaign_id: int, groups: dict[str, Any]) -> _Names:
    ours = {
        (group_name, keyword.text.casefold(), keyword.match_type, keyword.negative): keyword
        for group_name, group in groups.items()
        for keyword in group.keywords
        if keyword.resource_name is None
    }
    held = {keyword.resource_name for group in groups.values() for keyword in group.keywords}
    if not ours:
        return {}
    query = (
        "SELECT ad_group_criterion.resource_name, ad_group_criterion.ad_group, ad_group_criterion.negative,"
        " ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type FROM ad_group_criterion"
        f" WHERE campaign.id = {campaign_id} AND ad_group_criterion.type = 'KEYWORD'"
        " AND ad_group_criterion.status != 'REMOVED'"
    )
    names: _Names = {}
    for row in gateway.search(customer_id, query):
        criterion = row.ad_group_criterion
        key = (
            criterion.ad_group,
            criterion.keyword.text.casefold(),
            enum_name(criterion.keyword, "match_type"),
            criterion.negative,
        )
        keyword = ours.get(key)
        if keyword is not None and criterion.resource_name not in held:
            names[subject("keyword", keyword.id)] = criterion.resource_name
    return names


def _negatives(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    ours = {(word.text.casefold(), word.match_type): word for word in tree.negatives if word.resource_name is None}
    held = {word.resource_name for word in tree.negatives}
    if not ours:
        return {}
    query = (
        "SELECT campaign_criterion.resource_name, campaign_criterion.keyword.text,"
        " campaign_criterion.keyword.match_type FROM campaign_criterion"
        f" WHERE campaign.id = {campaign_id} AND campaign_criterion.type = 'KEYWORD'"
        " AND campaign_criterion.status != 'REMOVED'"
    )
    names: _Names = {}
    for row in gateway.search(customer_id, query):
        criterion = row.campaign_criterion
        keyword = ours.get((criterion.keyword.text.casefold(), enum_name(criterion.keyword, "match_type")))
        if keyword is not None and criterion.resource_name not in held:
            names[subject("keyword", keyword.id)] = criterion.resource_name
    return names


def _ads(gateway: Gateway, customer_id: str, campaign_id: int, groups: dict[str, Any]) -> _Names:
    """Pair ads by content; ads with the same content in one ad group are interchangeable."""
    texts = ", ".join(f"ad_group_ad.ad.{name}" for name in _AD_TEXTS)
    query = (
        "SELECT ad_group_ad.resource_name, ad_group_ad.ad_group, ad_group_ad.ad.final_urls, ad_group_ad.ad.type,"
        f" {texts} FROM ad_group_ad WHERE campaign.id = {campaign_id} AND ad_group_ad.status != 'REMOVED'"
    )
    held = {last_id(ad.resource_name) for group in groups.values() for ad in group.ads if ad.resource_name}
    theirs = [row.ad_group_ad for row in gateway.search(customer_id, query)]
    left = [ad for ad in theirs if last_id(ad.resource_name) not in held]
    names: _Names = {}
    # First by all their texts; should Google have changed some of them, by the headlines alone.
    for kinds in (_ALL_TEXTS, frozenset({"headline"})):
        free: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        taken = set(names.values())
        for ad in left:
            if ad.resource_name not in taken:
                free[(ad.ad_group, tuple(ad.ad.final_urls), _texts(ad.ad, kinds))].append(ad.resource_name)
        for group_name, group in groups.items():
            for ad in group.ads:
                found = free.get((group_name, tuple(ad.final_urls), _own_texts(ad, kinds)))
                if ad.resource_name is None and subject("ad", ad.id) not in names and found:
                    names[subject("ad", ad.id)] = found.pop(0)
    return names


_AD_TEXTS = (
    *(f"responsive_search_ad.{name}" for name in ("headlines", "descriptions", "path1", "path2")),
    *(f"responsive_display_ad.{name}" for name in ("headlines", "descriptions")),
    *(f"demand_gen_multi_asset_ad.{name}" for name in ("headlines", "descriptions")),
    *(f"demand_gen_video_responsive_ad.{name}" for name in ("headlines", "descriptions")),
    *(f"demand_gen_carousel_ad.{name}" for name in ("headline", "description")),
)
_ALL_TEXTS = frozenset({"headline", "description", "path1", "path2"})
"""By what ads are recognised."""


def _own_texts(ad: AdNode, kinds: frozenset[str]) -> frozenset[tuple[str, str]]:
    found = {
        (kind, use.asset.text or "")
        for kind, slot in (("headline", "HEADLINE"), ("description", "DESCRIPTION"))
        for use in ad.slot(slot)
    }
    paths = (("path1", ad.path1), ("path2", ad.path2)) if ad.type == "RESPONSIVE_SEARCH_AD" else ()
    found |= {(name, text) for name, text in paths if text}
    return frozenset(one for one in found if one[0] in kinds)


def _texts(ad: Any, kinds: frozenset[str]) -> frozenset[tuple[str, str]]:
    kind = ad.WhichOneof("ad_data")
    if kind is None:
        return frozenset()
    message = getattr(ad, kind)
    found: set[tuple[str, str]] = set()
    for path in _AD_TEXTS:
        holder, _, name = path.partition(".")
        if holder != kind:
            continue
        value = getattr(message, name)
        if name.startswith("path"):
            found |= {(name, value)} if value else set()
        else:
            listed = value if name.endswith("s") else [value]
            found |= {(name.removesuffix("s"), item.text) for item in listed}
    return frozenset(one for one in found if one[0] in kinds)


def _asset_groups(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    if not tree.asset_groups:
        return {}
    by_name = {group.name: group for group in tree.asset_groups if group.resource_name is None}
    query = (
        "SELECT asset_group.resource_name, asset_group.name FROM asset_group"
        f" WHERE campaign.id = {campaign_id} AND asset_group.status != 'REMOVED'"
    )
    names: _Names = {}
    for row in gateway.search(customer_id, query):
        group = by_name.get(row.asset_group.name)
        if group is not None:
            names[subject("asset_group", group.id)] = row.asset_group.resource_name
    names.update(_group_texts(gateway, customer_id, tree, campaign_id))
    return names


def _group_texts(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    """The text assets of asset groups, by their text."""
    ours = {asset.text: asset for asset in tree.assets() if asset.type == "TEXT" and asset.resource_name is None}
    query = (
        "SELECT asset.resource_name, asset.text_asset.text FROM asset_group_asset"
        f" WHERE campaign.id = {campaign_id} AND asset.type = 'TEXT'"
    )
    names: _Names = {}
    for row in gateway.search(customer_id, query):
        asset = ours.get(row.asset.text_asset.text)
        if asset is not None:
            names[subject("asset", asset.id)] = row.asset.resource_name
    return names


def _images(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    return find_images(gateway, customer_id, [asset for asset in tree.assets() if asset.resource_name is None])


def find_images(gateway: Gateway, customer_id: str, assets: Iterable[Any]) -> _Names:
    """Give the images that exist at Google under the names that we give them."""
    ours = {image_name(asset): asset for asset in assets if asset.type == "IMAGE"}
    if not ours:
        return {}
    listed = ", ".join(quoted(name) for name in ours)
    query = f"SELECT asset.resource_name, asset.name FROM asset WHERE asset.name IN ({listed})"
    return {
        subject("asset", ours[row.asset.name].id): str(row.asset.resource_name)
        for row in gateway.search(customer_id, query)
        if row.asset.name in ours
    }
