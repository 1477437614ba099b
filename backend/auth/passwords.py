"""Passwords: argon2id with the library's parameters, re-hashed when they rise; a missing person costs the same time."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 256

ENDED = "!"

_hasher = PasswordHasher()
_nobody = _hasher.hash("nobody has this password, and nobody will")


def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    return _hasher.hash(password)


def ended() -> str:
    """What stands in the place of a hash when a password was ended: no password holds, and no two are alike."""
    return ENDED + secrets.token_urlsafe(16)


def usable(kept: str | None) -> bool:
    """Whether there is a password at all."""
    return kept is not None and not kept.startswith(ENDED)


def holds(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was kept; none (no such person, or ended) takes as long as a wrong one."""
    try:
        _hasher.verify(kept if kept and usable(kept) else _nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return usable(kept)


def outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)
