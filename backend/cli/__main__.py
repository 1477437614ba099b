"""`python -m backend.cli …`: the commands of `python3 run.py`, inside the virtual environment."""

from __future__ import annotations

import sys

from backend.cli.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
