"""The id of a criterion follows from its content, as Google's do.

A location has the id of its geo target, a device that of the platform, a keyword the same id in every ad group (it is
unique only within its parent). Handlers and the demo accounts share this.
"""

import zlib
from typing import Any

from backend.sandbox.googleads.enums import enum_name

_DEVICES = {"MOBILE": 30001, "DESKTOP": 30000, "TABLET": 30002, "CONNECTED_TV": 30004, "OTHER": 30003}
_GENDERS = {"MALE": 10, "FEMALE": 11, "UNDETERMINED": 20}
_AGES = {
    "AGE_RANGE_18_24": 503001, "AGE_RANGE_25_34": 503002, "AGE_RANGE_35_44": 503003, "AGE_RANGE_45_54": 503004,
    "AGE_RANGE_55_64": 503005, "AGE_RANGE_65_UP": 503006, "AGE_RANGE_UNDETERMINED": 503999,
}  # fmt: skip
_PARENTAL = {"PARENT": 300, "NOT_A_PARENT": 301, "UNDETERMINED": 302}
_INCOME = {
    "INCOME_RANGE_0_50": 510001, "INCOME_RANGE_50_60": 510002, "INCOME_RANGE_60_70": 510003,
    "INCOME_RANGE_70_80": 510004, "INCOME_RANGE_80_90": 510005, "INCOME_RANGE_90_UP": 510006,
    "INCOME_RANGE_UNDETERMINED": 510000,
}  # fmt: skip
BY_ENUM = {
    "device": _DEVICES,
    "gender": _GENDERS,
    "age_range": _AGES,
    "parental_status": _PARENTAL,
    "income_range": _INCOME,
}
BY_REFERENCE = {"location": "geo_target_constant", "language": "language_constant", "topic": "topic_constant"}


def criterion_id(chosen: str, criterion: Any) -> int:
    """The id of a criterion by its content."""
    value = getattr(criterion, chosen)
    if chosen in BY_ENUM:
        return BY_ENUM[chosen].get(enum_name(value, "type_"), 0) or _hashed(chosen, value)
    if chosen in BY_REFERENCE:
        number = getattr(value, BY_REFERENCE[chosen]).rpartition("/")[2]
        return int(number) if number.isdigit() else _hashed(chosen, value)
    if chosen == "keyword":
        return 10_000_000_000 + _digest(f"{enum_name(value, 'match_type')}/{' '.join(value.text.lower().split())}")
    return _hashed(chosen, value)


def _hashed(chosen: str, value: Any) -> int:
    return 20_000_000_000 + _digest(chosen + value.SerializeToString(deterministic=True).hex())


def _digest(text: str) -> int:
    data = text.encode()
    return zlib.crc32(data) + (zlib.adler32(data) << 4)
