"""What people searched for: triage, adding keywords and negatives, what a negative would block, word groups."""
