"""The same rows through other tools: garf (Google's report fetcher) and dlt; only `run.py bench` installs them.

Both get the messages as their own clients would: garf parses proto-plus rows with its own parser, dlt loads the
dictionaries of proto-plus rows into PostgreSQL, as its verified source does.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from sqlalchemy.engine import make_url

from backend.integrations.googleads.rows import Selection
from backend.integrations.googleads.rows.descriptor import find_leaf

DATASET = "stats"
LOADED = "bench_dlt"


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


def dlt_load(messages: Callable[[Callable[[bytes], Any]], Iterator[Any]], version: str) -> None:
    """Load a stream of answers into `stats.bench_dlt`, which begins empty."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    dlt: Any = importlib.import_module("dlt")
    response = _response_type(version)

    @dlt.resource(name=LOADED, write_disposition="append", max_table_nesting=3)
    def rows() -> Iterator[list[dict[str, Any]]]:
        for message in messages(response.deserialize):
            yield [type(row).to_dict(row, including_default_value_fields=False) for row in message.results]

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
    url = make_url(os.environ["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1))
    named = url if url.host else url.set(host="localhost")
    return named.render_as_string(hide_password=False)


def dlt_clean_up() -> Iterator[str]:
    """The statements that take away what dlt made."""
    for name in (LOADED, "_dlt_loads", "_dlt_pipeline_state", "_dlt_version"):
        yield f"DROP TABLE IF EXISTS {DATASET}.{name}"


def paths(selection: Selection, version: str) -> list[str]:
    """The columns of dlt's table, in the order of a selection."""
    return ["__".join(find_leaf(version, column.path).path) for column in selection.columns]
