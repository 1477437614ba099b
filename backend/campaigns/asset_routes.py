"""The asset library over HTTP: upload an image, add a video, list, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask
from marshmallow import Schema, ValidationError, fields, validate
from sqlalchemy import select

from backend.adgraph.models import Asset, Customer
from backend.campaigns import assets, service, tree_json
from backend.campaigns.answers import AssetItem
from backend.campaigns.fields import CustomerId, Text
from backend.campaigns.images import MAX_IMAGE_BYTES
from backend.core import audit
from backend.core.db import Work, unit_of_work
from backend.core.errors import Finding, Invalid, NotFound
from backend.core.http import Blueprint, etags, idempotent, pages
from backend.core.http.pages import PageQuery
from backend.core.http.parsing import validation_problem
from backend.core.http.problems import HttpProblem
from backend.core.http.whole_text import WholeText
from backend.core.images import ImageRefused, sanitize
from backend.core.security import Role, current_actor, requires

UPLOAD_BYTES = 10 << 20
FRAGMENT = (tree_json.ASSET, "FROM assets x", "x")
IMAGE_MIMES = ("image/png", "image/jpeg", "image/gif")
UPLOADS = {mime: {"schema": {"type": "string", "format": "binary"}} for mime in IMAGE_MIMES} | {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "customer_id": {"type": "string"},
                "slug": {"type": "string"},
                "name": {"type": "string"},
            },
            "required": ["file"],
        }
    }
}

bp = Blueprint("assets", __name__, url_prefix="/api/assets", description="Images, texts and videos of an account")


class AccountQuery(Schema):
    """Which account an upload belongs to, and its name."""

    customer_id = CustomerId(load_default=None)
    slug = fields.String(load_default=None)
    name = Text(load_default=None, most=100)


class AssetQuery(PageQuery):
    """How to narrow the library."""

    customer_id = CustomerId(load_default=None)
    slug = fields.String(load_default=None)
    type = fields.String(load_default=None, validate=validate.Length(1, 40))
    q = Text(load_default=None, least=1, most=200)


class VideoAssetForm(Schema):
    """A YouTube video for the library."""

    customer_id = CustomerId(load_default=None)
    slug = fields.String(load_default=None)
    youtube_video_id = fields.String(required=True, validate=WholeText(r"^[A-Za-z0-9_-]{11}$"))
    name = Text(load_default=None, most=100)


def _customer(work: Work, query: dict[str, Any], role: Role) -> Customer:
    customer = service.choose_customer(
        work.session,
        current_actor(),
        google_id=query["customer_id"],
        slug=query["slug"],
        default=flask.current_app.config["SETTINGS"].google.customer_id,
    )
    current_actor().must_be(role, customer.id)
    return customer


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(AssetQuery, location="query")
@bp.response(200, AssetItem(many=True), description="Assets, newest first.")
def list_assets(query: dict[str, Any]) -> flask.Response:
    """List an account's assets."""
    with unit_of_work() as work:
        customer = _customer(work, query, Role.VIEWER)
        statement = select(Asset.id).where(Asset.customer_id == customer.id, Asset.deleted_at.is_(None))
        if query["type"]:
            statement = statement.where(Asset.type == query["type"])
        if query["q"]:
            wanted = Asset.text.icontains(query["q"], autoescape=True) | Asset.name.icontains(
                query["q"], autoescape=True
            )
            statement = statement.where(wanted)
        ids, headers = pages.page(work.session, statement, (pages.Key(Asset.id, descending=True),), query)
        body = tree_json.many(work.session, FRAGMENT, customer.id, ids) if ids else "[]"
    return flask.Response(body, 200, headers, content_type="application/json")


@bp.post("")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(UPLOAD_BYTES)
@bp.reads_raw_body
@bp.doc(requestBody={"required": True, "content": UPLOADS})
@bp.arguments(AccountQuery, location="query")
@bp.response(201, AssetItem, description="The asset; the same picture again is the same asset.")
def upload_asset(query: dict[str, Any]) -> flask.Response:
    """Upload an image: its bytes as the body (image/png, image/jpeg, image/gif) or as the file of a form.

    A form may name the account and the image in fields of its own; otherwise the query names them.
    """
    data, name = _uploaded()
    query |= _form_fields()
    try:
        image = sanitize(data)
    except ImageRefused as refusal:
        raise Invalid(refusal.message, errors=(Finding("/file", refusal.code, refusal.message),)) from refusal
    if image.info.size > MAX_IMAGE_BYTES:
        raise Invalid(
            "The image is too large.",
            errors=(Finding("/file", "image_bytes", f"At most {MAX_IMAGE_BYTES} bytes; this is {image.info.size}."),),
        )
    with unit_of_work() as work:
        customer = _customer(work, query, Role.EDITOR)
        asset_id = assets.store_image(work.session, customer, image, query["name"] or name)
        after = {"name": query["name"] or name, "mime_type": image.info.mime, "sha256": image.info.sha256}
        _note(work, "asset.upload", asset_id, customer, after)
        return _one(work, customer.id, asset_id, 201)


def _note(work: Work, action: str, asset_id: UUID, customer: Customer, after: dict[str, Any]) -> None:
    """Put into the trail who added what to the library."""
    subject = f"asset:{asset_id}"
    audit.record(work.session, current_actor(), action, subject, after=after, customer_id=customer.id)


def _uploaded() -> tuple[bytes, str | None]:
    request = flask.request
    if request.mimetype == "multipart/form-data":
        file = request.files.get("file")
        if file is None:
            raise Invalid("The form has no file.", errors=(Finding("/file", "required", "Send it as `file`."),))
        return file.read(), (file.filename or None)
    if request.mimetype not in IMAGE_MIMES:
        raise HttpProblem(415, "unsupported_media_type", f"Send {', '.join(IMAGE_MIMES)} or a form with a file.")
    data = request.get_data(cache=True)
    if not data:
        raise Invalid("The body is empty.", errors=(Finding("", "required", "Send the bytes of the image."),))
    return data, None


def _form_fields() -> dict[str, Any]:
    """What the form says beside its file.

    Raises:
        Invalid: it says something that is not known here.
    """
    given = {name: value for name, value in flask.request.form.items() if value}
    try:
        loaded: dict[str, Any] = AccountQuery().load(given)
    except ValidationError as error:
        raise validation_problem(error.messages) from error
    return {name: loaded[name] for name in given}


@bp.post("/videos")
@requires(Role.EDITOR)
@idempotent
@bp.arguments(VideoAssetForm)
@bp.response(201, AssetItem, description="The asset; the same video again is the same asset.")
def add_video(form: dict[str, Any]) -> flask.Response:
    """Add a YouTube video to the library."""
    with unit_of_work() as work:
        customer = _customer(work, form, Role.EDITOR)
        book = assets.AssetBook(work.session, customer)
        video = form["youtube_video_id"]
        book.ensure([("YOUTUBE_VIDEO", video, {"youtube_video_id": video, "name": form["name"]})])
        asset_id = book.key_id("YOUTUBE_VIDEO", video)
        _note(work, "asset.add", asset_id, customer, {"name": form["name"], "youtube_video_id": video})
        return _one(work, customer.id, asset_id, 201)


@bp.get("/<uuid:asset_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, AssetItem)
def show_asset(asset_id: UUID) -> flask.Response:
    """Show an asset."""
    with unit_of_work() as work:
        actor = current_actor()
        query = (
            select(Asset.customer_id)
            .join(Customer, Customer.id == Asset.customer_id)
            .where(Asset.id == asset_id, Customer.tenant_id == actor.tenant_id)
        )
        if actor.visible_customers is not None:
            query = query.where(Asset.customer_id.in_(actor.visible_customers))
        customer_id = work.session.scalar(query)
        if customer_id is None:
            raise NotFound("There is no such asset.")
        return _one(work, customer_id, asset_id, 200)


def _one(work: Work, customer_id: UUID, asset_id: UUID, status: int) -> flask.Response:
    work.session.flush()
    body = tree_json.many(work.session, FRAGMENT, customer_id, [asset_id])[1:-1]
    asset = work.session.get_one(Asset, {"customer_id": customer_id, "id": asset_id})
    headers = {"Location": f"/api/assets/{asset_id}"} if status == 201 else {}
    return etags.tag(flask.Response(body, status, headers, content_type="application/json"), asset.version)
