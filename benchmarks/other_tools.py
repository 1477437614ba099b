"""The same rows through other tools: garf (Google's report fetcher) and dlt; only `run.py bench` installs them.

Both get the messages as their own clients would: garf parses proto-plus rows with its own parser; dlt gets each row by
JSON from proto-plus, as its verified source for Google Ads does, and merges it into PostgreSQL by the key.
"""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from sqlalchemy.engine import make_url

from backend.integrations.googleads.rows import Selection
from backend.integrations.googleads.rows.descriptor import find_leaf

DATASET = "bench_dlt"
LOADED = "search_terms"


def installed(name: str) -> bool:
    """Whether a tool is there; without it its arm is left out."""
    return importlib.util.find_spec(name) is not None


@cache
def _response_type(version: str) -> Any:
    module = importlib.import_module(f"google.ads.googleads.{version}.services.types.google_ads_service")
    return module.SearchGoogleAdsStreamResponse


def garf_rows(answers: Iterable[bytes], selection: Selection, version: str) -> list[list[Any]]:
    """What garf makes of the answers: proto-plus rows, collected, then its own parser."""
    ads, core = "garf.community.google.ads", "garf.core.api_clients"
    parser = importlib.import_module(f"{ads}.parsers").GoogleAdsRowParser
    query_type = importlib.import_module(f"{ads}.query_editor").GoogleAdsApiQuery
    columns = ", ".join(f"{column.path} AS {column.name}" for column in selection.columns)
    query = query_type(text=f"SELECT {columns} FROM search_term_view").generate()
    rows: list[Any] = []
    for answer in answers:
        rows.extend(_response_type(version).deserialize(answer).results)
    response = importlib.import_module(core).GarfApiResponse(results=rows)
    parser(query).parse_response(response)
    return list(response.results)


def dlt_load(messages: Callable[[Callable[[bytes], Any]], Iterator[Any]], key: list[str], version: str) -> None:
    """Merge a stream of answers by its key into dlt's own table, as the product does: a second load changes nothing."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    dlt: Any = importlib.import_module("dlt")
    response = _response_type(version)

    @dlt.resource(  # type: ignore[untyped-decorator]
        name=LOADED,
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        primary_key=key,
        max_table_nesting=2,
    )
    def rows() -> Iterator[dict[str, Any]]:
        for message in messages(response.deserialize):
            for row in message.results:
                told = type(row).to_json(row, preserving_proto_field_name=True, including_default_value_fields=False)
                yield json.loads(told)

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            pipeline_name="bench",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(credentials=_address()),
            dataset_name=DATASET,
        )
        pipeline.run(rows())


def _address() -> str:
    """The database's address with a host name, which dlt demands even where a socket is meant."""
    url = make_url(os.environ["MIGRATION_DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1))
    named = url if url.host else url.set(host="localhost")
    return named.render_as_string(hide_password=False)


def dlt_clean_up() -> Iterator[str]:
    """The statements that take away what dlt made."""
    for schema in (DATASET, f"{DATASET}_staging"):
        yield f"DROP SCHEMA IF EXISTS {schema} CASCADE"


def paths(selection: Selection, version: str) -> list[str]:
    """The columns of dlt's table, in the order of a selection."""
    return ["__".join(find_leaf(version, column.path).path) for column in selection.columns]
