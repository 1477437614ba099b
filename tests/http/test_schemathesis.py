"""Whatever a client sends, the answer is one that the document describes and never a failure of ours (RELIABILITY S13).

The suite asks a little of every operation, as two roles; `--soak` asks much more, in all phases.
"""

import subprocess
import sys
import threading

import pytest
from werkzeug.serving import make_server

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,ignored_auth"


@pytest.fixture(scope="module")
def served(app):
    """The application behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(address, token, folder, *options):
    """Run schemathesis' command; answers its exit code and what it said."""
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{address}/openapi.json",
        "--url",
        address,
        "--header",
        f"Authorization: Bearer {token}",
        "--checks",
        CHECKS,
        "--continue-on-failure",
        "--exclude-path-regex",
        "/events$",  # these lead to the stream process, which has tests of its own
        "--no-color",
        "--warnings",
        "off",
        "--seed",
        "1",
        "--suppress-health-check",
        "all",
        "--request-timeout",
        "60",
        *options,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow("every operation is asked several questions over a real socket")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ["ADMIN", "VIEWER"])
def test_every_answer_is_documented(served, team_with_account, tmp_path, role):
    team, _ = team_with_account
    token = team.member(role).token
    code, said = run(served, token, tmp_path, "--phases", "fuzzing", "--max-examples", "2")
    assert code == 0, said[-6000:]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ["ADMIN", "VIEWER"])
def test_every_answer_is_documented_whatever_is_asked(served, team_with_account, tmp_path, role):
    team, _ = team_with_account
    token = team.member(role).token
    code, said = run(served, token, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "40")
    assert code == 0, said[-6000:]
