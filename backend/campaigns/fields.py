"""marshmallow fields that this slice's schemas share: micros, addresses, texts that are never numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import flask
import marshmallow as ma
from marshmallow import fields, validate

from backend.core.fetch import FetchError, check_public_url
from backend.integrations.googleads.resource_names import plain_customer_id

LIMIT = 2**63 - 1
MAX_TEXT = 4_000


class Micros(fields.Integer):
    """A whole number of micros, not negative, that fits a BIGINT; 1.5, "5" and true are refused."""

    def __init__(self, *, minimum: int = 0, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(minimum, LIMIT), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ma.ValidationError("A whole number of micros is needed (1 unit of the currency is 1000000).")
        return super()._deserialize(value, attr, data, **kwargs)


class Text(fields.String):
    """A text without control characters, in Unicode's composed form (NFC)."""

    def __init__(self, *, most: int = MAX_TEXT, least: int = 0, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(least, most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if any(char == "\x00" or unicodedata.category(char) == "Cs" for char in text):
            raise ma.ValidationError("The text holds a character that cannot be stored.")
        return unicodedata.normalize("NFC", text)


class AssetUrl(Text):
    """The https address of an image; a literally private one is refused at once, a resolved one by the worker."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        url = super()._deserialize(value, attr, data, **kwargs)
        try:
            check_public_url(url, flask.current_app.config["SETTINGS"].asset_fetch_allow)
        except FetchError as refusal:
            raise ma.ValidationError(refusal.message) from refusal
        return url


class CustomerId(fields.String):
    """Google's ten digits, dashes accepted; loads to the digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return plain_customer_id(text)
        except ValueError as problem:
            raise ma.ValidationError(str(problem)) from problem


class EuDeclaration(fields.Field[str]):
    """Google's enum name, or true and false for it."""

    NAMES = ("CONTAINS_EU_POLITICAL_ADVERTISING", "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING")

    def __init__(self, **kwargs: Any) -> None:
        empty = [{"type": "null"}] if kwargs.get("allow_none") else []
        super().__init__(metadata={"anyOf": [{"enum": list(self.NAMES)}, {"type": "boolean"}, *empty]}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, bool):
            return self.NAMES[0] if value else self.NAMES[1]
        if value not in self.NAMES:
            raise ma.ValidationError(f"One of {', '.join(self.NAMES)}, or true or false.")
        return str(value)


class OneOrForm(fields.Field[Any]):
    """A text, or an object that says more about it."""

    def __init__(self, schema: Callable[[], ma.Schema], shorthand: Callable[[str], dict[str, Any]], **kwargs: Any):
        described = {"description": schema.__doc__, "anyOf": [{"type": "string"}, {"type": "object"}]}
        super().__init__(metadata=described, **kwargs)
        self._schema = schema
        self._shorthand = shorthand

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return self._schema().load(self._shorthand(value) if isinstance(value, str) else value)
