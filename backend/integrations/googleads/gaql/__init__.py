"""The Google Ads Query Language as a library: text → tokens → `Query` → checked against an API version → text.

`check` answers "would Google take this query?" with Google's own error codes, a position and a suggestion. Nothing here
knows Flask, a database or a network; only `catalogue` knows protobuf.
"""

from backend.integrations.googleads.gaql.catalogue import Catalogue, catalogue
from backend.integrations.googleads.gaql.check import Checked, Filter, Sort, check, problems
from backend.integrations.googleads.gaql.errors import GaqlError, Span
from backend.integrations.googleads.gaql.fields import Category, DataType, Field, Resource
from backend.integrations.googleads.gaql.nodes import Condition, Name, Ordering, Parameter, Query, Value, ValueKind
from backend.integrations.googleads.gaql.parser import parse
from backend.integrations.googleads.gaql.render import quote, render

__all__ = [
    "Catalogue",
    "Category",
    "Checked",
    "Condition",
    "DataType",
    "Field",
    "Filter",
    "GaqlError",
    "Name",
    "Ordering",
    "Parameter",
    "Query",
    "Resource",
    "Sort",
    "Span",
    "Value",
    "ValueKind",
    "catalogue",
    "check",
    "parse",
    "problems",
    "quote",
    "render",
]
