"""Identifiers of our own rows: UUID version 7, so that new rows stand together in an index (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import time
from datetime import datetime
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of milliseconds, the rest random."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def first_id_of(moment: datetime) -> UUID:
    """The smallest id that `new_id` can make at a moment: ids of what was made since are not below it."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
