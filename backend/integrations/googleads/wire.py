"""How many operations a request carries, counted on its bytes without decoding them: quota is charged per operation."""

from __future__ import annotations

MUTATE_OPERATIONS = 2
"""The number of `mutate_operations` in MutateGoogleAdsRequest, v23 to v26."""
BATCH_OPERATIONS = 3
"""The number of `mutate_operations` in AddBatchJobOperationsRequest."""
CONVERSIONS = 2
"""The number of `conversions` in UploadClickConversionsRequest."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def count_field(payload: bytes, number: int) -> int:
    """How often a top-level field stands in a protobuf message.

    Raises:
        ValueError: the bytes are no protobuf message.
    """
    found, place = 0, 0
    while place < len(payload):
        tag, place = _varint(payload, place)
        kind = tag & 7
        if kind == _LENGTH:
            length, place = _varint(payload, place)
            place += length
        elif kind == _VARINT:
            _, place = _varint(payload, place)
        elif kind in (_FIXED64, _FIXED32):
            place += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind} is none of proto3's")
        found += tag >> 3 == number
    if place != len(payload):
        raise ValueError("the message is cut off")
    return found


def _varint(payload: bytes, place: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        if place >= len(payload):
            raise ValueError("the message is cut off")
        byte = payload[place]
        value |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return value, place
        shift += 7
