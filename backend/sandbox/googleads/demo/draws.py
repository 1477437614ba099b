"""Repeatable numbers: the same words give the same number in every process."""

import zlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MASK = 0xFFFFFFFFFFFFFFFF


def number(*parts: object) -> int:
    """A well mixed 64-bit number of the parts."""
    text = "\x1f".join(map(str, parts)).encode()
    return mix(zlib.crc32(text) | zlib.adler32(text) << 32)


def mix(value: int) -> int:
    """SplitMix64's finalizer: neighbouring inputs give unrelated outputs."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def between(low: int, high: int, *parts: object) -> int:
    """A number from low to high, both included."""
    return low + number(*parts) % (high - low + 1)


def pick(values: Sequence[T], *parts: object) -> T:
    """One of the values."""
    return values[number(*parts) % len(values)]
