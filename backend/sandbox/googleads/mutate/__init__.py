"""Mutates: from operations to a changed world, or to Google's errors."""
