"""Create, find, change, delete and restore campaigns. Drafts are loose; a live one keeps track of what is dirty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.edges import AccountCampaign, CampaignAdGroup
from backend.adgraph.models import AdGroup, Campaign, CampaignBudget, Customer
from backend.campaigns import copying, dirty, flat_drafts, images, problems
from backend.campaigns.flat import CHILD_FIELDS
from backend.campaigns.loading import load_tree
from backend.campaigns.writing import TreeWriter
from backend.core import audit, clock
from backend.core.db import Work
from backend.core.errors import Conflict, Finding, Invalid, NotAllowedYet, NotFound
from backend.core.events import Event
from backend.core.ids import new_id
from backend.core.security import Actor, Role

OWN_FIELDS = (
    "name",
    "objective",
    "campaign_type",
    "start_date",
    "end_date",
    "contains_eu_political_advertising",
    "bidding",
    "targeting",
    "tracking_url_template",
    "final_url_suffix",
    "internal_label",
    "internal_notes",
    "tags",
)
OURS = frozenset({"internal_label", "internal_notes", "tags", "objective"})
"""Fields that Google does not know: editing them makes nothing dirty."""
BUDGET_FIELDS = ("name", "amount_micros", "total_amount_micros", "delivery_method", "explicitly_shared")
TREE_FIELDS = ("ad_groups", "asset_groups", "negative_keywords", "asset_links", "shared_sets")
FIXED_WHEN_LIVE = frozenset({"campaign_type"})
EMPTY_WHEN_NULL: dict[str, Any] = {"tags": [], "bidding": {}, "targeting": {}}


def choose_customer(
    session: Session, actor: Actor, *, google_id: str | None, slug: str | None, default: str | None
) -> Customer:
    """Find the account that a request is about.

    Raises:
        NotFound: There is no such account, or the actor may not see it.
        Invalid: None was named and there are several, or none.
    """
    query = select(Customer).where(Customer.tenant_id == actor.tenant_id)
    if actor.visible_customers is not None:
        query = query.where(Customer.id.in_(actor.visible_customers))
    if google_id and slug:
        raise Invalid(
            "Name the account once.",
            errors=(Finding("/slug", "ambiguous_customer", "Give customer_id or slug, not both."),),
        )
    if google_id or slug:
        named = query.where(Customer.google_customer_id == int(google_id) if google_id else Customer.slug == slug)
        found = session.scalar(named)
        if found is None:
            raise NotFound("There is no such account.")
        return found
    usable = list(session.scalars(query.where(Customer.manager.is_(False), Customer.status == "ENABLED")))
    if default:
        usable = [customer for customer in usable if customer.google_id == default] or usable
    if len(usable) != 1:
        message = "There are several accounts: name one." if usable else "No account is connected yet."
        raise Invalid(message, errors=(Finding("/customer_id", "ambiguous_customer", "Give customer_id or slug."),))
    return usable[0]


def create_draft(work: Work, actor: Actor, customer: Customer, form: Mapping[str, Any]) -> Campaign:
    """Write a new draft with everything below it; images are fetched by a worker afterwards.

    Raises:
        Forbidden, Invalid
    """
    actor.must_be(Role.EDITOR, customer.id)
    if customer.manager:
        raise Invalid(
            "A manager account holds no campaigns.",
            errors=(Finding("/customer_id", "manager_account", "Name one of its client accounts."),),
        )
    session = work.session
    campaign = Campaign(customer_id=customer.id, id=new_id(), name=form["name"], status="DRAFT", sync_status="draft")
    for name in OWN_FIELDS:
        if name in form:
            setattr(campaign, name, _plain(name, form[name]))
    session.add(campaign)
    session.flush()
    session.add(AccountCampaign(customer_id=customer.id, campaign_id=campaign.id))
    _set_budget(session, customer, campaign, form)
    flat_drafts.remember(campaign, form)
    writer = TreeWriter(session, customer)
    tree = {name: form[name] for name in TREE_FIELDS if name in form}
    if tree:
        writer.need(tree)
        writer.children(campaign.id, with_ad_types(tree, campaign.campaign_type))
        writer.flush()
    flat_drafts.expand(session, customer, campaign, writer)
    images.enqueue(work, actor, customer, writer.book.to_fetch)
    problems.refresh(session, campaign, customer)
    audit.record(session, actor, "campaign.create", f"campaign:{campaign.id}", after=form, customer_id=customer.id)
    announce(work, actor, campaign, "campaign.created")
    return campaign


def with_ad_types(tree: Mapping[str, Any], campaign_type: str) -> dict[str, Any]:
    """Give a tree whose ads and ad groups carry the types that belong to the campaign's where none was given."""
    return {
        **tree,
        "ad_groups": [flat_drafts.with_types(group, campaign_type) for group in tree.get("ad_groups", ())],
    }


def find(
    session: Session, actor: Actor, campaign_id: UUID, *, lock: bool = False, deleted: bool = False
) -> tuple[Campaign, Customer]:
    """Give a campaign and its account.

    Raises:
        NotFound: There is none, or the actor may not see it.
    """
    query = (
        select(Campaign, Customer)
        .join(Customer, Customer.id == Campaign.customer_id)
        .where(Campaign.id == campaign_id, Customer.tenant_id == actor.tenant_id)
    )
    if not deleted:
        query = query.where(Campaign.deleted_at.is_(None))
    if actor.visible_customers is not None:
        query = query.where(Campaign.customer_id.in_(actor.visible_customers))
    row = session.execute(query.with_for_update(of=Campaign) if lock else query).one_or_none()
    if row is None:
        raise NotFound("There is no such campaign.")
    return row[0], row[1]


def copy(work: Work, actor: Actor, campaign_id: UUID, name: str) -> Campaign:
    """Make a draft with the same tree under another name; assets are shared, ids and statistics are not taken along.

    Raises:
        NotFound, Forbidden
    """
    campaign, customer = find(work.session, actor, campaign_id)
    tree = load_tree(work.session, customer, campaign)
    return create_draft(work, actor, customer, copying.form_of(tree, name))


def must_be_editable(campaign: Campaign) -> None:
    """Refuse edits while a publish is under way, and of what Google removed.

    Raises:
        Conflict
    """
    if campaign.status == "PUBLISHING" or campaign.sync_status == "publishing":
        raise Conflict("The campaign is being published; wait for the end of it.", code="publish_in_progress")
    if campaign.status == "REMOVED":
        raise Conflict("The campaign is removed; nothing in it can be changed.")


def patch(work: Work, actor: Actor, campaign_id: UUID, form: Mapping[str, Any], check_tag: Any) -> Campaign:
    """Change a campaign: a draft's rows, or a live one's with its dirty fields marked.

    Args:
        check_tag: Called with the current version; raises when the change was made on another one.

    Raises:
        NotFound, Forbidden, Conflict, Invalid, NotAllowedYet
    """
    session = work.session
    campaign, customer = find(session, actor, campaign_id, lock=True)
    actor.must_be(Role.EDITOR, customer.id)
    check_tag(campaign.version)
    must_be_editable(campaign)
    changes = {name: value for name, value in form.items() if name != "reason"}
    live = campaign.google_id is not None
    if live:
        _refuse_when_live(changes)
    before = {name: getattr(campaign, name) for name in changes if name in OWN_FIELDS}
    _apply_own(campaign, changes, live=live)
    _set_budget(session, customer, campaign, changes)
    _check_dates(campaign)
    if not live:
        if campaign.status == "FAILED":
            campaign.status, campaign.sync_status = "DRAFT", "draft"
        _apply_flat(work, actor, campaign, customer, changes)
        problems.refresh(session, campaign, customer)
    campaign.version += 1
    audit.record(
        session,
        actor,
        "campaign.update",
        f"campaign:{campaign.id}",
        before=before,
        after=changes,
        reason=form.get("reason"),
        customer_id=customer.id,
    )
    announce(work, actor, campaign, "campaign.updated")
    return campaign


def _refuse_when_live(changes: Mapping[str, Any]) -> None:
    below = [name for name in CHILD_FIELDS if name in changes]
    fixed = [name for name in FIXED_WHEN_LIVE if name in changes]
    if below or fixed:
        raise NotAllowedYet(
            "The campaign is live: what is below it is changed at its own path.",
            code="not_editable_here",
            errors=[
                *(Finding(f"/{name}", "not_editable_here", "Change the ad group or ad itself.") for name in below),
                *(Finding(f"/{name}", "not_editable_here", "This is fixed once it is published.") for name in fixed),
            ],
        )


def _apply_own(campaign: Campaign, changes: Mapping[str, Any], *, live: bool) -> None:
    if "google_status" in changes and not live:
        raise Invalid(
            "A draft has no status at Google.",
            errors=(Finding("/google_status", "not_live", "Publish the campaign, then enable it."),),
        )
    for name in (*OWN_FIELDS, "google_status"):
        if name not in changes:
            continue
        value = _plain(name, changes[name])
        if live and name not in OURS:
            dirty.edit(campaign, name, value)
        else:
            setattr(campaign, name, value)


def _plain(name: str, value: Any) -> Any:
    return EMPTY_WHEN_NULL.get(name) if value is None else value


def _check_dates(campaign: Campaign) -> None:
    start, end = campaign.start_date, campaign.end_date
    if isinstance(start, date) and isinstance(end, date) and end < start:
        raise Invalid(
            "The end is before the start.",
            errors=(Finding("/end_date", "end_before_start", "The end is not before the start."),),
        )


def _set_budget(session: Session, customer: Customer, campaign: Campaign, form: Mapping[str, Any]) -> None:
    given = {name: value for name, value in (form.get("budget") or {}).items() if name in BUDGET_FIELDS}
    if "daily_budget" in form:
        given["amount_micros"] = form["daily_budget"]
    if not given:
        return
    must_respect_cap(customer, given.get("amount_micros"))
    budget = (
        session.get(CampaignBudget, {"customer_id": campaign.customer_id, "id": campaign.budget_id})
        if campaign.budget_id
        else None
    )
    if budget is None:
        budget = CampaignBudget(
            customer_id=campaign.customer_id, id=new_id(), sync_status="draft", explicitly_shared=False
        )
        session.add(budget)
        session.flush()
        campaign.budget_id = budget.id
    for name, value in given.items():
        if budget.google_id is not None:
            dirty.edit(budget, name, value)
        else:
            setattr(budget, name, value)
    if budget.google_id is not None:
        budget.version += 1


def _apply_flat(work: Work, actor: Actor, campaign: Campaign, customer: Customer, changes: Mapping[str, Any]) -> None:
    """Rewrite what a draft's flat fields stand for, if they or the type changed."""
    below = [name for name in CHILD_FIELDS if name in changes]
    if not below and "campaign_type" not in changes:
        return
    if not campaign.flat and has_children(work.session, campaign):
        if not below:
            return
        raise NotAllowedYet(
            "The campaign's tree was edited by itself: change the ad group or ad at its own path.",
            code="edited_as_tree",
            errors=[Finding(f"/{name}", "edited_as_tree", "Change the ad group or ad itself.") for name in below],
        )
    flat_drafts.remember(campaign, {**campaign.flat, **{name: changes[name] for name in below}})
    writer = TreeWriter(work.session, customer)
    flat_drafts.expand(work.session, customer, campaign, writer)
    images.enqueue(work, actor, customer, writer.book.to_fetch)


def must_respect_cap(customer: Customer, amount_micros: int | None) -> None:
    """Refuse a daily budget above the account's cap (`settings.daily_budget_cap_micros`, set by an administrator).

    Raises:
        NotAllowedYet: `budget_cap`.
    """
    cap = customer.settings.get("daily_budget_cap_micros")
    if cap is not None and amount_micros is not None and amount_micros > cap:
        raise NotAllowedYet(
            "The budget is above the account's cap.",
            code="budget_cap",
            errors=[Finding("/daily_budget", "budget_cap", f"At most {cap} micros a day in this account.")],
            extra={"cap_micros": cap},
        )


def has_children(session: Session, campaign: Campaign) -> bool:
    """Tell whether a campaign has an ad group that is not in the bin."""
    query = (
        select(AdGroup.id)
        .join(CampaignAdGroup, CampaignAdGroup.ad_group_id == AdGroup.id)
        .where(
            AdGroup.customer_id == campaign.customer_id,
            CampaignAdGroup.customer_id == campaign.customer_id,
            CampaignAdGroup.campaign_id == campaign.id,
            AdGroup.deleted_at.is_(None),
        )
    )
    return session.scalar(query.limit(1)) is not None


def delete(work: Work, actor: Actor, campaign_id: UUID, check_tag: Any) -> None:
    """Put a campaign into the bin; Google is not told. What may spend money at Google is not hidden here.

    Raises:
        Conflict: It is being published, or it is enabled at Google.
    """
    campaign, customer = find(work.session, actor, campaign_id, lock=True)
    actor.must_be(Role.EDITOR, customer.id)
    check_tag(campaign.version)
    if campaign.status == "PUBLISHING" or campaign.sync_status == "publishing":
        raise Conflict("The campaign is being published; wait for the end of it.", code="publish_in_progress")
    if campaign.google_id is not None and campaign.google_status == "ENABLED":
        raise Conflict("The campaign is enabled at Google: pause or remove it there first (POST …/disable, …/remove).")
    campaign.deleted_at = clock.now()
    campaign.version += 1
    audit.record(work.session, actor, "campaign.delete", f"campaign:{campaign.id}", customer_id=customer.id)
    announce(work, actor, campaign, "campaign.deleted")


def restore(work: Work, actor: Actor, campaign_id: UUID) -> Campaign:
    """Take a campaign out of the bin.

    Raises:
        Conflict: It is not in the bin.
    """
    campaign, customer = find(work.session, actor, campaign_id, lock=True, deleted=True)
    actor.must_be(Role.EDITOR, customer.id)
    if campaign.deleted_at is None:
        raise Conflict("The campaign is not deleted.")
    campaign.deleted_at = None
    campaign.version += 1
    problems.refresh(work.session, campaign, customer)
    audit.record(work.session, actor, "campaign.restore", f"campaign:{campaign.id}", customer_id=customer.id)
    announce(work, actor, campaign, "campaign.restored")
    return campaign


def announce(work: Work, actor: Actor, campaign: Campaign, kind: str, **data: Any) -> None:
    """Emit a domain event about a campaign in this transaction."""
    work.emit(
        Event(
            tenant_id=actor.tenant_id,
            kind=kind,
            data={"name": campaign.name, "status": campaign.status, **data},
            customer_id=campaign.customer_id,
            subject_id=campaign.id,
            version=campaign.version,
        )
    )
