"""A demo agency: a manager account with clients, campaigns and everything under them, all a function of one seed."""

from backend.sandbox.googleads.demo.agency import Agency, build

__all__ = ["Agency", "build"]
