"""Runbooks: what an administrator runs on an account, by API, command line or schedule, always as a job."""
