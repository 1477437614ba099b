"""Finds at Google the lists of negatives that a batch would have made: by name, what they hold by text and type."""

from __future__ import annotations

from collections.abc import Sequence

from backend.campaigns.tree import CampaignNode, SharedSetNode
from backend.integrations.googleads.gateway import Gateway
from backend.publish.asking import enum_name, quoted
from backend.publish.planner import Subject, subject


def find_new(gateway: Gateway, customer_id: str, tree: CampaignNode) -> dict[Subject, str]:
    """Give the names of the lists that were new, and of what they hold.

    Only for a batch that is known to have been carried out: a list's name alone says nothing about who made it.
    """
    new = {shared.name.casefold(): shared for shared in tree.shared_sets if shared.resource_name is None}
    if not new:
        return {}
    listed = ", ".join(quoted(shared.name) for shared in new.values())
    query = (
        "SELECT shared_set.resource_name, shared_set.name FROM shared_set WHERE shared_set.status = 'ENABLED'"
        f" AND shared_set.type = 'NEGATIVE_KEYWORDS' AND shared_set.name IN ({listed})"
    )
    names: dict[Subject, str] = {}
    found: dict[str, SharedSetNode] = {}
    for row in gateway.search(customer_id, query):
        shared = new.get(row.shared_set.name.casefold())
        if shared is not None:
            names[subject("shared_set", shared.id)] = row.shared_set.resource_name
            found[row.shared_set.resource_name] = shared
    names.update(_keywords(gateway, customer_id, found))
    return names


def find_keywords(gateway: Gateway, customer_id: str, lists: Sequence[SharedSetNode]) -> dict[Subject, str]:
    """Give the names of the keywords of lists that exist."""
    known = {shared.resource_name: shared for shared in lists if shared.resource_name and shared.keywords}
    return _keywords(gateway, customer_id, known)


def _keywords(gateway: Gateway, customer_id: str, lists: dict[str, SharedSetNode]) -> dict[Subject, str]:
    ours = {
        (name, keyword.text.casefold(), keyword.match_type): keyword
        for name, shared in lists.items()
        for keyword in shared.keywords
        if keyword.resource_name is None
    }
    held = {keyword.resource_name for shared in lists.values() for keyword in shared.keywords}
    if not ours:
        return {}
    listed = ", ".join(f"'{name}'" for name in lists)
    query = (
        "SELECT shared_criterion.resource_name, shared_criterion.shared_set, shared_criterion.keyword.text,"
        " shared_criterion.keyword.match_type FROM shared_criterion"
        f" WHERE shared_criterion.type = 'KEYWORD' AND shared_criterion.shared_set IN ({listed})"
    )
    names: dict[Subject, str] = {}
    for row in gateway.search(customer_id, query):
        criterion = row.shared_criterion
        key = (criterion.shared_set, criterion.keyword.text.casefold(), enum_name(criterion.keyword, "match_type"))
        keyword = ours.get(key)
        if keyword is not None and criterion.resource_name not in held:
            names[subject("keyword", keyword.id)] = criterion.resource_name
    return names


def find_links(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> dict[Subject, str]:
    """Give the names of the links by which a campaign uses its lists; a list's own name must be known."""
    if not any(shared.link_id for shared in tree.shared_sets):
        return {}
    by_name = {shared.name.casefold(): shared for shared in tree.shared_sets}
    query = (
        "SELECT campaign.id, campaign_shared_set.resource_name, campaign_shared_set.status, shared_set.name"
        " FROM campaign_shared_set"
        f" WHERE campaign.id = {campaign_id} AND campaign_shared_set.status = 'ENABLED'"
    )
    names: dict[Subject, str] = {}
    for row in gateway.search(customer_id, query):
        shared = by_name.get(row.shared_set.name.casefold())
        if shared is not None and shared.link_id is not None:
            names[subject("campaign_shared_set", shared.link_id)] = row.campaign_shared_set.resource_name
    return names
