"""Answers: performance, reports, pacing. Reads only; nothing here asks Google."""
