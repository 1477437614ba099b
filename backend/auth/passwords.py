"""Passwords: argon2id with the library's parameters, re-hashed when they rise; a missing person costs the same time."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 256

_hasher = PasswordHasher()
_nobody = _hasher.hash("nobody has this password, and nobody will")


def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    return _hasher.hash(password)


def holds(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was kept; None (no such person) takes as long as a wrong one."""
    try:
        _hasher.verify(kept or _nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)
