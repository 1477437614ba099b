"""Gives each operation's result to its own row: clean where Google took it, explained where Google did not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import (
    AssetGroup,
    AssetGroupAsset,
    CampaignAssetGroup,
    CampaignSharedSet,
    SharedSet,
)
from backend.adgraph.edges import AdGroupAd, AdGroupAsset, CampaignAdGroup, CampaignAsset, Link
from backend.adgraph.models import Ad, AdGroup, Campaign, CampaignBudget, Keyword
from backend.campaigns import dirty, linking
from backend.campaigns.loading import load_uses
from backend.campaigns.tree import AdNode
from backend.integrations.googleads.errors import AdsFailure
from backend.integrations.googleads.gateway import MutateReply
from backend.integrations.googleads.mutate.results import PARENT_FAILED
from backend.publish import batches, creatives, recording
from backend.publish.batches import Sent
from backend.publish.models import MutateBatch

MODELS: dict[str, Any] = {
    "campaign": Campaign,
    "budget": CampaignBudget,
    "ad_group": AdGroup,
    "ad": Ad,
    "ad_status": AdGroupAd,
    "keyword": Keyword,
    "asset_group": AssetGroup,
    "shared_set": SharedSet,
    "campaign_asset": CampaignAsset,
    "ad_group_asset": AdGroupAsset,
    "asset_group_asset": AssetGroupAsset,
    "campaign_shared_set": CampaignSharedSet,
}
_LOCKED_LATE = {"campaign": 1, "budget": 2, "ad_status": 3}
"""The order in which an edit takes them: a child, its campaign, the budget, the edge of an ad; two would deadlock."""
ALREADY_REMOVED = frozenset(
    {
        "MutateError.RESOURCE_NOT_FOUND",
        "OperationAccessDeniedError.REMOVE_OPERATION_NOT_PERMITTED",
        "ContextError.OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE",
    }
)


@dataclass(slots=True)
class Settled:
    """How many operations were applied, and each refused one with its row and reason."""

    applied: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)


def settle(session: Session, customer_id: UUID, batch: MutateBatch, reply: MutateReply) -> Settled:
    """Write what came of a batch with partial failure.

    Raises:
        ValueError: The answer does not have one result per operation.
    """
    operations = batches.sent_operations(batch)
    if len(operations) != len(reply.resource_names):
        raise ValueError("Google's answer does not have one result per operation")
    reasons = _reasons(operations, reply)
    recording.record_created(session, customer_id, operations, reply.resource_names)
    rows = _rows(session, customer_id, operations)
    settled = Settled()
    targeting_failed: set[str] = set()
    for index, operation in enumerate(operations):
        reason = reasons.get(index)
        key = (operation.subject[0], operation.subject[1]) if len(operation.subject) > 1 else ("", "")
        row = rows.get(key)
        if reason is None:
            settled.applied += 1
            if operation.verb != "create" and row is not None:
                _applied(session, row, operation, batch.before_images.get(":".join(key), {}).get("after", {}))
            continue
        settled.failures.append(failure_of(index, operation, reason, reply.request_id))
        if key[0] == "targeting":
            targeting_failed.add(key[1])
        if row is not None:
            _refused(row, reason, reply.request_id)
    settle_targeting(session, customer_id, batch.before_images, targeting_failed)
    session.flush()
    return settled


def _reasons(operations: Sequence[Sent], reply: MutateReply) -> dict[int, AdsFailure]:
    """The first reason of each refused operation; one that silently has no name depended on a refused one."""
    found: dict[int, AdsFailure] = {}
    for failure in reply.failures:
        if failure.index is not None and failure.index not in found:
            gone = operations[failure.index].verb == "remove" and failure.code in ALREADY_REMOVED
            if not gone:
                found[failure.index] = failure
    if reply.failures:
        for index, (operation, name) in enumerate(zip(operations, reply.resource_names, strict=True)):
            if operation.verb == "create" and not name and index not in found:
                found[index] = AdsFailure(PARENT_FAILED, "What this belongs to was refused.", index=index)
    return found


def _rows(session: Session, customer_id: UUID, operations: Sequence[Sent]) -> dict[tuple[str, str], Any]:
    """Load the rows of a batch, a statement per kind."""
    wanted: dict[str, list[UUID]] = defaultdict(list)
    for operation in operations:
        if len(operation.subject) > 1 and operation.subject[0] in MODELS:
            wanted[operation.subject[0]].append(UUID(operation.subject[1]))
    found: dict[tuple[str, str], Any] = {}
    for kind, ids in sorted(wanted.items(), key=lambda item: _LOCKED_LATE.get(item[0], 0)):
        model = MODELS[kind]
        column = model.ad_id if kind == "ad_status" else model.id
        pairs = [(customer_id, row_id) for row_id in ids]
        for start in range(0, len(pairs), 5_000):
            part = pairs[start : start + 5_000]
            query = select(model).where(tuple_(model.customer_id, column).in_(part)).with_for_update()
            for row in session.scalars(query):
                found[(kind, str(row.ad_id if kind == "ad_status" else row.id))] = row
    return found


def _applied(session: Session, row: Any, operation: Sent, after: Mapping[str, Any]) -> None:
    dirty.pushed(row, tuple(after), after, _lists_of(session, row, after) if isinstance(row, Ad) else None)
    if operation.verb == "remove" and isinstance(row, Campaign):
        row.google_status, row.status = "REMOVED", "REMOVED"
    if operation.verb == "remove" and isinstance(row, Link) and row.status != "REMOVED":
        # It was linked again while its removal was under way: that is a new link.
        row.resource_name, row.sync_status, row.dirty_fields, row.base, row.remote = None, "draft", [], {}, {}
    row.version += 1


def _lists_of(session: Session, ad: Ad, after: Mapping[str, Any]) -> dict[str, Any]:
    """What the lists of an ad hold now; it may have been edited while the push was under way."""
    if not dirty.LISTS & after.keys():
        return {}
    uses = load_uses(session, ad)
    held = creatives.held(AdNode(id=ad.id, type=ad.type, uses=uses))
    return {name: held[name] for name in after if name in held}


def _refused(row: Any, reason: AdsFailure, request_id: str | None) -> None:
    row.sync_error = {
        "code": reason.code,
        "message": reason.message,
        "path": reason.path,
        "google_request_id": request_id,
    }
    if not row.remote:  # what both sides changed stays to be decided
        row.sync_status = "sync_error"


def failure_of(index: int, operation: Sent, reason: AdsFailure, request_id: str | None) -> dict[str, Any]:
    """Give a refused item as the result of a push shows it."""
    return {
        "index": index,
        "kind": operation.subject[0] if operation.subject else operation.resource,
        "id": operation.subject[1] if len(operation.subject) > 1 else None,
        "code": reason.code,
        "message": reason.message,
        "google_request_id": request_id,
    }


def settle_targeting(
    session: Session, customer_id: UUID, images: Mapping[str, Any], failed: Collection[str] = ()
) -> None:
    """Note that Google has the targeting of campaigns, but for those of which something was refused."""
    for key, image in images.items():
        kind, _, campaign_id = key.partition(":")
        if kind != "targeting" or campaign_id in failed:
            continue
        campaign = session.get(Campaign, {"customer_id": customer_id, "id": UUID(campaign_id)}, with_for_update=True)
        if campaign is not None:
            dirty.pushed(campaign, ("targeting",), {"targeting": image["after"]})


def settle_lists(session: Session, customer_id: UUID, campaign_id: UUID) -> None:
    """Where nothing of a campaign's, ad group's or asset group's lists waits any more, they are clean again."""
    groups = select(CampaignAdGroup.ad_group_id).where(
        CampaignAdGroup.customer_id == customer_id, CampaignAdGroup.campaign_id == campaign_id
    )
    asset_groups = select(CampaignAssetGroup.asset_group_id).where(
        CampaignAssetGroup.customer_id == customer_id, CampaignAssetGroup.campaign_id == campaign_id
    )
    for model, ids in ((Campaign, [campaign_id]), (AdGroup, groups), (AssetGroup, asset_groups)):
        linking.refresh_many(session, model, model.customer_id == customer_id, model.id.in_(ids))


def explain(
    session: Session,
    customer_id: UUID,
    operations: Sequence[Sent],
    failures: Sequence[AdsFailure],
    request_id: str | None,
) -> None:
    """Put the reasons of a refused atomic batch on the rows that caused it."""
    rows = _rows(session, customer_id, operations)
    for failure in failures:
        if failure.index is None or failure.index >= len(operations):
            continue
        about = operations[failure.index].subject
        row = rows.get((about[0], about[1])) if len(about) > 1 else None
        if row is not None:
            _refused(row, failure, request_id)
    session.flush()
