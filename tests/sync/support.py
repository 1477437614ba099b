"""What the tests of the sync share: an account without Google behind it, and answers made by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Flask

from backend.adgraph.merge import Merged, merge_entities, run_statement
from backend.adgraph.staging import Stage
from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.integrations.googleads.rows import open_decoder
from backend.integrations.googleads.rows.descriptor import full_response
from backend.sync.queries import StructureQuery
from backend.sync.structure import database_time
from tests.support.database import Rows

VERSION = "v26"


def new_account(rows: Rows, tenant_id: uuid.UUID, *, time_zone: str = "Europe/Berlin") -> uuid.UUID:
    """A client account of a tenant that no credential reaches."""
    customer_id = uuid.uuid4()
    rows(
        "INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code, time_zone,"
        " manager, test_account, hidden, status) VALUES (:id, :tenant, :google, :slug, 'Loose', 'EUR', :zone, false,"
        " false, false, 'ENABLED')",
        id=customer_id,
        tenant=tenant_id,
        google=1_000_000_000 + customer_id.int % 8_000_000_000,
        slug=f"loose-{customer_id.hex[:12]}",
        zone=time_zone,
    )
    return customer_id


def answer(*fill: Callable[[Any], None]) -> bytes:
    """One response message with a row per function, which fills it."""
    response = full_response(VERSION)()
    for function in fill:
        function(response.results.add())
    return bytes(response.SerializeToString())


class Structure:
    """Merges hand-made answers into an account, as the sync does."""

    def __init__(self, app: Flask, tenant_id: uuid.UUID, customer_id: uuid.UUID) -> None:
        self.app = app
        self.tenant_id = tenant_id
        self.customer_id = customer_id

    def now(self) -> datetime:
        """PostgreSQL's time."""
        with self.app.app_context():
            return database_time()

    def merge(
        self,
        query: StructureQuery,
        message: bytes,
        *,
        complete: bool = True,
        read_at: datetime | None = None,
        pushed: Sequence[uuid.UUID] = (),
    ) -> Merged:
        """Merge one answer that was asked for at `read_at` (default: now), shortly after `pushed` rows were pushed."""
        decoder = open_decoder(query.selection, VERSION)
        decoder.feed(message)
        chunk = decoder.take()
        with self.app.app_context(), tenancy.working_for(self.tenant_id):
            moment = read_at or database_time()
            stage = Stage(self.customer_id, query.name, query.selection)
            merged = Merged()
            with unit_of_work() as work:
                stage.create(work.session)
                if chunk is not None:
                    stage.append(work.session, chunk)
                for target in query.merges:
                    merged += merge_entities(
                        work.session, stage, target, read_at=moment, complete=complete, pushed=pushed
                    )
                for statement in query.edges:
                    run_statement(work.session, stage, statement, read_at=moment, pushed=pushed)
                stage.drop(work.session)
            return merged
