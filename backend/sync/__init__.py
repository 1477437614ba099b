"""Bring structure and statistics from Google, without ever losing a local edit."""
