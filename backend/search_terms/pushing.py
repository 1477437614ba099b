"""Bring what was added to Google: one push per campaign or list, in the transaction that wrote the drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from backend.core.db import Work
from backend.core.errors import Conflict, NotAllowedYet
from backend.core.security import Actor, Role
from backend.jobs.models import Job
from backend.publish import push_service
from backend.search_terms.adding import Parent
from backend.sync.account import Account


def push(
    work: Work, actor: Actor, account: Account, parents: Iterable[Parent], *, asked: bool | None
) -> list[dict[str, Any]]:
    """Open a push for each campaign and list; one that cannot be pushed now says why, and keeps its drafts.

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
    listed = list(parents)
    campaigns = sorted({parent.campaign_id for parent in listed if parent.campaign_id is not None})
    lists = sorted({parent.id for parent in listed if parent.campaign_id is None})
    return [
        *(_pushed(push_service.request_push, work, actor, "campaign_id", item) for item in campaigns),
        *(_pushed(push_service.request_list_push, work, actor, "shared_set_id", item) for item in lists),
    ]


def _pushed(request: Callable[..., Job], work: Work, actor: Actor, member: str, item: UUID) -> dict[str, Any]:
    told: dict[str, Any] = {"campaign_id": None, "shared_set_id": None, "job_id": None, "code": None, "detail": None}
    told[member] = str(item)
    try:
        told["job_id"] = str(request(work, actor, item, "search terms").id)
    except (Conflict, NotAllowedYet) as problem:
        told |= {"code": problem.code, "detail": problem.detail}
    return told
