"""Bring drafts and edits to Google as one atomic batch, exactly once."""
