"""What answers the RPCs: importing this package registers every emulated method."""

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

__all__ = [
    "accounts",
    "batches",
    "conversions",
    "customers",
    "mutates",
    "planning",
    "recommendations",
    "searches",
    "user_data",
]
