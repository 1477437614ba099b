"""Every emulated RPC: importing the services fills `METHODS`, which is complete once this module is loaded."""

from backend.sandbox.googleads.calls import METHODS
from backend.sandbox.googleads.services import (
    accounts,
    batches,
    brands,
    conversions,
    customers,
    generated,
    identity,
    mutates,
    planning,
    recommendations,
    searches,
    user_data,
)

SERVICES = (
    accounts, batches, brands, conversions, customers, generated, identity, mutates, planning, recommendations,
    searches, user_data,
)  # fmt: skip

__all__ = ["METHODS", "SERVICES"]
