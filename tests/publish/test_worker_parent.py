"""R28: a worker whose parent touched gRPC before the fork does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOOK = """
import backend.worker
from backend.integrations.googleads import gateway

gateway.claim_process()
celery = backend.worker.celery
"""


def test_a_parent_that_touched_grpc_is_refused(environment: dict[str, str], tmp_path: Path, root: Path) -> None:
    (tmp_path / "early.py").write_text(HOOK, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(root)])

    started = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "early", "worker", "--concurrency", "1"],
        cwd=root,
        env={**os.environ, **environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert started.returncode != 0
    assert "before the fork" in started.stdout + started.stderr
