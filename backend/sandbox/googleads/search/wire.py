"""Protobuf wire format by hand: what the hot path writes instead of message objects.

Source: protobuf.dev/programming-guides/encoding. Only what rows need: varints, doubles, length-delimited fields.
"""

import struct

_SMALL = tuple(bytes([n]) if n < 128 else bytes([n & 0x7F | 0x80, n >> 7]) for n in range(1 << 14))
VARINT, FIXED64, LENGTH = 0, 1, 2
_double = struct.Struct("<d").pack


def varint(value: int) -> bytes:
    """A base-128 varint; negative numbers as 64-bit two's complement."""
    if 0 <= value < 16384:
        return _SMALL[value]
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 127:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number: int, wire_type: int) -> bytes:
    """A field's key."""
    return varint(number << 3 | wire_type)


def double(value: float) -> bytes:
    """A double's eight bytes."""
    return _double(value)


def framed(number: int, data: bytes) -> bytes:
    """A length-delimited field: a string, bytes or a message."""
    return tag(number, LENGTH) + varint(len(data)) + data


RESULT_TAG = tag(1, LENGTH)  # `results` has number 1 in both answers
# the key and length of a row, by its length: rows are short
ROW_HEADS = tuple(RESULT_TAG + varint(length) for length in range(4096))


def row_head(length: int) -> bytes:
    """What stands before a row of this many bytes in `results`."""
    return ROW_HEADS[length] if length < 4096 else RESULT_TAG + varint(length)
