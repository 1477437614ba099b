"""The texts of an ad, list by list, as values that can be compared: with Google's, and with those that both began with.

A list is `[{"text": …, "pinned_field": …}, …]` in the order of the texts: Google gives no other, and the same texts in
another order say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.campaigns.rules import SLOT_FIELDS, TEXT_FIELDS

LISTS = {name: slot for name, slot in SLOT_FIELDS.items() if name in TEXT_FIELDS}
"""The lists of texts, and Google's name of each."""

_PIN = "nullif(nullif({alias}.pinned_field, 'UNSPECIFIED'), 'UNKNOWN')"


def items(alias: str) -> str:
    """SQL that puts a list together out of assets `x` and the pins of `alias`."""
    pin = _PIN.format(alias=alias)
    return (
        f"coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('text', x.text, 'pinned_field', {pin}))"
        f" ORDER BY x.text COLLATE \"C\", coalesce({pin}, '') COLLATE \"C\") FILTER (WHERE x.text IS NOT NULL), '[]')"
    )


_ROWS = ", ".join(f"('{name}', '{slot}')" for name, slot in LISTS.items())
NAMED = f"(VALUES {_ROWS}) f(name, slot)"
"""SQL: the lists with Google's names."""
HERE = f"""(SELECT {items("e")} AS items FROM ad_asset e
        JOIN assets x ON x.customer_id = e.customer_id AND x.id = e.asset_id
        WHERE e.customer_id = {{ad}}.customer_id AND e.ad_id = {{ad}}.id AND e.field_type = f.slot)"""
"""SQL over a row of `NAMED`: what the list of an ad holds here; `{ad}` is the ad's alias."""
OF_AD = f"(SELECT jsonb_object_agg(f.name, h.items) FROM {NAMED} CROSS JOIN LATERAL {HERE.format(ad='t')} h)"
"""SQL: all lists of the ad `t`, by name."""

_HELD = text(f"SELECT {OF_AD} FROM ads t WHERE t.customer_id = :customer AND t.id = :id")
_EMPTY = text("DELETE FROM ad_asset WHERE customer_id = :customer AND ad_id = :id AND field_type = :slot")
_FILL = text("""
INSERT INTO ad_asset (customer_id, ad_id, asset_id, field_type, pinned_field, position)
SELECT :customer, :id, x.id, :slot, item ->> 'pinned_field', position - 1
FROM jsonb_array_elements((SELECT remote -> :name FROM ads WHERE customer_id = :customer AND id = :id))
    WITH ORDINALITY AS listed(item, position)
CROSS JOIN LATERAL (
    SELECT id FROM assets WHERE customer_id = :customer AND type = 'TEXT' AND google_id IS NOT NULL
        AND text = item ->> 'text' ORDER BY id LIMIT 1) x
""")


def canonical(listed: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give a list as it is compared."""
    plain = [{name: item[name] for name in ("text", "pinned_field") if item.get(name)} for item in listed]
    return sorted(plain, key=lambda item: (item.get("text", ""), item.get("pinned_field", "")))


def held(session: Session, customer_id: UUID, ad_id: UUID) -> dict[str, Any]:
    """What the lists of texts of an ad hold now."""
    found: dict[str, Any] = session.execute(_HELD, {"customer": customer_id, "id": ad_id}).scalar_one()
    return found


def take_remote(session: Session, customer_id: UUID, ad_id: UUID, name: str) -> None:
    """Fill a list with the texts that stand in the ad's `remote`."""
    values = {"customer": customer_id, "id": ad_id, "slot": LISTS[name]}
    session.execute(_EMPTY, values)
    session.execute(_FILL, {**values, "name": name})
