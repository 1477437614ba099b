"""A pattern for a text as a whole: Python's `$` also matches before a line break at the end, which got one through."""

from __future__ import annotations

import re
from typing import cast

from marshmallow import ValidationError, validate


class WholeText(validate.Regexp):
    """`validate.Regexp` that holds only for the whole text; the document shows the same pattern."""

    def __call__(self, value: str) -> str:  # type: ignore[override]
        """Answer the text.

        Raises:
            ValidationError
        """
        if cast("re.Pattern[str]", self.regex).fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value
