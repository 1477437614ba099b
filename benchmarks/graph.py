"""P8: the keywords that use an asset, on a million ad-asset edges.

    python3 run.py bench graph --edges 1000000

Assets are used as in real accounts: most by a few ads, some by very many. The product's own walk is timed against
`select 1` on the same connection; its whole answer is first compared with a plain join, for the median asset and for
the hottest one.
"""

from __future__ import annotations

import argparse
import os
import uuid
from collections.abc import Iterator
from typing import Any

import harness

harness.import_the_product()

from psycopg.rows import dict_row  # noqa: E402
from sqlalchemy import Engine, create_engine, text  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from backend.adgraph.staging import raw  # noqa: E402
from backend.adgraph.traversal import Page, active_assets, ads_of_asset, keywords_of_asset  # noqa: E402
from backend.core import prepared  # noqa: E402

NEEDS = ("database",)
TENANT = uuid.uuid5(uuid.NAMESPACE_OID, "bench graph, keywords together")
CUSTOMER = uuid.uuid5(TENANT, "account")
EDGES_PER_AD, ADS_PER_GROUP, GROUPS_PER_CAMPAIGN, EDGES_PER_ASSET = 10, 5, 20, 5
PAGE, ALL = Page(50), Page(100_000)

# Ids follow from numbers, so that the edges can be made without looking anything up.
FILL = """
CREATE FUNCTION pg_temp.one(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT (lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
INSERT INTO tenants (id, name) VALUES (:tenant, 'Bench graph');
INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code, time_zone, manager,
    test_account, hidden, status)
VALUES (:customer, :tenant, 2999999999, 'bench-graph', '', 'EUR', 'UTC', false, false, false, 'ENABLED');
INSERT INTO campaigns (customer_id, id, google_id, name, campaign_type, status, google_status, sync_status)
SELECT :customer, pg_temp.one(1, n), n, 'Campaign ' || n, 'SEARCH', 'PUBLISHED',
    CASE WHEN n % 4 = 0 THEN 'PAUSED' ELSE 'ENABLED' END, 'synced' FROM generate_series(1, :campaigns) n;
INSERT INTO ad_groups (customer_id, id, google_id, name, status, sync_status)
SELECT :customer, pg_temp.one(2, n), n, 'Group ' || n, 'ENABLED', 'synced' FROM generate_series(1, :groups) n;
INSERT INTO campaign_adgroup (customer_id, campaign_id, ad_group_id)
SELECT :customer, pg_temp.one(1, (n - 1) / :per_campaign + 1), pg_temp.one(2, n) FROM generate_series(1, :groups) n;
INSERT INTO keywords (customer_id, id, google_id, parent_kind, parent_id, text, match_type, negative, status,
    sync_status)
SELECT :customer, pg_temp.one(5, n), n, 'ad_group', pg_temp.one(2, (n - 1)::bigint * :groups / :keywords + 1),
    'word ' || n, 'BROAD', false, 'ENABLED', 'synced' FROM generate_series(1, :keywords) n;
INSERT INTO ads (customer_id, id, google_id, name, type, sync_status)
SELECT :customer, pg_temp.one(3, n), n, '', 'RESPONSIVE_SEARCH_AD', 'synced' FROM generate_series(1, :ads) n;
INSERT INTO adgroup_ad (customer_id, ad_group_id, ad_id, status, sync_status)
SELECT :customer, pg_temp.one(2, (n - 1) / :per_group + 1), pg_temp.one(3, n), 'ENABLED', 'synced'
FROM generate_series(1, :ads) n;
INSERT INTO assets (customer_id, id, google_id, type, text, sync_status)
SELECT :customer, pg_temp.one(4, n), n, 'TEXT', 'Text ' || n, 'synced' FROM generate_series(1, :assets) n;
INSERT INTO ad_asset (customer_id, ad_id, asset_id, field_type, position)
SELECT :customer, pg_temp.one(3, ad), pg_temp.one(4, CASE WHEN slot = 0 AND ad % 3 > 0 THEN 1
        ELSE 2 + floor(power(((ad * 7919 + slot * 104729) % 1000003) / 1000003.0, 2.5) * (:assets - 2))::int END),
    CASE WHEN slot < 7 THEN 'HEADLINE' ELSE 'DESCRIPTION' END, slot
FROM generate_series(1, :ads) ad CROSS JOIN generate_series(0, :slots - 1) slot
ON CONFLICT DO NOTHING;
ANALYZE campaigns; ANALYZE ad_groups; ANALYZE campaign_adgroup; ANALYZE keywords; ANALYZE ads; ANALYZE adgroup_ad;
ANALYZE assets; ANALYZE ad_asset
"""

PLAIN = text("""
SELECT DISTINCT k.id FROM ad_asset e
JOIN adgroup_ad l ON l.customer_id = e.customer_id AND l.ad_id = e.ad_id
JOIN keywords k ON k.customer_id = e.customer_id AND k.parent_id = l.ad_group_id
WHERE e.customer_id = :customer AND e.asset_id = :asset AND NOT k.negative
""")

# The asset with as many edges as half of the assets reach, and the one with most.
PICK = text("""
WITH used AS (SELECT asset_id, count(*) AS edges FROM ad_asset WHERE customer_id = :customer GROUP BY asset_id)
(SELECT 'median' AS which, asset_id, edges FROM used
 WHERE edges = (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY edges) FROM used) ORDER BY asset_id LIMIT 1)
UNION ALL (SELECT 'hottest', asset_id, edges FROM used ORDER BY edges DESC LIMIT 1)
""")


def connect(name: str) -> Engine:
    """The database that `run.py bench` started, as one of its roles, connected as the product connects."""
    engine = create_engine(os.environ[name].replace("postgresql://", "postgresql+psycopg://", 1))
    prepared.allow_on(engine)
    return engine


def prepare(owner: Engine, edges: int) -> None:
    """Fill the graph, unless an earlier run left one of this size."""
    ads = edges // EDGES_PER_AD
    values: dict[str, Any] = {
        "tenant": TENANT,
        "customer": CUSTOMER,
        "ads": ads,
        "slots": EDGES_PER_AD,
        "per_group": ADS_PER_GROUP,
        "groups": ads // ADS_PER_GROUP,
        "per_campaign": GROUPS_PER_CAMPAIGN,
        "campaigns": ads // ADS_PER_GROUP // GROUPS_PER_CAMPAIGN,
        "assets": edges // EDGES_PER_ASSET,
        "keywords": edges // 3,
    }
    with owner.connect() as connection:
        found = connection.execute(
            text("SELECT count(*) FROM ads WHERE customer_id = :customer"), {"customer": CUSTOMER}
        ).scalar_one()
        if found == ads:
            return
        connection.execute(text("DELETE FROM tenants WHERE id = :tenant"), {"tenant": TENANT})
        for statement in FILL.split(";\n"):
            connection.execute(text(statement), values)
        connection.commit()
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("ad_asset", "adgroup_ad", "keywords", "ads", "assets"):
            connection.execute(text(f"VACUUM ANALYZE {table}"))


def every_keyword(session: Session, asset: uuid.UUID) -> Iterator[str]:
    """All pages of an asset's keywords."""
    page = Page(5000)
    while rows := keywords_of_asset(session, CUSTOMER, asset, page):
        yield from (row.id for row in rows)
        page = Page(5000, rows[-1].id, rows[-1].ad_id)


def main() -> int:
    """Fill, check, time, compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=1_000_000, help="ad-asset edges, about (default one million)")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    owner = connect("MIGRATION_DATABASE_URL")
    prepare(owner, asked.edges)
    with Session(connect("DATABASE_URL")) as session:
        # Row-level security is on, as in the product: every transaction announces its tenant.
        session.execute(text("SELECT set_config('app.tenant', :tenant, false)"), {"tenant": str(TENANT)})
        edges = session.execute(
            text("SELECT count(*) FROM ad_asset WHERE customer_id = :customer"), {"customer": CUSTOMER}
        ).scalar_one()
        picked = {row.which: row for row in session.execute(PICK, {"customer": CUSTOMER})}
        for which, row in picked.items():
            plain = set(map(str, session.execute(PLAIN, {"customer": CUSTOMER, "asset": row.asset_id}).scalars()))
            walked = list(every_keyword(session, row.asset_id))
            assert len(walked) == len(set(walked))
            assert set(walked) == plain
            print(f"  the {which} asset is used by {row.edges} edges and {len(plain)} keywords")
        return time_walks(session, {name: row.asset_id for name, row in picked.items()}, edges, asked.rounds)


def time_walks(session: Session, assets: dict[str, uuid.UUID], edges: int, rounds: int) -> int:
    """The product's walks against `select 1`, each 100 times a round."""

    def select_one() -> object:
        return raw(session).connection.cursor(row_factory=dict_row).execute("SELECT 1").fetchall()

    def repeat(arm: Any) -> Any:
        def run() -> None:
            for _ in range(100):  # what was answered is let go, as a request lets it go
                arm()

        return run

    timings = harness.interleave(
        {
            "select 1": repeat(select_one),
            "keywords of the median asset": repeat(lambda: keywords_of_asset(session, CUSTOMER, assets["median"], ALL)),
            "hottest asset, first page": repeat(lambda: keywords_of_asset(session, CUSTOMER, assets["hottest"], PAGE)),
            "ads of the hottest, first page": repeat(lambda: ads_of_asset(session, CUSTOMER, assets["hottest"], PAGE)),
            "assets in use, first page": repeat(lambda: active_assets(session, CUSTOMER, PAGE)),
        },
        rounds=rounds,
    )
    harness.show("P8: who uses an asset (100 times each)", timings)
    base = timings["select 1"].median
    median = timings["keywords of the median asset"].median / base
    hottest = timings["hottest asset, first page"].median / base
    met = harness.target("graph", "P8", median, 10, at_most=True, what="all keywords of a median asset", edges=edges)
    also = harness.target("graph", "P8", hottest, 50, at_most=True, what="hottest asset's first page", edges=edges)
    return 0 if met and also else 1


if __name__ == "__main__":
    raise SystemExit(main())
