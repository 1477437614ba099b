"""Lists of negatives that do not exist yet: several campaigns may want to make the same one, one of them does."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import CampaignSharedSet, SharedSet
from backend.jobs.run import Reschedule
from backend.publish import recording

PAUSE_S = 1.0
_BEING_MADE = text("""
SELECT EXISTS (SELECT FROM mutate_batches m JOIN jobs j ON j.id = m.job_id AND j.status IN ('queued', 'started')
    WHERE m.customer_id = :customer AND m.state IN ('PREPARED', 'SENT') AND m.operations @> jsonb_build_array(
        jsonb_build_array('shared_set', jsonb_build_array('shared_set', CAST(:id AS text)))))
""")


def claim_for_campaign(session: Session, customer_id: UUID, campaign_id: UUID) -> None:
    """Take the lists that a campaign links and nobody has made, before its tree is planned; until the commit.

    Raises:
        Reschedule: Another job is making one of them; its name will be known soon.
    """
    wanted = (
        select(SharedSet.id)
        .join(
            CampaignSharedSet,
            (CampaignSharedSet.customer_id == SharedSet.customer_id)
            & (CampaignSharedSet.shared_set_id == SharedSet.id),
        )
        .where(
            SharedSet.customer_id == customer_id,
            CampaignSharedSet.campaign_id == campaign_id,
            CampaignSharedSet.status != "REMOVED",
            SharedSet.google_id.is_(None),
            SharedSet.deleted_at.is_(None),
        )
        .order_by(SharedSet.id)
        .with_for_update(of=SharedSet)
    )
    _claim(session, customer_id, list(session.scalars(wanted)))


def claim(session: Session, customer_id: UUID, shared_set_id: UUID) -> None:
    """Take one list, if nobody has made it.

    Raises:
        Reschedule: Another job is making it.
    """
    wanted = select(SharedSet.id).where(
        SharedSet.customer_id == customer_id, SharedSet.id == shared_set_id, SharedSet.google_id.is_(None)
    )
    _claim(session, customer_id, list(session.scalars(wanted.with_for_update())))


def _claim(session: Session, customer_id: UUID, shared_set_ids: list[UUID]) -> None:
    for shared_set_id in shared_set_ids:
        if session.execute(_BEING_MADE, {"customer": customer_id, "id": shared_set_id}).scalar_one():
            raise Reschedule(PAUSE_S, "list_in_progress")
        for before in ("draft", "sync_error"):
            recording.mark_list(session, customer_id, shared_set_id, before, "publishing")
