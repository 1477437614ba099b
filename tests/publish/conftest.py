"""The fixtures of the campaigns' tests, for the tests of publishing."""

from tests.campaigns.conftest import account, flat_form

__all__ = ["account", "flat_form"]
