"""`/api/data/nights`, `/night-runs` and `/schedules`: what the nights did, and when the accounts are due."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from backend.adgraph.models import Customer
from backend.auth import customers
from backend.core import clock
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, etags, pages
from backend.core.security import Role, current_actor, requires
from backend.sync import nights, schedule, schedules
from backend.sync.models import Night, NightRun
from backend.sync.night_schemas import (
    ChangeScheduleSchema,
    NightRunQuery,
    NightRunSchema,
    NightSchema,
    ScheduleSchema,
)

bp = Blueprint("nights", __name__, url_prefix="/api/data", description="The nightly sync: results and schedules")


@bp.get("/nights")
@requires(Role.VIEWER)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, NightSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The nights, the newest first: how many of the accounts that the caller may see ended how."""
    actor = current_actor()
    question = select(Night).where(Night.tenant_id == actor.tenant_id)
    with unit_of_work() as work:
        rows, headers = pages.page(work.session, question, (pages.Key(Night.night, descending=True),), query)
        told = nights.counts(work.session, actor.tenant_id, [row.night for row in rows], actor.visible_customers)
    found = [
        {"night": row.night, "started_at": row.started_at, "finished_at": row.finished_at, **told[row.night]}
        for row in rows
    ]
    return found, headers


@bp.get("/night-runs")
@requires(Role.VIEWER)
@bp.arguments(NightRunQuery, location="query")
@bp.response(200, NightRunSchema(many=True))
def runs(query: dict[str, Any]) -> Any:
    """What became of each account in each night, the newest night first, with the reason where one is needed."""
    actor = current_actor()
    question = select(NightRun).where(NightRun.tenant_id == actor.tenant_id)
    if actor.visible_customers is not None:
        question = question.where(NightRun.customer_id.in_(actor.visible_customers))
    for name in ("night", "outcome"):
        if name in query:
            question = question.where(getattr(NightRun, name) == query[name])
    with unit_of_work() as work:
        if "slug" in query:
            row = customers.find_by_slug(work.session, query["slug"], actor)
            question = question.where(NightRun.customer_id == row.id)
        keys = (pages.Key(NightRun.night, descending=True), pages.Key(NightRun.customer_id))
        found, headers = pages.page(work.session, question, keys, query)
        return nights.described(work.session, found), headers


@bp.get("/schedules")
@requires(Role.VIEWER)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, ScheduleSchema(many=True))
def list_schedules(query: dict[str, Any]) -> Any:
    """When each account that the caller may see is synced by itself, by slug."""
    question = customers.visible(current_actor()).where(Customer.manager.is_(False))
    with unit_of_work() as work:
        rows, headers = pages.page(work.session, question, (pages.Key(Customer.slug), pages.Key(Customer.id)), query)
        return [schedules.described(row, clock.now()) for row in rows], headers


@bp.get("/schedules/<slug>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, ScheduleSchema)
def show_schedule(slug: str) -> Any:
    """When one account is synced by itself: a local time of its own time zone."""
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, current_actor())
        return schedules.described(row, clock.now()), etags.headers(row.version)


@bp.put("/schedules/<slug>")
@requires(Role.ADMIN)
@bp.etagged
@bp.arguments(ChangeScheduleSchema)
@bp.response(200, ScheduleSchema)
def change_schedule(body: dict[str, Any], slug: str) -> Any:
    """Set when an account is synced by itself; a night that was run already is not run again."""
    chosen = schedule.Schedule(body["enabled"], body["at"])
    described, version = schedules.change(slug, chosen, current_actor())
    return described, etags.headers(version)
