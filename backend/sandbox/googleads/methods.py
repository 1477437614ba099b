"""Every emulated RPC: importing the services fills `METHODS`, which is complete once this module is loaded."""

from backend.sandbox.googleads.calls import METHODS
from backend.sandbox.googleads.services import (
    accounts,
    batches,
    conversions,
    customers,
    mutates,
    planning,
    recommendations,
    searches,
    user_data,
)

SERVICES = (accounts, batches, conversions, customers, mutates, planning, recommendations, searches, user_data)

__all__ = ["METHODS", "SERVICES"]
