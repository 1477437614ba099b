"""Edits of a draft that came after its request was sent: if the request was carried out, they wait as dirty fields.

Only a publish or push that gave up with an open outcome leaves such edits possible. What was sent stands in the stored
bytes: by it the parts are recognised at Google, and each field that holds something else by now is marked against it.
New children are drafts that a push makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup
from backend.adgraph.columns import SyncState
from backend.adgraph.edges import AdGroupAd
from backend.adgraph.models import Ad, AdGroup, Asset, Campaign, CampaignBudget, Keyword
from backend.campaigns import ad_lists, dirty
from backend.campaigns.loading import load_uses
from backend.campaigns.rules import SLOT_FIELDS
from backend.campaigns.tree import AdNode, AssetNode, AssetUse, CampaignNode
from backend.integrations.googleads import requests
from backend.publish import creatives
from backend.publish.batches import Sent
from backend.publish.planner import subject
from backend.publish.resources import MODIFIER_DIGITS, targeting_criteria, targeting_of

FIELDS: dict[str, tuple[type[SyncState], tuple[str, ...]]] = {
    "campaign": (Campaign, ("name", "start_date", "end_date", "tracking_url_template", "final_url_suffix")),
    "budget": (CampaignBudget, ("amount_micros",)),
    "ad_group": (AdGroup, ("name", "status", "cpc_bid_micros")),
    "keyword": (Keyword, ("status", "cpc_bid_micros")),
    "asset_group": (AssetGroup, ("name", "status", "final_urls", "path1", "path2")),
    "ad": (Ad, ("final_urls", "path1", "path2", "tracking_url_template")),
}
_CRITERION = ("location", "language", "device", "ad_schedule", "negative", "bid_modifier")

Fields = Mapping[str, Any]


def as_sent(tree: CampaignNode, payload: bytes, operations: Sequence[Sent], *, version: str) -> None:
    """Give the parts of a tree back the names and texts under which a request made them."""
    created = dict(
        zip(
            (operation.subject for operation in operations),
            requests.created_fields(payload, version=version),
            strict=True,
        )
    )
    named: list[tuple[str, Any]] = [("ad_group", group) for group in tree.ad_groups]
    named += [("asset_group", group) for group in tree.asset_groups]
    for kind, node in named:
        node.name = created.get(subject(kind, node.id), {}).get("name", node.name)
    for group in tree.ad_groups:
        for ad in group.ads:
            if sent := created.get(subject("ad", ad.id)):
                _ad_as_sent(ad, sent)


def _ad_as_sent(ad: AdNode, sent: Fields) -> None:
    creative = _creative(sent)
    slots = creatives.SLOT_IN_MESSAGE.get(ad.type or "", {})
    ad.final_urls = list(sent["ad"].get("final_urls", ()))
    ad.path1, ad.path2 = creative.get("path1"), creative.get("path2")
    ad.uses = [use for use in ad.uses if use.field_type not in ("HEADLINE", "DESCRIPTION")]
    for name in ("headlines", "descriptions"):
        for item in _listed(creative.get(slots.get(name, name))):
            ad.uses.append(AssetUse(SLOT_FIELDS[name], AssetNode(id=ad.id, type="TEXT", text=item["text"])))


def mark(session: Session, customer_id: UUID, payload: bytes, operations: Sequence[Sent], *, version: str) -> None:
    """Mark every field dirty that differs from what a request made."""
    created = requests.created_fields(payload, version=version)
    asset_ids = _asset_ids(session, customer_id, operations, created)
    targeting: list[Fields] = []
    campaign: Campaign | None = None
    for sent, fields in zip(operations, created, strict=True):
        kind = sent.subject[0] if sent.subject else ""
        if kind == "targeting":
            targeting.append(fields)
        if kind not in FIELDS or fields.get("negative"):
            continue
        model, columns = FIELDS[kind]
        row: Any = session.get(model, {"customer_id": customer_id, "id": UUID(sent.subject[1])})
        if row is None or row.google_id is None:
            continue
        if isinstance(row, Ad):
            _mark_ad(session, row, fields, asset_ids)
        else:
            _mark(row, columns, fields)
        if isinstance(row, Campaign):
            campaign = row
    if campaign is not None and _criteria(targeting_criteria(campaign.targeting)) != _criteria(targeting):
        _note(campaign, {"targeting": targeting_of(targeting)})
    session.flush()


def _asset_ids(
    session: Session, customer_id: UUID, operations: Sequence[Sent], created: Sequence[Fields]
) -> dict[str, str]:
    """Our ids of the assets that the request names: those that it makes, and those that were there."""
    named = {name for fields in created if "ad" in fields for name in _asset_names(_creative(fields))}
    known = select(Asset.resource_name, Asset.id).where(
        Asset.customer_id == customer_id, Asset.resource_name.in_(named)
    )
    found = {str(name): str(asset_id) for name, asset_id in session.execute(known)}
    for sent, fields in zip(operations, created, strict=True):
        if sent.subject and sent.subject[0] == "asset":
            found[fields["resource_name"]] = sent.subject[1]
    return found


def _asset_names(creative: Fields) -> Iterator[str]:
    for slot in creative.values():
        for item in _listed(slot):
            if isinstance(item, dict) and "asset" in item:
                yield item["asset"]


def _mark(row: Any, columns: Sequence[str], sent: Fields) -> None:
    values = {name: _sent(name, sent) for name in columns}
    _note(row, {name: value for name, value in values.items() if (dirty.as_json(getattr(row, name)) or None) != value})


def _mark_ad(session: Session, ad: Ad, sent: Fields, asset_ids: Mapping[str, str]) -> None:
    """An ad's own fields and lists; its status stands on its edge."""
    creative = _creative(sent)
    _mark(ad, FIELDS["ad"][1], {**creative, **sent["ad"]})
    held = creatives.held(AdNode(id=ad.id, type=ad.type, uses=load_uses(session, ad)))
    for ours, google in creatives.SLOT_IN_MESSAGE.get(ad.type or "", {}).items():
        made = ad_lists.canonical(_item(item, asset_ids) for item in _listed(creative.get(google)))
        if ad_lists.canonical(held[ours]) != made:
            _note(ad, {ours: made})
    edges = select(AdGroupAd).where(AdGroupAd.customer_id == ad.customer_id, AdGroupAd.ad_id == ad.id)
    for edge in session.scalars(edges):
        _mark(edge, ("status",), sent)


def _creative(sent: Fields) -> Fields:
    """The part of an ad's message that only ads of its type have."""
    return next((value for name, value in sent["ad"].items() if name.endswith("_ad")), {})


def _listed(value: Any) -> list[Fields]:
    """A slot that Google gives one place stands alone in the message."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _item(item: Fields, asset_ids: Mapping[str, str]) -> Fields:
    return {"asset_id": asset_ids.get(item["asset"], "")} if "asset" in item else item


def _criteria(criteria: Iterable[Fields]) -> list[str]:
    """Targeting as it is compared, whatever names its parts have among the generated classes."""
    parts = [{name: _compared(value) for name, value in one.items() if name in _CRITERION} for one in criteria]
    return sorted(json.dumps(part, sort_keys=True) for part in parts)


def _compared(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name.removesuffix("_"): part for name, part in value.items()}
    return round(value, MODIFIER_DIGITS) if isinstance(value, float) else value


def _note(row: Any, moved: Fields) -> None:
    if moved:
        row.dirty_fields = [*row.dirty_fields, *(name for name in moved if name not in row.dirty_fields)]
        row.base = {**row.base, **moved}
        row.sync_status = "dirty"


def _sent(column: str, sent: Fields) -> Any:
    if column in ("start_date", "end_date"):
        return str(sent.get(f"{column}_time") or "")[:10] or None
    return sent.get(column) or None
