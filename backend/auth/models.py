"""People and their access, connected Google accounts and their encrypted tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.base import Base
from backend.core.ids import new_id

ROLES = ("VIEWER", "EDITOR", "PUBLISHER", "ADMIN")
CREDENTIAL_STATUSES = ("ACTIVE", "REVOKED", "NEEDS_REAUTH")


class User(Base):
    """A person of a tenant; `password_hash` is argon2id, `entra_tid` and `entra_oid` identify a Microsoft account."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email", "tenant_id", text("lower(email)"), unique=True),
        UniqueConstraint("entra_tid", "entra_oid"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    entra_tid: Mapped[UUID | None]
    entra_oid: Mapped[UUID | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Membership(Base):
    """A person's role, on one account or (customer_id NULL) on all of the tenant."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index(
            "uq_memberships_scope",
            "user_id",
            text("coalesce(customer_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            unique=True,
        ),
        CheckConstraint(f"role IN {ROLES!r}", name="role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(12))


class ApiToken(Base):
    """A bearer token: only the SHA-256 of its 256 random bits is kept."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index("ix_api_tokens_user", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    max_role: Mapped[str | None] = mapped_column(String(12))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OAuthState(Base):
    """A sign-in that was begun at Google or a directory: the hash of its single-use state, bound to a browser.

    The PKCE verifier is kept encrypted like a token; the row dies when it is used or after ten minutes. Tenant and user
    are those who connect a Google account; who signs in by a directory is not known yet.
    """

    __tablename__ = "oauth_states"
    __table_args__ = (
        CheckConstraint("purpose <> 'google' OR (tenant_id IS NOT NULL AND user_id IS NOT NULL)", name="owner"),
    )

    state_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(10), server_default="google")
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    binding_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_verifier: Mapped[dict[str, Any]] = mapped_column(JSONB)
    return_to: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class GoogleAccount(Base):
    """A Google user whose consent a tenant holds; `subject` is the id that tokeninfo names."""

    __tablename__ = "google_accounts"
    __table_args__ = (UniqueConstraint("tenant_id", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UserCredential(Base):
    """The refresh token of a Google account, sealed: AES-256-GCM under a data key that the master key wraps.

    The row's identity is bound as associated data, so a ciphertext moved to another row does not open.
    """

    __tablename__ = "user_credentials"
    __table_args__ = (
        UniqueConstraint("google_account_id"),
        CheckConstraint(f"status IN {CREDENTIAL_STATUSES!r}", name="status"),
        CheckConstraint("octet_length(iv) = 12 AND octet_length(auth_tag) = 16", name="sizes"),
        Index("ix_user_credentials_key_version", "key_version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    google_account_id: Mapped[UUID] = mapped_column(ForeignKey("google_accounts.id", ondelete="CASCADE"))
    encrypted_refresh_token: Mapped[bytes] = mapped_column(LargeBinary)
    iv: Mapped[bytes] = mapped_column(LargeBinary(12), unique=True)
    auth_tag: Mapped[bytes] = mapped_column(LargeBinary(16))
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    key_version: Mapped[int]
    status: Mapped[str] = mapped_column(String(12), default="ACTIVE")
    status_reason: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CustomerAccess(Base):
    """That a credential reaches an account, and with which login-customer-id (None: directly)."""

    __tablename__ = "customer_access"
    __table_args__ = (Index("ix_customer_access_credential", "credential_id"),)

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("user_credentials.id", ondelete="CASCADE"), primary_key=True)
    login_customer_id: Mapped[int | None]
    depth: Mapped[int] = mapped_column(default=0)


class AuthSession(Base):
    """A browser session, kept here and only named by the cookie; ends when idle, when old, or when revoked."""

    __tablename__ = "auth_sessions"
    __table_args__ = (Index("ix_auth_sessions_user", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    cookie_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_agent: Mapped[str | None] = mapped_column(Text)
    ip: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ServiceKey(Base):
    """The key of a service (`X-Service-Auth`): hashed, scoped to a role and optionally to accounts, rotatable."""

    __tablename__ = "service_keys"
    __table_args__ = (CheckConstraint(f"role IN {ROLES!r}", name="role"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    role: Mapped[str] = mapped_column(String(12))
    customer_ids: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
