"""What a publish or a push would change, field by field, what it would make, and what that costs; asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import SharedSet
from backend.adgraph.models import Campaign, Customer
from backend.campaigns.dirty import as_json
from backend.campaigns.objectives import bidding_for
from backend.campaigns.tree import CampaignNode, KeywordNode
from backend.publish import targeting
from backend.publish.pending import Pending, pending_of, pending_of_list
from backend.publish.planner import Additions

MOST_NAMED = 500
PUBLISHED_FIELDS = (
    "name",
    "campaign_type",
    "start_date",
    "end_date",
    "contains_eu_political_advertising",
    "tracking_url_template",
    "final_url_suffix",
)
Line = dict[str, Any]


def of_campaign(session: Session, customer: Customer, campaign: Campaign) -> Line:
    """Preview the publish of a draft, or the push of what waits below a live campaign."""
    pending, tree = pending_of(session, customer, campaign)
    changes = list(_changed(pending))
    operations = _cost(pending)
    if pending.targeting:
        before, after = pending.targeting
        changes.append(_line("campaign", campaign.id, "targeting", before, after))
        operations += targeting.cost(before, after)
    if campaign.google_id is None:
        changes += _of_draft(tree)
        # The label and its link, the campaign and, unless it exists, the budget.
        operations += 3 + (tree.budget is not None and tree.budget.resource_name is None)
        operations += targeting.cost({}, tree.targeting) - bool(pending.new)
    return _shown(pending, changes, operations)


def of_list(session: Session, customer: Customer, shared_set: SharedSet) -> Line:
    """Preview the push of a list of negatives."""
    pending, _ = pending_of_list(session, customer, shared_set)
    return _shown(pending, list(_changed(pending)), _cost(pending))


def _shown(pending: Pending, changes: list[Line], operations: int) -> Line:
    made = list(_made(pending))
    counts = dict.fromkeys(("ad_groups", "asset_groups", "ads", "keywords", "asset_links", "shared_sets"), 0)
    counts["shared_set_links"] = 0
    for line in made:
        counts[f"{line['kind']}s"] += 1
    return {
        "changes": changes,
        "creates": counts,
        "new": made[:MOST_NAMED],
        "operations": operations,
        "quota": operations,
    }


def _line(kind: str, row_id: object, field: str, before: Any, after: Any) -> Line:
    return {"kind": kind, "id": str(row_id), "field": field, "before": before, "after": after}


def _changed(pending: Pending) -> Iterator[Line]:
    for change in (*pending.changes, *pending.new.replaced):
        for name, value in change.after.items():
            yield _line(change.kind, change.row_id, name, change.before.get(name), value)


def _of_draft(tree: CampaignNode) -> Iterator[Line]:
    """Every field that a draft would be made with."""
    for name in PUBLISHED_FIELDS:
        if getattr(tree, name):
            yield _line("campaign", tree.id, name, None, as_json(getattr(tree, name)))
    yield _line("campaign", tree.id, "bidding", None, bidding_for(tree.campaign_type, tree.objective, tree.bidding))
    if tree.targeting:
        yield _line("campaign", tree.id, "targeting", None, tree.targeting)
    if tree.budget is not None and tree.budget.resource_name is None:
        for name in ("amount_micros", "total_amount_micros"):
            if getattr(tree.budget, name) is not None:
                yield _line("budget", tree.budget.id, name, None, getattr(tree.budget, name))


def _made(pending: Pending) -> Iterator[Line]:
    """Everything that is to be made and has a row of its own, from the top down."""
    new = pending.new
    lists = [shared for shared in new.shared_sets if shared.resource_name is None]
    yield from (_named("shared_set", shared.id, shared.name) for shared in lists)
    for shared in (*new.shared_sets, *pending.list_links):
        if shared.link_id is not None:
            yield _named("shared_set_link", shared.link_id, shared.name)
    for group in new.ad_groups:
        yield _named("ad_group", group.id, group.name)
    for asset_group in new.asset_groups:
        yield _named("asset_group", asset_group.id, asset_group.name)
    for ad in (*(ad for _, ad in new.ads), *(ad for group in new.ad_groups for ad in group.ads)):
        yield _named("ad", ad.id, ad.name)
    links = (*(use for _, _, use in new.links), *(use for group in new.ad_groups for use in group.links))
    yield from (_named("asset_link", use.id, use.asset.text or use.asset.name) for use in links)
    yield from (_named("keyword", keyword.id, keyword.text) for keyword in _keywords(pending))


def _named(kind: str, row_id: object, name: str | None) -> Line:
    return {"kind": kind, "id": str(row_id), "name": name}


def _keywords(pending: Pending) -> Iterable[KeywordNode]:
    yield from (keyword for _, keyword in pending.keywords)
    yield from pending.negatives
    yield from (keyword for _, keyword in pending.list_keywords)
    yield from (keyword for group in pending.new.ad_groups for keyword in group.keywords)
    yield from (keyword for shared in pending.new.shared_sets for keyword in shared.keywords)


def _cost(pending: Pending) -> int:
    return len(pending.changes) + pending.known_by_key + _additions(pending.new)


def _additions(new: Additions) -> int:
    """How many operations make what is new, its label included."""
    if not new:
        return 0
    assets = {asset.id for asset in new.needed() if asset.resource_name is None and asset.type != "TEXT"}
    lists = sum(1 + len(shared.keywords) + (shared.link_id is not None) for shared in new.shared_sets)
    groups = sum(1 + len(group.keywords) + len(group.ads) + len(group.links) for group in new.ad_groups)
    asset_groups = sum(1 + len(group.uses) for group in new.asset_groups)
    if new.asset_groups or any(kind == "asset_group_asset" for kind, _, _ in new.links):
        assets |= {asset.id for asset in new.needed() if asset.resource_name is None}
    return 1 + len(new.replaced) + lists + groups + asset_groups + len(new.ads) + len(new.links) + len(assets)
