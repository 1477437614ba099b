"""The coverage page is what the code does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backend.cli.home import ROOT


@pytest.mark.slow(reason="it imports all four versions of the API in a process of its own")
def test_the_coverage_page_is_current(tmp_path: Path) -> None:
    fresh = tmp_path / "page.md"
    command = [sys.executable, "-m", "backend.sandbox.googleads.coverage", str(fresh)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert fresh.read_text(encoding="utf-8") == Path(ROOT, "docs", "sandbox-coverage.md").read_text(encoding="utf-8")
