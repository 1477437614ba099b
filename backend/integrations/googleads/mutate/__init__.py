"""Changing an account: the plan as data, what came of it, policy exemptions, and batch jobs."""
