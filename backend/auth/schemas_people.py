"""What people, their sessions, tokens and service keys look like in JSON."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from backend.auth.passwords import MAX_LENGTH, MIN_LENGTH
from backend.auth.schemas import ROLES, AccountRoleSchema
from backend.core.http.whole_text import WholeText

ROLE = validate.OneOf(ROLES)
NAME = validate.Length(min=1, max=200)
EMAIL = validate.And(
    validate.Length(min=3, max=254), WholeText(r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$", error="Not an address.")
)
PASSWORD = validate.Length(min=MIN_LENGTH, max=MAX_LENGTH)


class SignInSchema(ma.Schema):
    """E-mail address and password."""

    email = fields.String(required=True, validate=EMAIL)
    password = fields.String(required=True, load_only=True, validate=validate.Length(min=1, max=MAX_LENGTH))
    organisation = fields.String(load_default=None, metadata={"description": "Needed only by who is in several."})


class AcceptInvitationSchema(ma.Schema):
    """A new password for an invited person."""

    token = fields.String(required=True, load_only=True, validate=validate.Length(max=500))
    password = fields.String(required=True, load_only=True, validate=PASSWORD)
    name = fields.String(load_default=None, validate=NAME)


class ChangePasswordSchema(ma.Schema):
    """The password as it is, and as it shall be."""

    current_password = fields.String(required=True, load_only=True, validate=validate.Length(min=1, max=MAX_LENGTH))
    password = fields.String(required=True, load_only=True, validate=PASSWORD)


class SignedInSchema(ma.Schema):
    """A session was opened; its cookie came along."""

    csrf_token = fields.String(required=True, metadata={"description": "Send as X-CSRF-Token with every change."})


class SessionSchema(ma.Schema):
    """A browser session."""

    id = fields.UUID(required=True)
    current = fields.Boolean(required=True)
    user_agent = fields.String(allow_none=True)
    ip = fields.String(allow_none=True)
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True)
    idle_expires_at = fields.DateTime(required=True)


class RolesSchema(ma.Schema):
    """What a person may do: everywhere, and on single accounts."""

    everywhere = fields.String(load_default=None, allow_none=True, validate=ROLE)
    accounts = fields.List(fields.Nested(AccountRoleSchema), load_default=list, validate=validate.Length(max=10_000))


class InviteSchema(ma.Schema):
    """A person to invite."""

    email = fields.String(required=True, validate=EMAIL)
    name = fields.String(required=True, validate=NAME)
    roles = fields.Nested(RolesSchema, required=True)


class UserSchema(ma.Schema):
    """A person of the organisation."""

    id = fields.UUID(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    active = fields.Boolean(required=True)
    sign_in = fields.List(fields.String(), required=True, metadata={"description": "password, entra; empty: invited."})
    roles = fields.Nested(RolesSchema, required=True)
    created_at = fields.DateTime(required=True)


class InvitationSchema(ma.Schema):
    """An invitation, shown once."""

    user = fields.Nested(UserSchema, required=True)
    invite_token = fields.String(required=True)
    expires_at = fields.DateTime(required=True)


class ChangeUserSchema(ma.Schema):
    """What of a person can be changed."""

    name = fields.String(validate=NAME)
    active = fields.Boolean(truthy={True}, falsy={False})


class NewTokenSchema(ma.Schema):
    """A token to make."""

    name = fields.String(required=True, validate=NAME)
    max_role = fields.String(load_default=None, allow_none=True, validate=ROLE)
    expires_in_days = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 3650))


class TokenSchema(ma.Schema):
    """An API token, without its secret."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    max_role = fields.String(allow_none=True)
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(allow_none=True)
    last_used_at = fields.DateTime(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)


class MintedTokenSchema(ma.Schema):
    """A fresh token; this is the only time it is shown."""

    id = fields.UUID(required=True)
    token = fields.String(required=True)


class NewServiceKeySchema(ma.Schema):
    """A service key to make."""

    name = fields.String(required=True, validate=NAME)
    role = fields.String(required=True, validate=ROLE)
    customer_ids = fields.List(
        fields.String(validate=validate.Length(max=12)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=10_000),
    )
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)


class ServiceKeySchema(ma.Schema):
    """A service key, without its secret."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    expires_at = fields.DateTime(allow_none=True)
    last_used_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime(required=True)


class MadeServiceKeySchema(ServiceKeySchema):
    """A fresh service key; this is the only time it is shown."""

    key = fields.String(required=True)
