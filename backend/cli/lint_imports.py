"""`lint-imports` as a module: the installed script is bound to the folder its virtual environment was made in."""

from __future__ import annotations

import sys

from importlinter.cli import lint_imports_command

if __name__ == "__main__":
    sys.argv[0] = "lint-imports"
    lint_imports_command()
