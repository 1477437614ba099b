"""Envelope encryption: each secret under its own data key, each data key under a versioned master key (AES-256-GCM).

A sealed value is bound to where it stands: tenant, table, row and field are its associated data, and the wrapped data
key is bound to the same place and to the version of the master key. A value moved to another row, or with one bit
changed, does not open. Re-wrapping (key rotation) touches the wrapped data key only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DATA_KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
WRAPPED_BYTES = NONCE_BYTES + DATA_KEY_BYTES + TAG_BYTES


class DecryptionRefused(Exception):
    """A sealed value did not open: altered, moved, or wrapped by a key that is not here.

    The message is the same for every cause, so that it tells an attacker nothing.
    """

    def __init__(self) -> None:
        super().__init__("a sealed value could not be opened")


class VersionedKey(Protocol):
    """What the keyring needs of a master key (`config.MasterKey`)."""

    @property
    def version(self) -> int: ...

    @property
    def secret(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret stands; it opens nowhere else."""

    tenant: str
    table: str
    row: str
    field: str

    def associated_data(self) -> bytes:
        """The four names, each with its length before it, so that no two places share a form."""
        parts = [part.encode() for part in (self.tenant, self.table, self.row, self.field)]
        return b"cw1" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted value as its columns hold it."""

    ciphertext: bytes = field(repr=False)
    iv: bytes = field(repr=False)
    auth_tag: bytes = field(repr=False)
    wrapped_key: bytes = field(repr=False)
    key_version: int


class Keyring:
    """The master keys of this process: the first encrypts, all of them decrypt."""

    def __init__(self, keys: Iterable[VersionedKey]) -> None:
        ordered = tuple(keys)
        if not ordered:
            raise ValueError("a keyring needs at least one master key")
        self.primary = ordered[0].version
        self._ciphers = {key.version: AESGCM(key.secret) for key in ordered}

    def __repr__(self) -> str:
        return f"Keyring(primary=v{self.primary}, versions={sorted(self._ciphers)})"

    @property
    def versions(self) -> frozenset[int]:
        """The versions that this keyring can open."""
        return frozenset(self._ciphers)

    def seal(self, plaintext: str, place: Place) -> Sealed:
        """Encrypt a text for one place, under a fresh data key and a fresh nonce."""
        data_key = AESGCM.generate_key(bit_length=DATA_KEY_BYTES * 8)
        iv = os.urandom(NONCE_BYTES)
        box = AESGCM(data_key).encrypt(iv, plaintext.encode(), place.associated_data())
        return Sealed(box[:-TAG_BYTES], iv, box[-TAG_BYTES:], self._wrap(data_key, place), self.primary)

    def open(self, sealed: Sealed, place: Place) -> str:
        """Decrypt a value that stands at this place.

        Raises:
            DecryptionRefused: it was altered or moved, or its master key is not in the keyring.
        """
        data_key = self._unwrap(sealed, place)
        if len(sealed.iv) != NONCE_BYTES or len(sealed.auth_tag) != TAG_BYTES:
            raise DecryptionRefused
        try:
            box = sealed.ciphertext + sealed.auth_tag
            return AESGCM(data_key).decrypt(sealed.iv, box, place.associated_data()).decode()
        except (InvalidTag, UnicodeDecodeError) as error:
            raise DecryptionRefused from error

    def rewrap(self, sealed: Sealed, place: Place) -> Sealed:
        """The same value with its data key wrapped by the primary master key; the ciphertext stays as it is.

        Raises:
            DecryptionRefused: the value does not open, so nothing may be made of it.
        """
        self.open(sealed, place)
        wrapped = self._wrap(self._unwrap(sealed, place), place)
        return replace(sealed, wrapped_key=wrapped, key_version=self.primary)

    def _wrap(self, data_key: bytes, place: Place) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[self.primary].encrypt(nonce, data_key, _wrap_data(place, self.primary))

    def _unwrap(self, sealed: Sealed, place: Place) -> bytes:
        cipher = self._ciphers.get(sealed.key_version)
        if cipher is None or len(sealed.wrapped_key) != WRAPPED_BYTES:
            raise DecryptionRefused
        nonce, box = sealed.wrapped_key[:NONCE_BYTES], sealed.wrapped_key[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, box, _wrap_data(place, sealed.key_version))
        except InvalidTag as error:
            raise DecryptionRefused from error


def _wrap_data(place: Place, version: int) -> bytes:
    return place.associated_data() + b"|key|" + version.to_bytes(4, "big")
