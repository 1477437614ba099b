"""Master keys: which versions the rows need, re-wrapping to the primary one while everything serves, retiring one.

The order of a rotation: add the new key behind the primary in `APP_MASTER_KEY` of every process and restart them; put
it first and restart; `rotate()`; `retire(old)`; take the old key out. A rotation may be killed and begun again at any
point: each batch is one transaction and what is left is found by its version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.auth import credentials
from backend.auth.models import UserCredential
from backend.core import audit
from backend.core.crypto import DecryptionRefused, Sealed
from backend.core.db import unit_of_work
from backend.core.errors import Conflict
from backend.core.logging import get_logger

log = get_logger(__name__)

BATCH = 200


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """The keys of this process, and how many rows each version wraps."""

    primary: int
    versions: tuple[int, ...]
    rows: dict[int, int]

    @property
    def missing(self) -> tuple[int, ...]:
        """Versions that rows need and this process lacks."""
        return tuple(sorted(set(self.rows) - set(self.versions)))

    @property
    def left(self) -> int:
        """Rows that the primary key does not wrap yet."""
        return sum(count for version, count in self.rows.items() if version != self.primary)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: rows re-wrapped, and rows that do not open (they stay as they are, and were reported)."""

    rewrapped: int
    refused: int


def status() -> KeyStatus:
    """Where the rotation stands."""
    ring = credentials.keyring()
    with unit_of_work() as work:
        found = work.session.execute(
            select(UserCredential.key_version, func.count()).group_by(UserCredential.key_version)
        )
        rows = {int(version): int(count) for version, count in found}
    return KeyStatus(ring.primary, tuple(sorted(ring.versions)), rows)


def rotate(progress: Callable[[int], object] | None = None, *, batch: int = BATCH) -> Rotated:
    """Wrap every data key by the primary master key; readers go on meanwhile.

    Args:
        progress: called with the number of rows done so far, after each committed batch.
    """
    done, refused = 0, set[object]()
    while True:
        with unit_of_work() as work:
            rows = _next(work.session, batch, refused)
            moved = sum(_rewrap(row, refused) for row in rows)
        done += moved
        if not rows:
            break
        if progress:
            progress(done)
    with unit_of_work() as work:
        after = {"primary": credentials.keyring().primary, "rewrapped": done, "refused": len(refused)}
        audit.record(work.session, None, "keys.rotate", "keyring", after=after)
    log.info("keys_rotated", rewrapped=done, refused=len(refused))
    return Rotated(done, len(refused))


def retire(version: int) -> None:
    """Say that a master key may be taken out of APP_MASTER_KEY.

    Raises:
        Conflict: it is the primary one, or a row still needs it.
    """
    found = status()
    if version == found.primary:
        raise Conflict(f"v{version} is the primary key: put another one first.", code="key_is_primary")
    if needed := found.rows.get(version):
        raise Conflict(f"{needed} credentials still need v{version}: rotate first.", code="key_in_use")
    with unit_of_work() as work:
        audit.record(work.session, None, "keys.retire", "keyring", after={"version": version})


def _next(session: Session, batch: int, refused: set[object]) -> list[UserCredential]:
    return list(
        session.scalars(
            select(UserCredential)
            .where(
                UserCredential.key_version != credentials.keyring().primary,
                UserCredential.id.not_in(refused),
            )
            .order_by(UserCredential.id)
            .limit(batch)
            .with_for_update(skip_locked=True)
        )
    )


def _rewrap(row: UserCredential, refused: set[object]) -> bool:
    sealed = Sealed(row.encrypted_refresh_token, row.iv, row.auth_tag, row.wrapped_key, row.key_version)
    try:
        moved = credentials.keyring().rewrap(sealed, credentials.place_of(row.tenant_id, row.id))
    except DecryptionRefused:
        log.error(  # noqa: TRY400 (its trace says nothing that an attacker should not read)
            "credential_not_rewrapped", credential_id=str(row.id), key_version=row.key_version
        )
        refused.add(row.id)
        return False
    row.wrapped_key, row.key_version = moved.wrapped_key, moved.key_version
    return True
