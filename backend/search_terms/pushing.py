"""Bring what was added to Google: one push per campaign, in the transaction that wrote the drafts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.core.db import Work
from backend.core.errors import Conflict, NotAllowedYet
from backend.core.security import Actor, Role
from backend.publish import push_service
from backend.search_terms.adding import Parent
from backend.sync.account import Account


def push(
    work: Work, actor: Actor, account: Account, parents: Iterable[Parent], *, asked: bool | None
) -> list[dict[str, Any]]:
    """Open a push for each campaign among the parents; one that cannot be pushed now says why, and keeps its drafts.

    Args:
        asked: whether to push; None leaves it to the actor's role.

    Raises:
        Forbidden: it was asked for, and the actor is no publisher of the account.
    """
    if asked:
        actor.must_be(Role.PUBLISHER, account.customer_id)
    held = actor.role_on(account.customer_id)
    if asked is False or held is None or held < Role.PUBLISHER:
        return []
    campaigns = sorted({parent.campaign_id for parent in parents if parent.campaign_id is not None})
    pushes = []
    for campaign_id in campaigns:
        told: dict[str, Any] = {"campaign_id": str(campaign_id), "job_id": None, "code": None, "detail": None}
        try:
            told["job_id"] = str(push_service.request_push(work, actor, campaign_id, "search terms").id)
        except (Conflict, NotAllowedYet) as problem:
            told |= {"code": problem.code, "detail": problem.detail}
        pushes.append(told)
    return pushes
