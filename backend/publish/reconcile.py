"""Finds at Google what a publish would have made, by its marker, and pairs it with the operations that made it.

A campaign is ours only when the label that was made in the same mutate carries our marker; its name alone says
nothing. Parts are paired by what is unique among them: an ad group's name, a keyword's text and match type, an ad's
content, an image's name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
    by_name = {group.name: group for group in tree.ad_groups}
    names: _Names = {}
    query = f"SELECT ad_group.resource_name, ad_group.name FROM ad_group WHERE campaign.id = {campaign_id}"
    groups: dict[str, Any] = {}
    for row in gateway.search(customer_id, query):
        group = by_name.get(row.ad_group.name)
        if group is not None:
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
    }
    if not ours:
        return {}
    query = (
        "SELECT ad_group_criterion.resource_name, ad_group_criterion.ad_group, ad_group_criterion.negative,"
        " ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type FROM ad_group_criterion"
        f" WHERE campaign.id = {campaign_id} AND ad_group_criterion.type = 'KEYWORD'"
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
        if keyword is not None:
            names[subject("keyword", keyword.id)] = criterion.resource_name
    return names


def _negatives(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    ours = {(keyword.text.casefold(), keyword.match_type): keyword for keyword in tree.negatives}
    if not ours:
        return {}
    query = (
        "SELECT campaign_criterion.resource_name, campaign_criterion.keyword.text,"
        " campaign_criterion.keyword.match_type FROM campaign_criterion"
        f" WHERE campaign.id = {campaign_id} AND campaign_criterion.type = 'KEYWORD'"
    )
    names: _Names = {}
    for row in gateway.search(customer_id, query):
        criterion = row.campaign_criterion
        keyword = ours.get((criterion.keyword.text.casefold(), enum_name(criterion.keyword, "match_type")))
        if keyword is not None:
            names[subject("keyword", keyword.id)] = criterion.resource_name
    return names


def _ads(gateway: Gateway, customer_id: str, campaign_id: int, groups: dict[str, Any]) -> _Names:
    """Pair ads by content; ads with the same content in one ad group are interchangeable."""
    query = (
        "SELECT ad_group_ad.resource_name, ad_group_ad.ad_group, ad_group_ad.ad.final_urls, ad_group_ad.ad.type,"
        " ad_group_ad.ad.responsive_search_ad.headlines, ad_group_ad.ad.responsive_search_ad.descriptions,"
        " ad_group_ad.ad.responsive_display_ad.headlines, ad_group_ad.ad.responsive_display_ad.descriptions,"
        " ad_group_ad.ad.demand_gen_multi_asset_ad.headlines, ad_group_ad.ad.demand_gen_multi_asset_ad.descriptions,"
        " ad_group_ad.ad.demand_gen_video_responsive_ad.headlines,"
        " ad_group_ad.ad.demand_gen_carousel_ad.headline"
        f" FROM ad_group_ad WHERE campaign.id = {campaign_id}"
    )
    theirs: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in gateway.search(customer_id, query):
        ad = row.ad_group_ad
        key = (ad.ad_group, tuple(ad.ad.final_urls), frozenset(_headlines(ad.ad)))
        theirs[key].append(ad.resource_name)
    names: _Names = {}
    for group_name, group in groups.items():
        for ad in group.ads:
            key = (group_name, tuple(ad.final_urls), frozenset(_own_headlines(ad)))
            if theirs[key]:
                names[subject("ad", ad.id)] = theirs[key].pop(0)
    return names


def _own_headlines(ad: AdNode) -> Iterator[str]:
    for use in ad.slot("HEADLINE"):
        yield use.asset.text or ""


def _headlines(ad: Any) -> Iterable[str]:
    kind = ad.WhichOneof("ad_data")
    message = getattr(ad, kind) if kind else None
    if message is None:
        return ()
    if "headlines" in message.DESCRIPTOR.fields_by_name:
        return [asset.text for asset in message.headlines]
    return [message.headline.text] if "headline" in message.DESCRIPTOR.fields_by_name else ()


def _asset_groups(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> _Names:
    if not tree.asset_groups:
        return {}
    by_name = {group.name: group for group in tree.asset_groups}
    query = f"SELECT asset_group.resource_name, asset_group.name FROM asset_group WHERE campaign.id = {campaign_id}"
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
