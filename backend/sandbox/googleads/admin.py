"""The sandbox's own doors, on loopback only: faults, clock, edits, totals, state, quota, policy, tokens, features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from backend.sandbox.googleads import editing
from backend.sandbox.googleads.calls import Services
from backend.sandbox.googleads.quota import Limits
from backend.sandbox.googleads.world import UnknownCustomer, World

Totals = Callable[[World, str, str, tuple[date, date], Sequence[str]], list[dict[str, Any]]]
Answer = tuple[Response, int]


def blueprint(services: Services, totals: Totals) -> Blueprint:
    """The admin endpoints under /admin."""
    pages = Blueprint("admin", __name__, url_prefix="/admin")
    _faults(pages, services)
    _world(pages, services, totals)
    _limits(pages, services)
    _tokens(pages, services)
    pages.register_error_handler(ValueError, _bad_request)
    pages.register_error_handler(TypeError, _bad_request)
    pages.register_error_handler(OverflowError, _bad_request)
    pages.register_error_handler(UnknownCustomer, lambda _: (jsonify({"error": "unknown customer"}), 404))
    return pages


def _bad_request(problem: Exception) -> Answer:
    return jsonify({"error": str(problem)}), 400


def _body() -> dict[str, Any]:
    try:
        body = request.get_json(force=True)
    except HTTPException as wrong:
        raise ValueError("the body is not JSON") from wrong
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - the client's mistake, answered with 400
    return body


def _number(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number")  # noqa: TRY004 - the client's mistake, answered with 400
    return float(value)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise ValueError(f"{name} must be a day: YYYY-MM-DD") from wrong


def _faults(pages: Blueprint, services: Services) -> None:
    @pages.post("/faults")
    def add_fault() -> Answer:
        return jsonify(asdict(services.faults.add(_body()))), 201

    @pages.get("/faults")
    def faults_left() -> Answer:
        return jsonify(services.faults.left()), 200

    @pages.delete("/faults")
    def clear_faults() -> Answer:
        services.faults.clear()
        return jsonify([]), 200


def _world(pages: Blueprint, services: Services, totals: Totals) -> None:
    world = services.world

    @pages.route("/clock", methods=["GET", "POST"])
    def clock() -> Answer:
        if request.method == "POST":
            world.advance_clock(_number(_body(), "advance_s"))
        return jsonify({"now": world.clock.now().isoformat(), "offset_s": world.clock.offset_s}), 200

    @pages.post("/changes")
    def changes() -> Answer:
        body = _body()
        edits = body.get("changes", [body])
        if not isinstance(edits, list) or not all(isinstance(one, dict) for one in edits):
            raise ValueError("changes must be a list of objects")
        return jsonify({"resource_names": [editing.edit(world, one) for one in edits]}), 200

    @pages.get("/totals")
    def sums() -> Answer:
        asked = request.args
        customer_id = asked.get("customer_id", "").replace("-", "")
        days = _day(asked.get("from", ""), "from"), _day(asked.get("to", ""), "to")
        split = tuple(filter(None, asked.get("split", "").split(",")))
        return jsonify(totals(world, customer_id, asked.get("level", "campaign"), days, split)), 200

    @pages.get("/state")
    def state() -> Answer:
        customer_id = request.args.get("customer_id", "").replace("-", "")
        return jsonify(editing.state(world, customer_id, request.args.get("kind", ""))), 200


def _limits(pages: Blueprint, services: Services) -> None:
    @pages.route("/quota", methods=["GET", "POST"])
    def quota() -> Answer:
        if request.method == "POST":
            body = _body()
            unknown = set(body) - {field.name for field in fields(Limits)}
            if unknown:
                raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
            given = {name: value for name, value in body.items() if value is not None}
            for name in given:
                limit = _number(given, name)
                if limit < 0 or (limit == 0 and not name.endswith("_per_day")):
                    raise ValueError(f"{name} must be above 0; null is unlimited")
            services.quota.set_limits(Limits(**given))
        return jsonify({"limits": asdict(services.quota.limits), "used": services.quota.used()}), 200

    @pages.route("/policy", methods=["GET", "POST", "DELETE"])
    def policy() -> Answer:
        if request.method == "POST":
            services.policy.add(_body())
        elif request.method == "DELETE":
            services.policy.reset()
        return jsonify(services.policy.rules()), 200

    @pages.route("/features", methods=["GET", "POST"])
    def features() -> Answer:
        if request.method == "POST":
            body = _body()
            unknown = set(body) - set(services.features)
            if unknown or not all(isinstance(value, bool) for value in body.values()):
                raise ValueError(f"features are {', '.join(services.features)}, each true or false")
            services.features.update(body)
        return jsonify(services.features), 200


def _tokens(pages: Blueprint, services: Services) -> None:
    tokens = services.tokens

    @pages.route("/oauth", methods=["GET", "POST"])
    def oauth() -> Answer:
        if request.method == "POST":
            body = _body()
            tokens.live_limit = int(body.get("live_limit", tokens.live_limit))
            if "refresh_token_seconds" in body:
                seconds = body["refresh_token_seconds"]
                tokens.lifetime_s = None if seconds is None else float(seconds)
            email = body.get("email")
            tokens.change(
                lambda grant: email in (None, grant.email),
                revoke=bool(body.get("revoke")),
                expire_access=bool(body.get("expire_access")),
            )
        grants = [{**asdict(grant), "id": grant.id[:12]} for grant in tokens.grants()]
        return jsonify({"users": services.access.users(), "live_limit": tokens.live_limit, "grants": grants}), 200
