"""Statistics that nobody stores: a pure function of the seed, the entities' ids and histories, and the clock."""

from backend.sandbox.googleads.stats.totals import LEVELS, SPLITS, split_name, totals

__all__ = ["LEVELS", "SPLITS", "split_name", "totals"]
