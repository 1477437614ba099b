"""What answers the RPCs: importing this package registers every emulated method."""

from backend.sandbox.googleads.services import customers, mutates, searches

__all__ = ["customers", "mutates", "searches"]
