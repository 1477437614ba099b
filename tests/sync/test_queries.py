"""Every query's fields exist in every version, and every merge names columns of its stage and its table."""

from __future__ import annotations

import pytest

from backend.adgraph import asset_groups, edges, labels, models
from backend.integrations.googleads.rows import open_decoder
from backend.sync.catalogue import STRUCTURE
from backend.sync.stat_queries import STATISTICS

VERSIONS = ("v23", "v24", "v25", "v26")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("query", [*STRUCTURE, *STATISTICS], ids=lambda q: getattr(q, "name", "") or q.stream)
def test_selected_fields_exist(query: object, version: str) -> None:
    assert open_decoder(query.selection, version, fast=False).feed(b"") == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", STRUCTURE, ids=lambda query: query.name)
def test_merges_write_columns_that_exist(query: object) -> None:
    assert asset_groups
    assert edges
    assert labels
    for merge in query.merges:  # type: ignore[attr-defined]
        columns = set(models.Base.metadata.tables[merge.table].columns.keys())
        assert {field.column for field in merge.fields} <= columns
        assert {name for name, _ in (*merge.key, *merge.on_insert)} <= columns
