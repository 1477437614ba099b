"""What people, connections, accounts and the audit trail look like in JSON."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from backend.core.fetch import FetchError, check_public_url
from backend.core.http.pages import PageQuery
from backend.core.http.whole_text import WholeText

ROLES = ("viewer", "editor", "publisher", "admin")
EU_POLITICAL = ("CONTAINS_EU_POLITICAL_ADVERTISING", "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING")
MAX_TEXTS = 50
MAX_KEYWORDS = 10_000


class CustomerSchema(ma.Schema):
    """A Google Ads account."""

    customer_id = fields.String(required=True, metadata={"description": "Google's ten digits."})
    slug = fields.String(required=True)
    descriptive_name = fields.String(required=True)
    currency_code = fields.String(required=True)
    time_zone = fields.String(required=True)
    manager = fields.Boolean(required=True)
    test_account = fields.Boolean(required=True)
    hidden = fields.Boolean(required=True)
    status = fields.String(required=True, metadata={"description": "ENABLED, CANCELED, SUSPENDED, CLOSED, UNKNOWN."})
    enabled = fields.Boolean(required=True)
    role = fields.String(allow_none=True, validate=validate.OneOf(ROLES))
    credential_status = fields.String(
        allow_none=True, metadata={"description": "ACTIVE, NEEDS_REAUTH or REVOKED; null when nothing reaches it."}
    )
    login_customer_id = fields.String(allow_none=True)
    managers = fields.List(fields.String(), required=True)
    last_synced_at = fields.DateTime(allow_none=True)


class CustomerQuery(PageQuery):
    """Filters of the list of accounts."""

    manager = fields.Boolean(truthy={"true"}, falsy={"false"})
    status = fields.String(validate=validate.OneOf(("ENABLED", "CANCELED", "SUSPENDED", "CLOSED", "UNKNOWN")))
    slug = fields.String(validate=validate.Length(max=80))


class _Declaration(fields.Field[Any]):
    """Google's enum, or true and false for the same."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value in EU_POLITICAL:
            return value
        raise ma.ValidationError(f"Must be true, false, {EU_POLITICAL[0]} or {EU_POLITICAL[1]}.")


def https_address(text: str) -> None:
    """A public https address.

    Raises:
        ValidationError
    """
    try:
        check_public_url(text)
    except FetchError as error:
        raise ma.ValidationError(error.message) from error


def _texts() -> fields.List[Any]:
    text = fields.String(validate=validate.Length(min=1, max=500))
    return fields.List(text, allow_none=True, validate=validate.Length(max=MAX_TEXTS))


class DefaultsSchema(ma.Schema):
    """What a new draft of an account takes when it says nothing; null clears a default."""

    final_url = fields.Url(schemes={"http", "https"}, allow_none=True)
    business_name = fields.String(allow_none=True, validate=validate.Length(min=1, max=200))
    logo_url = fields.String(allow_none=True, validate=validate.Length(max=2048))
    headlines = fields.List(
        fields.String(validate=validate.Length(min=1, max=500)),
        allow_none=True,
        validate=validate.Length(max=MAX_TEXTS),
    )
    descriptions = fields.List(
        fields.String(validate=validate.Length(min=1, max=500)),
        allow_none=True,
        validate=validate.Length(max=MAX_TEXTS),
    )
    keywords = fields.List(fields.Raw(), allow_none=True, validate=validate.Length(max=MAX_KEYWORDS))
    contains_eu_political_advertising = _Declaration(allow_none=True)


class AccountRoleSchema(ma.Schema):
    """A role on one account."""

    customer_id = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))


class MeSchema(ma.Schema):
    """Who is asking, and what that person may do."""

    id = fields.UUID(allow_none=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    email = fields.String(allow_none=True)
    tenant = fields.String(required=True)
    role = fields.String(allow_none=True, metadata={"description": "The role on every account, if there is one."})
    accounts = fields.List(fields.Nested(AccountRoleSchema), required=True)
    csrf_token = fields.String(allow_none=True, metadata={"description": "For cookie sessions: send as X-CSRF-Token."})
    stream_url = fields.String(required=True)
    server_version = fields.String(required=True)


class ConnectionSchema(ma.Schema):
    """A connected Google account."""

    id = fields.UUID(required=True)
    google_account = fields.String(
        allow_none=True, metadata={"description": "Its e-mail address, where Google said it."}
    )
    status = fields.String(required=True, validate=validate.OneOf(("ACTIVE", "REVOKED", "NEEDS_REAUTH")))
    status_reason = fields.String(allow_none=True)
    accounts = fields.Integer(required=True, metadata={"description": "How many accounts it reaches."})
    updated_at = fields.DateTime(required=True)


class LoginQuery(ma.Schema):
    """Where the browser goes after the sign-in."""

    return_to = fields.String(
        load_default=None,
        validate=WholeText(r"^/(?![/\\])[^\\\x00-\x20]{0,500}$", error="Must be a path on this site."),
        metadata={"description": "A path on this site."},
    )


class CallbackQuery(ma.Schema):
    """What Google sends the browser back with; it adds members of its own, which are left alone."""

    state = fields.String(load_default=None)
    code = fields.String(load_default=None)
    error = fields.String(load_default=None)


class AcceptedSchema(ma.Schema):
    """A job that was accepted."""

    job_id = fields.UUID(required=True)
    status = fields.String(required=True, validate=validate.OneOf(("queued", "started", "finished", "failed")))


class AuditSchema(ma.Schema):
    """One row of the audit trail."""

    id = fields.Integer(required=True)
    created_at = fields.DateTime(required=True)
    actor_kind = fields.String(required=True)
    actor_id = fields.UUID(allow_none=True)
    actor_name = fields.String(required=True)
    action = fields.String(required=True)
    subject = fields.String(required=True)
    customer_id = fields.String(allow_none=True)
    before = fields.Dict(allow_none=True)
    after = fields.Dict(allow_none=True)
    reason = fields.String(allow_none=True)
    request_id = fields.String(allow_none=True)
    ip = fields.String(allow_none=True)


class AuditFilter(ma.Schema):
    """Filters of the audit trail."""

    action = fields.String(
        validate=validate.Length(max=80), metadata={"description": "`noun.verb`, or `noun.` for all."}
    )
    subject = fields.String(validate=validate.Length(max=200))
    actor_id = fields.UUID()
    customer_id = fields.String(validate=validate.Length(max=12))
    since = fields.AwareDateTime(default_timezone=None)
    until = fields.AwareDateTime(default_timezone=None)


class AuditQuery(AuditFilter, PageQuery):
    """One page of the audit trail."""
