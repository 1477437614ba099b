"""What one asset scored in all its places, from the daily totals."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.models import Asset
from backend.adgraph.stats import AssetPlace
from backend.reporting import scopes
from backend.reporting.measures import Totals, sums
from backend.sync import account as accounts

SCOPE = "LAST-30-DAYS"
_SUM = text(f"""
SELECT {sums("t")} FROM stats.daily_totals t
WHERE t.customer_id = :customer AND t.level IN ({", ".join(str(int(place)) for place in AssetPlace)})
  AND t.google_id = :asset AND t.date BETWEEN :first AND :last
""")


def of_asset(session: Session, asset: Asset) -> dict[str, Any]:
    """The last 30 days of an asset, in the account's time zone; zeros for one that Google does not know."""
    account = accounts.load(session, asset.customer_id)
    days = scopes.parse(SCOPE, today=account.today(), first_stored=None)
    values = {"customer": asset.customer_id, "asset": asset.google_id, "first": days.first, "last": days.last}
    totals = Totals.of(session.execute(_SUM, values).one())
    return {"start": days.first, "end": days.last, "currency_code": account.currency_code, **totals.as_dict()}
