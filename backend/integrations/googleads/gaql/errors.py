"""What can be wrong with a query: Google's code, where it is, and what was probably meant.

`GaqlError` is the only exception of this package. `code` is a name of the enum that `oneof` names in Google's
`ErrorCode` (`query_error` → `QueryErrorEnum.QueryError`): the sandbox can answer it and a person can look it up.
"""

from dataclasses import dataclass

DOCUMENTATION = "https://developers.google.com/google-ads/api/docs/query/"
_PAGES = {
    "UNRECOGNIZED_FIELD": "https://developers.google.com/google-ads/api/fields/latest/overview",
    "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE": "https://developers.google.com/google-ads/api/fields/latest/overview",
    "INVALID_VALUE_WITH_DURING_OPERATOR": DOCUMENTATION + "date-ranges",
    "MISALIGNED_DATE_FOR_FILTER": DOCUMENTATION + "date-ranges",
    "INVALID_DATE_FORMAT": DOCUMENTATION + "date-ranges",
    "EXPECTED_FILTERS_ON_DATE_RANGE": "https://developers.google.com/google-ads/api/docs/reporting/segmentation",
    "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE": "https://developers.google.com/google-ads/api/docs/reporting/segmentation",
    "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE": "https://developers.google.com/google-ads/api/docs/reporting/segmentation",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the query: half-open offsets in characters."""

    start: int
    end: int


class GaqlError(Exception):
    """The query is refused. `span` marks the offending text, `suggestion` is a replacement for it or None."""

    def __init__(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        oneof: str = "query_error",
        suggestion: str | None = None,
        trigger: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.span, self.oneof = code, message, span, oneof
        self.suggestion, self.trigger = suggestion, trigger

    @property
    def documentation(self) -> str:
        """The vendor's page that explains the rule."""
        return _PAGES.get(self.code, DOCUMENTATION + "grammar")

    def marked(self, query: str) -> str:
        """The line of the query with the error, and carets under the offending text."""
        start = min(self.span.start, len(query))
        line_start = query.rfind("\n", 0, start) + 1
        line_end = query.find("\n", start)
        line = query[line_start : line_end if line_end >= 0 else len(query)]
        width = max(1, min(self.span.end, line_start + len(line)) - start)
        return f"{line}\n{' ' * (start - line_start)}{'^' * width}"

    def position(self, query: str) -> tuple[int, int]:
        """Line and column, both counted from 1."""
        before = query[: self.span.start]
        return before.count("\n") + 1, self.span.start - (before.rfind("\n") + 1) + 1
