"""The secrets of a sign-in under way, sealed in the row of its state: they open for that state alone."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from backend.auth import credentials
from backend.core.crypto import DecryptionRefused, Place, Sealed
from backend.core.errors import Invalid


def seal_state(text: str, tenant_id: UUID | None, state_hash: bytes) -> dict[str, Any]:
    """Encrypt a text for the row of a state, as its JSON column holds it."""
    sealed = credentials.keyring().seal(text, _place(tenant_id, state_hash))
    parts = (sealed.ciphertext, sealed.iv, sealed.auth_tag, sealed.wrapped_key)
    return {"parts": [base64.b64encode(part).decode() for part in parts], "key_version": sealed.key_version}


def open_state(kept: dict[str, Any], tenant_id: UUID | None, state_hash: bytes, *, refused: str) -> str:
    """Decrypt it.

    Args:
        refused: the code of the answer when it does not open.

    Raises:
        Invalid: it was sealed by a master key that is gone, or was altered.
    """
    ciphertext, iv, tag, wrapped = (base64.b64decode(part) for part in kept["parts"])
    sealed = Sealed(ciphertext, iv, tag, wrapped, kept["key_version"])
    try:
        return credentials.keyring().open(sealed, _place(tenant_id, state_hash))
    except DecryptionRefused as error:
        raise Invalid("What was kept of this sign-in does not open any more; begin again.", code=refused) from error


def _place(tenant_id: UUID | None, state_hash: bytes) -> Place:
    return Place(str(tenant_id or "*"), "oauth_states", state_hash.hex(), "verifier")
