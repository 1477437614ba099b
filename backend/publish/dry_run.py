"""Asks Google whether a campaign would be accepted: the very operations of a publish, with `validate_only`."""

from __future__ import annotations

from flask import current_app

from backend.adgraph.models import Campaign, Customer
from backend.campaigns import problems
from backend.campaigns.loading import load_tree
from backend.core.db import unit_of_work
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import AdsError, NeedsReauth, RateLimited, Refused
from backend.integrations.googleads.mutate import policy
from backend.jobs.engine import backoff_seconds
from backend.jobs.run import JobFailed, JobRun, Outcome, Reschedule
from backend.publish import delivery, findings, pending_images
from backend.publish.batches import Sent
from backend.publish.bulk import is_too_large
from backend.publish.planner import images_needed_first, plan_images, plan_publish
from backend.publish.publishing import as_dict

DRY_MARKER = "dry run"


def dry_run(job: JobRun) -> Outcome:
    """Validate a campaign at Google; nothing changes, here or there.

    A tree that goes by batch job is not sent: Google validates no batch jobs. Carousel cards whose images do not exist
    yet cannot be named, so then only the images are validated, and `complete` says so.

    Raises:
        JobFailed: With exactly the findings that a publish would fail with.
    """
    if job.customer_id is None or job.subject_id is None:
        raise ValueError("a dry run names its account and its campaign")
    with unit_of_work() as work:
        customer = work.session.get_one(Customer, job.customer_id)
        campaign = work.session.get_one(Campaign, {"customer_id": job.customer_id, "id": job.subject_id})
        pending = list(load_tree(work.session, customer, campaign).assets())
    pending_images.fetch(job, job.customer_id, pending)
    version: str = current_app.config["SETTINGS"].google.api_version
    with unit_of_work() as work:
        session = work.session
        customer = session.get_one(Customer, job.customer_id)
        campaign = session.get_one(Campaign, {"customer_id": job.customer_id, "id": job.subject_id})
        tree = load_tree(session, customer, campaign, with_data=True)
        found = problems.of_tree(tree, campaign, customer)
        google_customer_id, flat_form = customer.google_id, dict(campaign.flat)
    if found:
        raise JobFailed("not_publishable", "The campaign does not pass the checks.", errors=tuple(found))
    tree.marker = tree.marker or f"{DRY_MARKER} {job.job_id}"
    first = images_needed_first(tree.assets())
    plan = plan_images(google_customer_id, first) if first else plan_publish(google_customer_id, tree)
    payload = requests.encode_mutate(plan, version=version, validate_only=True)
    if is_too_large(len(plan), len(payload)):
        return Outcome({"publishable": True, "complete": False, "operations": len(plan)})
    gateway = delivery.open_gateway(job, job.customer_id)
    try:
        reply = gateway.mutate(google_customer_id, payload, deadline_s=current_app.config["TIMING"].publish_deadline)
    except Refused as refusal:
        subjects = [Sent.of(operation).subject for operation in plan.operations]
        errors = findings.from_failures(refusal.failures, subjects, findings.pointers(tree), flat_form)
        raise JobFailed(
            "publish_failed",
            "Google would refuse the campaign.",
            errors=tuple(errors),
            extra={
                "google_request_id": refusal.request_id,
                "policy_findings": [as_dict(item) for item in policy.findings(refusal.failures)],
            },
        ) from refusal
    except RateLimited as limited:
        raise Reschedule(limited.retry_after, "rate_limit") from limited
    except NeedsReauth as dead:
        raise Reschedule(delivery.REAUTH_PAUSE_S, "needs_reauth") from dead
    except AdsError as problem:  # nothing can have been applied: the request only validates
        raise Reschedule(backoff_seconds(job.attempt), "google_unavailable", counts=True) from problem
    return Outcome(
        {
            "publishable": True,
            "complete": not first,
            "operations": len(plan),
            "google_request_id": reply.request_id,
        }
    )
