"""One run of a publish job: resume what was begun, fetch what is missing, send one atomic mutate, record its answer.

Every step reads what is stored before it acts, so a run that takes over from a dead one goes on where that one stopped.
No transaction is open while Google, or anybody else's server, is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign, Customer
from backend.campaigns import problems
from backend.campaigns.loading import load_tree
from backend.campaigns.tree import AssetNode, CampaignNode
from backend.core import audit
from backend.core.db import Work, unit_of_work
from backend.core.errors import Finding
from backend.core.events import Event
from backend.core.logging import get_logger
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import AdsFailure, Refused
from backend.integrations.googleads.gateway import Gateway, MutateReply
from backend.integrations.googleads.mutate import policy
from backend.integrations.googleads.mutate.plan import MutatePlan
from backend.jobs.run import JobFailed, JobRun, Outcome
from backend.publish import (
    batches,
    delivery,
    edited_since,
    findings,
    images_first,
    lists,
    pending_images,
    reconcile,
    recording,
    settling,
)
from backend.publish.batches import Sent
from backend.publish.bulk import BulkDelivery, is_large
from backend.publish.delivery import Target
from backend.publish.ending import become_published, result_of
from backend.publish.planner import plan_publish
from backend.publish.recovery import Point, reached

log = get_logger(__name__)
PUBLISH = "publish"


class Publishing:
    """The publish of one campaign by one run of its job."""

    def __init__(self, job: JobRun) -> None:
        if job.customer_id is None or job.subject_id is None:
            raise ValueError("a publish names its account and its campaign")
        self._job = job
        self._customer_id: UUID = job.customer_id
        self._campaign_id: UUID = job.subject_id
        self._version: str = current_app.config["SETTINGS"].google.api_version
        with unit_of_work() as work:
            customer = work.session.get_one(Customer, self._customer_id)
            self._target = Target(customer.id, customer.google_id)

    def run(self) -> Outcome:
        """Bring the campaign to its end: published, or failed with the reason.

        Raises:
            Reschedule: Not now.
            JobFailed: It cannot be published as it is.
        """
        reached(self._job, Point.CLAIMED)
        done = self._already_done()
        if done is not None:
            return done
        self._reopen()
        inherited = self._inherit()
        if inherited is not None:
            return inherited
        round_ = self._next_round()
        if self._open_batch(PUBLISH) is None:
            self._fetch_images()
            self._check_again()
            self._images_first()
        while round_ < policy.MAX_ROUNDS:
            batch_id = self._open_batch(PUBLISH) or self._prepare(round_)
            reached(self._job, Point.PREPARED)
            try:
                return self._finish(batch_id, self._deliver(batch_id))
            except Refused as refusal:
                self._refused(batch_id, refusal)
                round_ = self._next_round()
        raise JobFailed("publish_failed", "Google kept finding new policy objections; see policy_findings.")

    def _next_round(self) -> int:
        """The policy round that comes next, whichever run sent those before it; an answer may have been lost."""
        with unit_of_work() as work:
            open_ = batches.open_batch(work.session, self._customer_id, self._campaign_id, [PUBLISH])
            if open_ is not None:
                return open_.round
            last = batches.last_refused(work.session, self._customer_id, self._campaign_id, self._job.job_id)
            return last.round + 1 if last is not None and last.exemptions else 0

    def _already_done(self) -> Outcome | None:
        with unit_of_work() as work:
            campaign = self._campaign(work.session)
            if campaign.google_id is None or campaign.status != "PUBLISHED":
                return None
            return Outcome(result_of(campaign))

    def _inherit(self) -> Outcome | None:
        """Settle what an earlier publish of this campaign sent and never heard of: adopt it, or leave it for good.

        Its bytes are never sent again by another publish: the draft may have been edited since.
        """
        with self._job.write() as work:
            batch = batches.open_batch(work.session, self._customer_id, self._campaign_id, [PUBLISH])
            if batch is None or batch.job_id == self._job.job_id:
                return None
            if batch.state == "PREPARED":
                batch.state = "ABANDONED"
                return None
            batch_id, large = batch.id, is_large(batch)
        if large:
            return self._inherit_large(batch_id)
        found = delivery.resolve(self._job, self._target, batch_id, self._look_for(batch_id))
        if found is not None:
            return self._finish(batch_id, found)
        with self._job.write() as work:
            batches.load(work.session, self._customer_id, batch_id).state = "ABANDONED"
        return None

    def _inherit_large(self, batch_id: UUID) -> Outcome | None:
        """A batch job that was started runs to its end; what it did not make is made by a request of our own."""
        try:
            return self._finish(batch_id, self._deliver(batch_id))
        except Refused as refusal:
            with self._job.write() as work:
                batch = batches.load(work.session, self._customer_id, batch_id)
                batches.refused(batch, refusal.failures, refusal.request_id)
            return None

    def _reopen(self) -> None:
        """A failed publish that somebody asked to retry is under way again, unless the draft was edited since."""
        with self._job.write() as work:
            campaign = self._campaign(work.session, lock=True)
            if campaign.status == "PUBLISHING":
                return
            if campaign.status != "FAILED":
                raise JobFailed("edited_since", "The campaign was edited since; publish it again.")
            campaign.status, campaign.sync_status, campaign.sync_error = "PUBLISHING", "publishing", None
            for before in ("draft", "sync_error"):
                recording.mark_tree(work.session, self._customer_id, self._campaign_id, before, "publishing")

    def _campaign(self, session: Session, *, lock: bool = False) -> Campaign:
        key = {"customer_id": self._customer_id, "id": self._campaign_id}
        return session.get_one(Campaign, key, with_for_update=lock)

    def _open_batch(self, kind: str) -> UUID | None:
        with unit_of_work() as work:
            batch = batches.open_batch(work.session, self._customer_id, self._campaign_id, [kind])
            return None if batch is None else batch.id

    def _tree(self, session: Session, *, with_data: bool = False) -> tuple[CampaignNode, Campaign, Customer]:
        campaign = self._campaign(session)
        customer = session.get_one(Customer, self._customer_id)
        return load_tree(session, customer, campaign, with_data=with_data), campaign, customer

    def _fetch_images(self) -> None:
        """Download what is still pending: the publish was accepted with it."""
        with unit_of_work() as work:
            tree, _, _ = self._tree(work.session)
        pending_images.fetch(self._job, self._customer_id, tree.assets())

    def _check_again(self) -> None:
        """Check what will be sent: the images are known now, and a day may have passed."""
        with unit_of_work() as work:
            tree, campaign, customer = self._tree(work.session)
            found = problems.of_tree(tree, campaign, customer)
        if found:
            raise JobFailed("not_publishable", "The campaign does not pass the checks.", errors=tuple(found))

    def _images_first(self) -> None:
        def used(session: Session) -> Iterable[AssetNode]:
            tree, _, _ = self._tree(session, with_data=True)
            return tree.assets()

        images_first.make(self._job, self._target, self._campaign_id, used, self._refused)

    def _prepare(self, round_: int) -> UUID:
        """Write the exact bytes down before anything is sent."""
        self._job.progress("planning")
        with self._job.write() as work:
            lists.claim_for_campaign(work.session, self._customer_id, self._campaign_id)
            tree, campaign, _ = self._tree(work.session, with_data=True)
            plan = plan_publish(
                self._target.google_customer_id, tree, status=self._job.args.get("google_status", "PAUSED")
            )
            exempted = self._exempted(work.session, plan)
            return self._store(work, exempted, marker=campaign.marker, round_=round_)

    def _exempted(self, session: Session, plan: MutatePlan) -> MutatePlan:
        """Put in the exemptions that earlier rounds found and the publisher consented to."""
        last = batches.last_refused(session, self._customer_id, self._campaign_id, self._job.job_id)
        if last is not None and last.exemptions:
            agreed = [policy.Finding(**item) for item in last.exemptions]
            plan.operations = policy.exempt(plan.operations, agreed)
        return plan

    def _store(self, work: Work, plan: MutatePlan, *, marker: str | None, round_: int) -> UUID:
        payload = requests.encode_mutate(plan, version=self._version)
        batch = batches.prepare(
            work.session,
            self._job,
            customer_id=self._customer_id,
            subject_id=self._campaign_id,
            kind=PUBLISH,
            payload=payload,
            operations=batches.sent(plan.operations),
            marker=marker,
            phase=1,
            round_=round_,
        )
        return batch.id

    def _deliver(self, batch_id: UUID) -> MutateReply:
        with unit_of_work() as work:
            large = is_large(batches.load(work.session, self._customer_id, batch_id))
        if large:
            return BulkDelivery(self._job, self._target, batch_id).deliver()
        return delivery.deliver(self._job, self._target, batch_id, self._look_for(batch_id))

    def _look_for(self, batch_id: UUID) -> delivery.Look:
        """Give the question by which what a batch made is recognised: the marker it carries."""
        with unit_of_work() as work:
            tree, _, _ = self._tree(work.session)
            batch = batches.load(work.session, self._customer_id, batch_id)
            operations = batches.sent_operations(batch)
            tree.marker, payload = batch.marker, batch.request

        def look(gateway: Gateway) -> Sequence[str] | None:
            edited_since.as_sent(tree, payload, operations, version=self._version)
            return reconcile.adopt(gateway, self._target.google_customer_id, tree, operations)

        return look

    def _finish(self, batch_id: UUID, reply: MutateReply) -> Outcome:
        """Give the real ids to the rows and end the job, in one transaction."""
        with self._job.write() as work:
            session = work.session
            batch = batches.load(session, self._customer_id, batch_id)
            campaign = self._campaign(session, lock=True)
            operations = batches.sent_operations(batch)
            if len(operations) != len(reply.resource_names):
                raise ValueError("Google's answer does not have one result per operation")
            recording.record_created(session, self._customer_id, operations, reply.resource_names)
            batches.applied(batch, reply.resource_names, reply.request_id)
            campaign = self._campaign(session, lock=True)
            if campaign.google_id is None:
                raise Refused(reply.failures, request_id=reply.request_id)
            if batch.job_id == self._job.job_id:
                become_published(campaign, self._job.args.get("google_status", "PAUSED"))
            else:
                become_published(campaign, batches.status_of_campaign(batch, version=self._version))
                edited_since.mark(session, self._customer_id, batch.request, operations, version=self._version)
            recording.mark_tree(session, self._customer_id, self._campaign_id, "publishing", "draft")
            settling.explain(session, self._customer_id, operations, reply.failures, reply.request_id)
            session.flush()
            session.refresh(campaign)
            outcome = Outcome(
                {
                    **result_of(campaign),
                    "google_request_id": batch.google_request_id,
                    "operations": len(operations),
                    "failed": len({failure.index for failure in reply.failures}),
                }
            )
            audit.record(
                session,
                self._job.actor,
                "campaign.published",
                f"campaign:{campaign.id}",
                after=outcome.result,
                customer_id=self._customer_id,
            )
            work.emit(self._event("campaign.published", campaign, outcome.result))
            self._job.finish(work, outcome)
        log.info(
            "campaign_published",
            campaign_id=str(self._campaign_id),
            google_campaign_id=outcome.result["google_campaign_id"],
            request_id=reply.request_id,
            operations=len(reply.resource_names),
        )
        reached(self._job, Point.RECORDED)
        return outcome

    def _event(self, kind: str, campaign: Campaign, data: dict[str, Any]) -> Event:
        return Event(
            tenant_id=self._job.tenant_id,
            kind=kind,
            data=data,
            customer_id=self._customer_id,
            subject_id=self._campaign_id,
            version=campaign.version,
        )

    def _refused(self, batch_id: UUID, refusal: Refused) -> None:
        """Note the refusal; go on only where every objection is one of policy that the publisher agreed to exempt.

        Raises:
            JobFailed: With a finding per objection.
        """
        objections = policy.findings(refusal.failures)
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            batches.refused(batch, refusal.failures, refusal.request_id)
            previous = [policy.Finding(**item) for item in batches.earlier_exemptions(work.session, batch)]
            operations = batches.sent_operations(batch)
            agreed = self._agreed(refusal.failures, operations, objections, previous)
            batch.exemptions = [as_dict(item) for item in agreed] if agreed else None
            tree, campaign, _ = self._tree(work.session)
            subjects = [operation.subject for operation in operations]
            errors = findings.from_failures(refusal.failures, subjects, findings.pointers(tree), campaign.flat)
            if agreed:
                audit.record(
                    work.session,
                    self._job.actor,
                    "campaign.policy_exempted",
                    f"campaign:{campaign.id}",
                    after={"exempted": batch.exemptions, "consented_by": self._job.created_by_name},
                    customer_id=self._customer_id,
                )
        if not agreed:
            raise JobFailed(
                "publish_failed",
                "Google refused the campaign; nothing was made there.",
                errors=tuple(errors),
                extra={
                    "google_request_id": refusal.request_id,
                    "policy_findings": [as_dict(item) for item in objections],
                },
            )

    def _agreed(
        self,
        failures: Sequence[AdsFailure],
        operations: Sequence[Sent],
        objections: Sequence[policy.Finding],
        previous: Sequence[policy.Finding],
    ) -> list[policy.Finding]:
        """Give what is to be exempted in the next round; nothing, unless all of it may be and the set has grown."""
        consented = {(item["topic"], item.get("text")) for item in self._job.args.get("exemptions", ())}
        if not policy.only_policy(failures) or not objections:
            return []
        for objection in objections:
            by_name = (objection.topic, None) in consented
            if not objection.exemptible or not (by_name or objection.consent in consented):
                return []
            if not policy.takes_exemption(operations[objection.index].resource, objection.kind):
                return []
        known = {(item.index, item.consent) for item in previous}
        new = [item for item in objections if (item.index, item.consent) not in known]
        return [*previous, *new] if new else []


def as_dict(item: policy.Finding) -> dict[str, Any]:
    """Give a policy finding as people see it."""
    return {name: getattr(item, name) for name in policy.Finding.__slots__}


def not_pending(found: Sequence[Finding]) -> list[Finding]:
    """Leave out the images that are still being fetched: the worker fetches them first."""
    return [item for item in found if item.code != "image_pending"]
