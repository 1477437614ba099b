"""How wide a text is, and whether an address can stand in an ad: pure functions over strings."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

_INSERTION = re.compile(r"\{(?:key\s?word|countdown|location|customizer)[^:{}]*:([^{}]*)\}", re.IGNORECASE)
_KEYWORD_FORBIDDEN = re.compile(r"[!@%,*^()={};~`<>?\\|\x00-\x1f]")
_KEYWORD_MODIFIER = re.compile(r"(?:^|\s)\+\w")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
MAX_URL = 2_048


def width(text: str) -> int:
    """Give the display width: wide characters (Chinese, Japanese, Korean, …) count twice.

    An insertion such as `{KeyWord:Shoes}` counts as its default text.
    """
    shown = _INSERTION.sub(r"\1", text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown)


def has_control_characters(text: str) -> bool:
    """Tell whether the text holds a control character or a line break."""
    return _CONTROL.search(text) is not None


def has_forbidden_keyword_characters(text: str) -> bool:
    """Tell whether a keyword holds a character that Google refuses."""
    return _KEYWORD_FORBIDDEN.search(text) is not None


def has_broad_match_modifier(text: str) -> bool:
    """Tell whether a word of a keyword begins with a plus."""
    return _KEYWORD_MODIFIER.search(text) is not None


def is_landing_page(url: str) -> bool:
    """Tell whether an address can be an ad's final URL: absolute http or https, a host, no spaces, not too long."""
    if len(url) > MAX_URL or re.search(r"\s", url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "." in (host or "") and not parts.username
