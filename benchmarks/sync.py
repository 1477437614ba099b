"""P5: the structure sync of 100,000 keywords, 5 % changed at Google, 5 % with local edits that must win.

    python3 run.py bench sync [--rows 100000] [--rounds 5]

Arms, all from one decoded answer and rolled back after each round: `product` is the three-way merge with conflicts,
removals and edges; `update from` is the fastest simple form that spares dirty rows (COPY, UPDATE … FROM where not dirty
and distinct, anti-join INSERT); `orm` loads the rows as objects and sets what differs. Their tables must end equal.
"""

from __future__ import annotations

import argparse
import os
import uuid
from collections.abc import Callable
from typing import Any

import harness

harness.import_the_product()

from sqlalchemy import Engine, create_engine, select, text  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from backend.adgraph.merge import merge_entities, run_statement  # noqa: E402
from backend.adgraph.models import Keyword  # noqa: E402
from backend.adgraph.staging import Stage, raw, stay_in_memory  # noqa: E402
from backend.integrations.googleads.rows import Chunk, open_decoder  # noqa: E402
from backend.integrations.googleads.rows.descriptor import full_response  # noqa: E402
from backend.sync.keyword_queries import AD_GROUP_KEYWORDS as QUERY  # noqa: E402

NEEDS = ("database",)
VERSION = "v26"
AD_GROUPS = 1_000
TENANT, CUSTOMER, CAMPAIGN = (uuid.UUID(int=number) for number in (11, 12, 13))

PREPARE = """
DELETE FROM tenants WHERE id = :tenant;
INSERT INTO tenants (id, name) VALUES (:tenant, 'Bench');
INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code, time_zone, manager,
    test_account, hidden, status)
VALUES (:customer, :tenant, 1234567890, 'bench', 'Bench', 'EUR', 'UTC', false, false, false, 'ENABLED');
INSERT INTO ad_groups (customer_id, id, google_id, name, status, sync_status)
SELECT :customer, md5('g' || n)::uuid, n, 'Group ' || n, 'ENABLED', 'synced' FROM generate_series(1, :groups) n;
INSERT INTO keywords (customer_id, id, google_id, parent_kind, parent_id, text, match_type, negative, status,
    cpc_bid_micros, resource_name, sync_status, dirty_fields, base, first_synced_at, updated_at)
SELECT :customer, md5('k' || n)::uuid, n, 'ad_group', md5('g' || (n % :groups + 1))::uuid, 'keyword ' || n, 'EXACT',
    false, 'ENABLED', CASE WHEN n % 20 = 3 THEN 7 ELSE 1000000 END,
    'customers/1234567890/adGroupCriteria/' || (n % :groups + 1) || '~' || n,
    CASE WHEN n % 20 = 3 THEN 'dirty' ELSE 'synced' END,
    CASE WHEN n % 20 = 3 THEN '{cpc_bid_micros}'::text[] ELSE '{}' END,
    CASE WHEN n % 20 = 3 THEN '{"cpc_bid_micros": 1000000}'::jsonb ELSE '{}' END, now() - interval '1 day',
    now() - interval '1 day'
FROM generate_series(1, :rows) n;
INSERT INTO adgroup_keyword (customer_id, ad_group_id, keyword_id, sync_status, first_synced_at)
SELECT customer_id, parent_id, id, 'synced', now() FROM keywords WHERE customer_id = :customer
"""


def connect(name: str = "DATABASE_URL") -> Engine:
    """The database that `run.py bench` started."""
    return create_engine(os.environ[name].replace("postgresql://", "postgresql+psycopg://", 1))


def opened(engine: Engine) -> Session:
    """A session that sees every tenant, as the system does."""
    session = Session(engine)
    session.execute(text("SELECT set_config('app.tenant', '*', true)"))
    return session


def prepare(engine: Engine, rows: int) -> None:
    """An account with its keywords as an earlier sync left them."""
    with opened(engine) as session:
        for statement in PREPARE.split(";"):
            session.execute(
                text(statement), {"tenant": TENANT, "customer": CUSTOMER, "groups": AD_GROUPS, "rows": rows}
            )
        session.commit()
    with connect("MIGRATION_DATABASE_URL").begin() as connection:  # a table that nobody counted leads into nested loops
        connection.execute(text("ANALYZE"))


def answer(rows: int) -> Chunk:
    """What Google says: 5 % of the bids are others, 100 keywords are new."""
    response = full_response(VERSION)()
    for number in range(1, rows + 101):
        row = response.results.add()
        criterion = row.ad_group_criterion
        row.ad_group.id, criterion.criterion_id = number % AD_GROUPS + 1, number
        criterion.keyword.text, criterion.keyword.match_type, criterion.status = f"keyword {number}", 2, 2
        criterion.cpc_bid_micros = 2_000_000 if number % 20 == 5 else 1_000_000
    decoder = open_decoder(QUERY.selection, VERSION)
    decoder.feed(response.SerializeToString())
    chunk = decoder.take()
    assert chunk is not None
    return chunk


def staged(session: Session, chunk: Chunk, name: str) -> Stage:
    stage = Stage(CUSTOMER, name, QUERY.selection)
    stage.create(session)
    stage.append(session, chunk)
    stage.analyse(session)
    return stage


def product(session: Session, chunk: Chunk) -> None:
    """The sync's own merge, removals and edges included."""
    read_at = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    stage = staged(session, chunk, "product")
    for target in QUERY.merges:
        merge_entities(session, stage, target, read_at=read_at, complete=True)
    for statement in QUERY.edges:
        run_statement(session, stage, statement, read_at=read_at)
    stage.drop(session)


def update_from(session: Session, chunk: Chunk) -> None:
    """The simple form: dirty rows are spared whole, nothing is said about conflicts."""
    stage = staged(session, chunk, "simple")
    source = f"(SELECT s.*, p.id AS parent_id FROM {stage.table} s JOIN ad_groups p ON p.customer_id = %(c)s AND p.google_id = s.ad_group_google_id)"  # noqa: E501
    stay_in_memory(session)
    raw(session).execute(
        f"UPDATE keywords t SET cpc_bid_micros = s.cpc_bid_micros, status = s.status, text = s.text,"
        f" match_type = s.match_type, negative = s.negative, version = t.version + 1, updated_at = now()"
        f" FROM {source} s WHERE t.customer_id = %(c)s AND t.parent_kind = 'ad_group' AND t.parent_id = s.parent_id"
        " AND t.google_id = s.id AND t.dirty_fields = '{}' AND (t.cpc_bid_micros, t.status, t.text, t.match_type,"
        " t.negative) IS DISTINCT FROM (s.cpc_bid_micros, s.status, s.text, s.match_type, s.negative)",
        {"c": CUSTOMER},
    )
    raw(session).execute(
        "INSERT INTO keywords (customer_id, id, google_id, parent_kind, parent_id, text, match_type, negative,"
        " status, cpc_bid_micros, sync_status) SELECT %(c)s, gen_random_uuid(), s.id, 'ad_group', s.parent_id,"
        f" s.text, s.match_type, s.negative, s.status, s.cpc_bid_micros, 'synced' FROM {source} s"
        " WHERE NOT EXISTS (SELECT FROM keywords t WHERE t.customer_id = %(c)s AND t.parent_kind = 'ad_group'"
        " AND t.parent_id = s.parent_id AND t.google_id = s.id)",
        {"c": CUSTOMER},
    )
    stage.drop(session)


def orm(session: Session, chunk: Chunk) -> None:
    """Objects, one by one."""
    groups = dict(
        session.execute(text("SELECT google_id, id FROM ad_groups WHERE customer_id = :c"), {"c": CUSTOMER})
        .tuples()
        .all()
    )
    known = {
        (row.parent_id, row.google_id): row
        for row in session.scalars(select(Keyword).where(Keyword.customer_id == CUSTOMER))
    }
    names = chunk.selection.names
    for values in chunk.records():
        told: dict[str, Any] = dict(zip(names, values, strict=True))
        parent = groups[told["ad_group_google_id"]]
        row = known.get((parent, told["id"]))
        if row is None:
            row = Keyword(customer_id=CUSTOMER, parent_kind="ad_group", parent_id=parent, google_id=told["id"])
            row.sync_status = "synced"
            row.text, row.match_type = told["text"], told["match_type"]
            session.add(row)
        if not row.dirty_fields:
            row.cpc_bid_micros, row.status = told["cpc_bid_micros"], told["status"]
    session.flush()


DIGEST = """
SELECT count(*), sum(hashtextextended(concat_ws('|', google_id, parent_id, text, match_type, status, cpc_bid_micros,
    dirty_fields::text), 0)::numeric)::text FROM keywords WHERE customer_id = :c
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    engine = connect()
    prepare(engine, options.rows)
    chunk = answer(options.rows)
    digests: set[tuple[int, str]] = set()

    def rolled_back(arm: Callable[[Session, Chunk], None]) -> Callable[[], None]:
        def run() -> None:
            with opened(engine) as session:
                arm(session, chunk)
                session.rollback()

        return run

    for arm in (product, update_from, orm):
        with opened(engine) as session:
            arm(session, chunk)
            digests.add(tuple(session.execute(text(DIGEST), {"c": CUSTOMER}).one()))
            session.rollback()
    if len(digests) != 1:
        raise SystemExit(f"the arms stored different data: {digests}")
    timings = harness.interleave(
        {"product": rolled_back(product), "update from": rolled_back(update_from), "orm": rolled_back(orm)},
        rounds=options.rounds,
    )
    harness.show("P5 structure sync, 5 % changed, 5 % dirty", timings, rows=options.rows)
    mine = timings["product"].median
    met = harness.target("sync", "P5", timings["update from"].median / mine, 0.8, rows=options.rows)
    return 0 if harness.target("sync", "P5 ORM", timings["orm"].median / mine, 10, rows=options.rows) and met else 1


if __name__ == "__main__":
    raise SystemExit(main())
