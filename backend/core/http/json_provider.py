"""How the product writes JSON: orjson, keys in the order of the schema."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
from flask.json.provider import JSONProvider


class OrjsonProvider(JSONProvider):
    """Flask's JSON through orjson; dates and UUIDs as text, decimals as numbers."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Serialize to text; `sort_keys` and `indent` are understood, other options are not needed here."""
        option = orjson.OPT_NON_STR_KEYS
        if kwargs.get("sort_keys"):
            option |= orjson.OPT_SORT_KEYS
        if kwargs.get("indent"):
            option |= orjson.OPT_INDENT_2
        return orjson.dumps(obj, default=_default, option=option).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Parse text; requests are parsed by `strict_json` instead."""
        return orjson.loads(s)


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")
