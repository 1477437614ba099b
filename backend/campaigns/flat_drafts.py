"""A draft that was written in the flat form: keeps what was given and rewrites the rows it stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import CampaignAssetGroup
from backend.adgraph.edges import AdGroupAd, CampaignAdGroup
from backend.adgraph.models import Campaign, Customer
from backend.campaigns import flat
from backend.campaigns.objectives import AD_GROUP_TYPE, AD_TYPE
from backend.campaigns.writing import TreeWriter, delete_children

DEFAULTS_MARK = "_defaults"
"""The digest of the account's defaults that the rows were made with."""


def remember(campaign: Campaign, form: Mapping[str, Any]) -> None:
    """Keep the flat fields of a form on the campaign."""
    campaign.flat = {name: form[name] for name in flat.CHILD_FIELDS if form.get(name)}


def expand(session: Session, customer: Customer, campaign: Campaign, writer: TreeWriter) -> None:
    """Write the children that the flat fields and the account's defaults stand for; ids are kept."""
    declared = flat.eu_declaration(campaign.contains_eu_political_advertising, customer.defaults)
    if declared and campaign.contains_eu_political_advertising is None:
        campaign.contains_eu_political_advertising = declared
    if not campaign.flat:
        return
    given = {name: value for name, value in campaign.flat.items() if name != DEFAULTS_MARK}
    tree = flat.expand(campaign.campaign_type, given, customer.defaults)
    _keep_ids(session, campaign, tree)
    delete_children(session, campaign.customer_id, campaign.id)
    writer.need(tree)
    writer.children(campaign.id, tree)
    writer.flush()
    campaign.flat = {**given, DEFAULTS_MARK: _digest(customer.defaults)}
    session.flush()  # expiring forgets what is not written yet
    session.expire_all()


def is_stale(campaign: Campaign, customer: Customer) -> bool:
    """Tell whether the account's defaults changed since the draft's rows were made."""
    if campaign.google_id is not None or campaign.status not in ("DRAFT", "FAILED"):
        return False
    undeclared = campaign.contains_eu_political_advertising is None and flat.EU_FIELD in customer.defaults
    return undeclared or (bool(campaign.flat) and campaign.flat.get(DEFAULTS_MARK) != _digest(customer.defaults))


def with_types(group: Mapping[str, Any], campaign_type: str) -> dict[str, Any]:
    """Give an ad group whose type and whose ads' types are those of the campaign's type, where none was given."""
    kind = AD_TYPE.get(campaign_type)
    ads = [{"type": kind, **ad} for ad in group.get("ads", ())]
    return {"type": AD_GROUP_TYPE.get(campaign_type), **group, "ads": ads}


def _keep_ids(session: Session, campaign: Campaign, tree: dict[str, Any]) -> None:
    """Let the one ad group, ad or asset group keep the id it has."""
    group_id = session.scalar(
        select(CampaignAdGroup.ad_group_id).where(
            CampaignAdGroup.customer_id == campaign.customer_id, CampaignAdGroup.campaign_id == campaign.id
        )
    )
    if group_id and tree.get("ad_groups"):
        group = tree["ad_groups"][0]
        group["id"] = group_id
        ad_id = session.scalar(
            select(AdGroupAd.ad_id).where(
                AdGroupAd.customer_id == campaign.customer_id, AdGroupAd.ad_group_id == group_id
            )
        )
        if ad_id:
            group["ads"][0]["id"] = ad_id
    asset_group_id = session.scalar(
        select(CampaignAssetGroup.asset_group_id).where(
            CampaignAssetGroup.customer_id == campaign.customer_id, CampaignAssetGroup.campaign_id == campaign.id
        )
    )
    if asset_group_id and tree.get("asset_groups"):
        tree["asset_groups"][0]["id"] = asset_group_id


def _digest(defaults: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(defaults, sort_keys=True, default=str).encode()).hexdigest()[:16]
