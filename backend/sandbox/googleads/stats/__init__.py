"""Statistics that nobody stores: a pure function of the seed, the entities' ids and histories, and the clock."""

from backend.sandbox.googleads.stats.totals import totals

__all__ = ["totals"]
