"""Checks that several families share: texts, money, addresses, times, limits, duplicates."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from backend.sandbox.googleads import errors
from backend.sandbox.googleads.mutate.rules import Op

CONTROL = re.compile(r"[\x00\n\r]")
_CUSTOMIZER = re.compile(r"\{=?(?:keyword|customizer|location|countdown|if)[^:}]*(?::([^}]*))?\}", re.IGNORECASE)
_NO_CENTS = frozenset(("JPY", "KRW", "VND", "CLP", "ISK", "HUF", "TWD", "IDR"))
MAX_MICROS = 10**16
MAX_URL = 2048


def display_width(text: str) -> int:
    """Width as Google counts it: East Asian wide characters are two, a {KeyWord:x} tag is as wide as its default."""
    shown = _CUSTOMIZER.sub(lambda tag: tag.group(1) or "", text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown)


def required(op: Op, new: Any, *names: str) -> bool:
    """Every named field must be set and not empty; True when all are."""
    missing = [name for name in names if not _present(new, name)]
    for name in missing:
        op.fail("field_error", "REQUIRED", name)
    return not missing


def _present(new: Any, name: str) -> bool:
    field = new.DESCRIPTOR.fields_by_name.get(name) or new.DESCRIPTOR.fields_by_name[name + "_"]
    if field.is_repeated:
        return len(getattr(new, field.name)) > 0
    if field.message_type is not None:
        return bool(new.HasField(field.name))
    value = getattr(new, field.name)
    return value.strip() != "" if isinstance(value, str) else bool(value)


def text_length(op: Op, text: str, most: int, *path: Any, least: int = 1) -> None:
    """A string's length in characters."""
    if len(text.strip()) < least:
        op.fail("string_length_error", "TOO_SHORT", *path, trigger=text)
    elif len(text) > most:
        op.fail("string_length_error", "TOO_LONG", *path, trigger=text)


def width(op: Op, text: str, most: int, *path: Any) -> None:
    """A line of an ad must fit."""
    if display_width(text) > most:
        op.fail("ad_error", "LINE_TOO_WIDE", *path, trigger=text)


def count(op: Op, items: Sequence[Any], least: int, most: int, *path: Any) -> None:
    """How many items a list may have."""
    if len(items) < least:
        op.fail("collection_size_error", "TOO_FEW", *path)
    elif len(items) > most:
        op.fail("collection_size_error", "TOO_MANY", *path)


def billable_unit(currency_code: str) -> int:
    """The smallest amount in micros that can be billed in a currency."""
    return 1_000_000 if currency_code in _NO_CENTS else 10_000


def bid(op: Op, new: Any, *names: str) -> None:
    """Bids are whole billable units, not negative and not absurd."""
    unit = billable_unit(op.customer.currency_code)
    for name in names:
        value = getattr(new, name)
        if not new.HasField(name) or value == 0:
            continue
        if value < 0:
            op.fail("bidding_error", "INVALID_BID", name, trigger=value)
        elif value % unit:
            op.fail("bidding_error", "BID_TOO_MANY_FRACTIONAL_DIGITS", name, trigger=value)
        elif value > 10_000_000_000_000:
            op.fail("bidding_error", "BID_TOO_BIG", name, trigger=value)


def bid_modifier(op: Op, new: Any, low: float = 0.1, high: float = 10.0) -> None:
    """A bid modifier is 0 (opted out) or within its range."""
    if new.HasField("bid_modifier") and new.bid_modifier != 0 and not low <= new.bid_modifier <= high:
        code = "TOO_LOW" if new.bid_modifier < low else "TOO_HIGH"
        op.fail("range_error", code, "bid_modifier", trigger=float(new.bid_modifier))


def final_urls(op: Op, new: Any, *path: Any) -> None:
    """Final URLs (and mobile ones) are absolute http or https addresses with a host."""
    for field, word in (("final_urls", "FINAL_URL"), ("final_mobile_urls", "FINAL_MOBILE_URL")):
        for index, url in enumerate(getattr(new, field)):
            final_url(op, url, word, *path, (field, index))


def final_url(op: Op, url: str, word: str, *path: Any) -> None:
    """One address; `word` names the family of codes."""
    try:
        pieces = urlsplit(re.sub(r"\{[^}]*\}", "x", url))
        host = pieces.hostname or ""
    except ValueError:
        op.fail("url_field_error", f"MALFORMED_{word}", *path, trigger=url)
        return
    if "://" not in url:
        op.fail("url_field_error", f"MISSING_PROTOCOL_IN_{word}", *path, trigger=url)
    elif pieces.scheme not in ("http", "https"):
        op.fail("url_field_error", f"INVALID_PROTOCOL_IN_{word}", *path, trigger=url)
    elif not host:
        op.fail("url_field_error", f"MISSING_HOST_IN_{word}", *path, trigger=url)
    elif re.search(r"\s", url) or len(url) > MAX_URL:
        op.fail("url_field_error", f"MALFORMED_{word}", *path, trigger=url)
    elif "." not in host and host != "localhost":
        op.fail("url_field_error", f"INVALID_TLD_IN_{word}", *path, trigger=url)


def tracking(op: Op, new: Any, *path: Any) -> None:
    """Tracking template, suffix and custom parameters."""
    template = new.tracking_url_template
    if template and "{" not in template:
        op.fail(
            "url_field_error", "MISSING_TRACKING_URL_TEMPLATE_TAG", *path, "tracking_url_template", trigger=template
        )
    elif template and not template.startswith(("http://", "https://", "{")):
        code = (
            "MISSING_PROTOCOL_IN_TRACKING_URL_TEMPLATE"
            if "://" not in template
            else "INVALID_PROTOCOL_IN_TRACKING_URL_TEMPLATE"
        )
        op.fail("url_field_error", code, *path, "tracking_url_template", trigger=template)
    suffix = new.final_url_suffix
    if suffix and (suffix.startswith(("?", "&", "#")) or re.search(r"\s", suffix)):
        op.fail("url_field_error", "FINAL_URL_SUFFIX_MALFORMED", *path, "final_url_suffix", trigger=suffix)
    parameters = new.url_custom_parameters
    if len(parameters) > 8:
        op.fail("url_field_error", "URL_CUSTOM_PARAMETERS_COUNT_EXCEEDS_LIMIT", *path, "url_custom_parameters")
    for index, parameter in enumerate(parameters):
        if not re.fullmatch(r"[A-Za-z0-9]{1,16}", parameter.key):
            where = (*path, ("url_custom_parameters", index), "key")
            op.fail("url_field_error", "INVALID_CHARACTERS_IN_URL_CUSTOM_PARAMETER_KEY", *where, trigger=parameter.key)


def date_time(op: Op, text: str, *path: Any) -> datetime | None:
    """A "yyyy-MM-dd HH:mm:ss" in the account's zone, or None with the problem reported.

    The date may be without dashes ("yyyyMMdd HH:mm:ss"), as Google's own examples send it; the time may not be absent.
    """
    if re.fullmatch(r"\d{4}(-?)\d\d\1\d\d \d\d:\d\d:\d\d", text):
        try:
            return datetime.strptime(text.replace("-", ""), "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - the account's clock
        except ValueError:
            op.fail("date_error", "INVALID_FIELD_VALUES_IN_DATE_TIME", *path, trigger=text)
            return None
    op.fail("date_error", "INVALID_STRING_DATE_TIME_SECONDS", *path, trigger=text)
    return None


def limit(op: Op, existing: int, most: int, limit_type: str, *, enclosing: tuple[str, str], code: str) -> bool:
    """A resource-count limit with its details; True when the new entity still fits."""
    if existing < most:
        return True
    found = errors.details()
    counts = found.resource_count_details
    counts.enclosing_id, counts.enclosing_resource = enclosing
    counts.limit, counts.existing_count = most, existing
    counts.limit_type = counts.DESCRIPTOR.fields_by_name["limit_type"].enum_type.values_by_name[limit_type].number
    op.fail("resource_count_limit_exceeded_error", code, details=found)
    return False


def distinct(op: Op, values: Iterable[tuple[tuple[Any, ...], str]], kind: str, code: str) -> None:
    """No text twice; every later one is reported at its path."""
    seen: set[str] = set()
    for path, value in values:
        key = value.strip().lower()
        if key in seen:
            op.fail(kind, code, *path, trigger=value)
        seen.add(key)
