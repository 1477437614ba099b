"""What fills the slots of an ad, list by list, as values that can be compared: with Google's, and with those before.

A text is `{"text": …, "pinned_field": …}`, any other asset `{"asset_id": …}` with our own id. The list `images` is that
of every image slot, for an image that is given without a slot finds its own; there an item names its `field_type` too.
Lists are sorted: Google gives no order, and the same items in another order say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.campaigns.assets_check import PENDING_SLOT
from backend.campaigns.rules import SLOT_FIELDS

IMAGES = "images"
LISTS: dict[str, tuple[str, ...]] = {
    **{name: (slot,) for name, slot in SLOT_FIELDS.items()},
    IMAGES: (*(slot for name, slot in SLOT_FIELDS.items() if name.endswith("_images")), PENDING_SLOT),
}
"""The lists, and Google's names of the slots of each."""
_MEMBERS = ("text", "pinned_field", "asset_id", "field_type")


def items(alias: str) -> str:
    """SQL that puts a list `f` together out of assets `x` and the slots and pins of `alias`."""
    pin = f"nullif(nullif({alias}.pinned_field, 'UNSPECIFIED'), 'UNKNOWN')"
    values = {
        "text": "x.text",
        "pinned_field": pin,
        "asset_id": "CASE WHEN x.text IS NULL THEN x.id::text END",
        "field_type": f"CASE WHEN f.name = '{IMAGES}' THEN {alias}.field_type END",
    }
    pairs = ", ".join(f"'{member}', {values[member]}" for member in _MEMBERS)
    order = ", ".join(f"coalesce({values[member]}, '') COLLATE \"C\"" for member in _MEMBERS)
    return f"coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object({pairs})) ORDER BY {order}), '[]')"


_ROWS = ", ".join(f"('{name}', ARRAY[{', '.join(map(repr, slots))}])" for name, slots in LISTS.items())
NAMED = f"(VALUES {_ROWS}) f(name, slots)"
"""SQL: the lists with Google's names."""
HERE = f"""(SELECT {items("e")} AS items FROM ad_asset e
        JOIN assets x ON x.customer_id = e.customer_id AND x.id = e.asset_id
        WHERE e.customer_id = {{ad}}.customer_id AND e.ad_id = {{ad}}.id AND e.field_type = ANY(f.slots))"""
"""SQL over a row of `NAMED`: what the list of an ad holds here; `{ad}` is the ad's alias."""
OF_AD = f"(SELECT jsonb_object_agg(f.name, h.items) FROM {NAMED} CROSS JOIN LATERAL {HERE.format(ad='t')} h)"
"""SQL: all lists of the ad `t`, by name."""

_HELD = text(f"SELECT {OF_AD} FROM ads t WHERE t.customer_id = :customer AND t.id = :id")
_EMPTY = text("DELETE FROM ad_asset WHERE customer_id = :customer AND ad_id = :id AND field_type = ANY(:slots)")
_FILL = text("""
INSERT INTO ad_asset (customer_id, ad_id, asset_id, field_type, pinned_field, position)
SELECT :customer, :id, x.id, coalesce(item ->> 'field_type', :slot), item ->> 'pinned_field', position - 1
FROM jsonb_array_elements((SELECT remote -> :name FROM ads WHERE customer_id = :customer AND id = :id))
    WITH ORDINALITY AS listed(item, position)
CROSS JOIN LATERAL (
    SELECT id FROM assets WHERE customer_id = :customer AND (id = CAST(item ->> 'asset_id' AS uuid)
        OR (type = 'TEXT' AND google_id IS NOT NULL AND text = item ->> 'text')) ORDER BY id LIMIT 1) x
""")


def canonical(listed: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give a list as it is compared."""
    plain = [{name: item[name] for name in _MEMBERS if item.get(name)} for item in listed]
    return sorted(plain, key=lambda item: tuple(item.get(name, "") for name in _MEMBERS))


def held(session: Session, customer_id: UUID, ad_id: UUID) -> dict[str, Any]:
    """What the lists of an ad hold now."""
    found: dict[str, Any] = session.execute(_HELD, {"customer": customer_id, "id": ad_id}).scalar_one()
    return found


def take_remote(session: Session, customer_id: UUID, ad_id: UUID, name: str) -> None:
    """Fill a list with what stands in the ad's `remote`."""
    values = {"customer": customer_id, "id": ad_id}
    session.execute(_EMPTY, {**values, "slots": list(LISTS[name])})
    session.execute(_FILL, {**values, "name": name, "slot": LISTS[name][0]})
