"""Campaigns: the draft tree, its rules, and everything a person can do with it before and after it is live."""
