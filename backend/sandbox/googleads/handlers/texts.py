"""Text assets that Google makes of the lines of an ad: one per account and text."""

from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.enums import set_enum
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.transaction import Transaction

BY_TEXT = Index("asset", lambda a: a.text_asset.text if a.HasField("text_asset") else None)


def asset_of(tx: Transaction, text: str) -> Any:
    """The text asset with this text, made if the account has none."""
    for found in tx.find(BY_TEXT, text):
        return found
    asset: Any = kinds.message_class("asset")()
    asset.id = tx.world.new_id()
    asset.resource_name = f"customers/{tx.customer_id}/assets/{asset.id}"
    asset.text_asset.text = text
    set_enum(asset, "type_", "TEXT")
    set_enum(asset, "source", "ADVERTISER")
    tx.put("asset", asset)
    return asset


def make_all(tx: Transaction, message: Any) -> None:
    """Make the assets of every AdTextAsset inside an ad."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for inner in value if field.is_repeated else (value,):
            if field.message_type.name == "AdTextAsset":
                asset_of(tx, inner.text)
            else:
                make_all(tx, inner)
