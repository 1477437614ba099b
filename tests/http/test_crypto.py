"""Sealed values open at their place only (RELIABILITY S02, S05)."""

import dataclasses
import os

import pytest

from backend.core.crypto import DecryptionRefused, Keyring, Place
from config import MasterKey

PLACE = Place("t1", "user_credentials", "row-1", "refresh_token")
TOKEN = "1//canary-refresh-token"


def keyring(*versions: int) -> Keyring:
    return Keyring([MasterKey(version, bytes([version]) * 16 + b"0123456789abcdef") for version in versions])


def test_a_sealed_value_opens_where_it_was_sealed():
    sealed = keyring(1).seal(TOKEN, PLACE)
    assert TOKEN.encode() not in sealed.ciphertext
    assert keyring(2, 1).open(sealed, PLACE) == TOKEN


@pytest.mark.parametrize("column", ["ciphertext", "iv", "auth_tag", "wrapped_key"])
def test_every_single_flipped_byte_is_refused(column):
    ring = keyring(1)
    sealed = ring.seal(TOKEN, PLACE)
    original = getattr(sealed, column)
    for index in range(len(original)):
        for bit in (1, 0x80):
            altered = bytearray(original)
            altered[index] ^= bit
            with pytest.raises(DecryptionRefused):
                ring.open(dataclasses.replace(sealed, **{column: bytes(altered)}), PLACE)


@pytest.mark.parametrize("column", ["ciphertext", "iv", "auth_tag", "wrapped_key"])
def test_a_shortened_column_is_refused(column):
    ring = keyring(1)
    sealed = ring.seal(TOKEN, PLACE)
    for cut in (b"", getattr(sealed, column)[:-1]):
        with pytest.raises(DecryptionRefused):
            ring.open(dataclasses.replace(sealed, **{column: cut}), PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        dataclasses.replace(PLACE, tenant="t2"),
        dataclasses.replace(PLACE, table="other"),
        dataclasses.replace(PLACE, row="row-2"),
        dataclasses.replace(PLACE, field="client_secret"),
        Place("t1user", "_credentials", "row-1", "refresh_token"),
    ],
)
def test_a_value_moved_elsewhere_is_refused(elsewhere):
    ring = keyring(1)
    with pytest.raises(DecryptionRefused):
        ring.open(ring.seal(TOKEN, PLACE), elsewhere)


def test_the_wrong_key_the_absent_key_and_the_wrong_version_say_the_same():
    sealed = keyring(1).seal(TOKEN, PLACE)
    wrong = Keyring([MasterKey(1, os.urandom(32))])
    messages = set()
    for ring, value in (
        (wrong, sealed),
        (keyring(2), sealed),
        (keyring(1, 2), dataclasses.replace(sealed, key_version=2)),
    ):
        with pytest.raises(DecryptionRefused) as refused:
            ring.open(value, PLACE)
        messages.add(str(refused.value))
    assert len(messages) == 1


def test_rewrapping_keeps_the_ciphertext_and_needs_the_new_key_only():
    sealed = keyring(1).seal(TOKEN, PLACE)
    moved = keyring(2, 1).rewrap(sealed, PLACE)
    assert (moved.ciphertext, moved.iv, moved.key_version) == (sealed.ciphertext, sealed.iv, 2)
    assert keyring(2).open(moved, PLACE) == TOKEN


def test_nonces_and_data_keys_never_repeat():
    ring = keyring(1)
    sealed = [ring.seal(TOKEN, PLACE) for _ in range(5_000)]
    assert len({value.iv for value in sealed}) == len({value.wrapped_key[:12] for value in sealed}) == len(sealed)


@pytest.mark.soak
def test_a_million_nonces_never_repeat():
    ring = keyring(1)
    assert len({ring.seal("x", PLACE).iv for _ in range(1_000_000)}) == 1_000_000


def test_nothing_secret_stands_in_a_repr():
    ring = keyring(1)
    sealed = ring.seal(TOKEN, PLACE)
    assert repr(sealed) == "Sealed(key_version=1)"
    assert repr(ring) == "Keyring(primary=v1, versions=[1])"
    assert "secret" not in repr(MasterKey(1, b"x" * 32))
