#!/usr/bin/env python3
"""CampaignWizard's one command: `python3 run.py demo`, `up`, `test` and the rest (`python3 run.py help` lists them).

This file needs nothing but Python 3.11. It makes the virtual environment `.data/venv`, installs the pinned requirements
into it when they have changed, and hands over to `backend.cli` there. A second run needs no network.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DATA = ROOT / ".data"
VENV = DATA / "venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
BASE = ("requirements.txt", "requirements-embedded.txt")
DEVELOPMENT = ("requirements-dev.txt",)
FAST = "requirements-fast.txt"
COMPARED = "requirements-bench.txt"
LEFT_OUT = {
    FAST: "statistics are read a little slower",
    COMPARED: "benchmarks do without the tools that they compare with",
}
NEEDS_DEVELOPMENT = ("test", "bench")
WITHOUT_ENVIRONMENT = ("status", "stop", "help", "--help", "-h")  # answered without installing anything
FAILED, STOPPED = 1, 3


class CannotRun(Exception):
    """This machine cannot run the command; the message is one line."""


def say(line: str) -> None:
    """Progress goes to standard error; standard output belongs to the command."""
    print(line, file=sys.stderr, flush=True)


def check_platform() -> None:
    """Refuse, in one line that names the way out, what cannot work."""
    if sys.platform == "win32":
        raise CannotRun("native Windows is not supported: run it in WSL2 (wsl --install)")
    if sys.version_info < OLDEST:
        raise CannotRun("Python 3.11 or newer is needed; this is %d.%d" % sys.version_info[:2])  # noqa: UP031 (old ones must read it)


def check_owner() -> None:
    """Refuse to mix accounts: what one makes under `.data`, the other cannot read."""
    if DATA.exists() and DATA.stat().st_uid != os.geteuid():
        raise CannotRun(f"{DATA} belongs to {DATA.owner()}: run this as {DATA.owner()}, or remove that folder")


def make_environment() -> None:
    """Make the virtual environment, unless it is there and its Python runs."""
    if PYTHON.exists() and subprocess.run([str(PYTHON), "-c", ""], check=False, capture_output=True).returncode == 0:
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        package = "python%d.%d-venv" % sys.version_info[:2]  # noqa: UP031
        raise CannotRun(f"this Python has no ensurepip: install the package {package} (apt install {package})")
    say("Making the virtual environment .data/venv")
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, capture_output=True, text=True)
    if made.returncode:
        said = (made.stdout + made.stderr).strip().splitlines() or ["it said nothing"]
        raise CannotRun(f"the virtual environment could not be made: {said[-1]}")


def install(files: tuple[str, ...], *, optional: bool = False) -> None:
    """Install requirement files, unless exactly these have been installed here before."""
    content = b"".join((ROOT / name).read_bytes() for name in files)
    stamp = VENV / f".installed-{'+'.join(files)}"
    digest = hashlib.sha256(content).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8").startswith(digest):
        return
    say(f"Installing {', '.join(files)}")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary=:all:"] if optional else []
    for name in files:
        command += ["-r", str(ROOT / name)]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode == 0:
        stamp.write_text(f"{digest} installed\n", encoding="utf-8")
        return
    problems = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
    reason = problems[-1] if problems else "pip said nothing"
    if not optional:
        raise CannotRun(f"the requirements could not be installed: {reason}")
    stamp.write_text(f"{digest} absent\n", encoding="utf-8")
    say(f"{files[0]} is left out ({LEFT_OUT[files[0]]}): {reason}")


def bootstrap(command: str) -> None:
    """Bring the virtual environment to what this command needs; only one process at a time does so."""
    import fcntl

    DATA.mkdir(mode=0o700, exist_ok=True)
    with (DATA / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment()
        install(BASE)
        install((FAST,), optional=True)
        if command in NEEDS_DEVELOPMENT:
            install(DEVELOPMENT)
        if command == "bench":
            install((COMPARED,), optional=True)


def hand_over(arguments: list[str]) -> None:
    """Become `python -m backend.cli …` in the virtual environment; the caller's folder stays the current one.

    `-P`: a folder named `backend` where the caller stands must not be taken for ours.
    """
    environment = dict(os.environ)
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment.pop("PYTHONHOME", None)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # seven processes would each compile the whole code at each start
    os.execve(str(PYTHON), [str(PYTHON), "-P", "-m", "backend.cli", *arguments], environment)


def main(arguments: list[str]) -> int:
    """Prepare this clone and run one command."""
    command = arguments[0] if arguments else "help"
    try:
        check_platform()
        check_owner()
        if command in WITHOUT_ENVIRONMENT and not (VENV / f".installed-{'+'.join(BASE)}").exists():
            return without_environment(command, arguments)
        bootstrap(command)
        hand_over(arguments)
    except CannotRun as problem:
        say(f"run.py: {problem}")
    except KeyboardInterrupt:
        say("run.py: interrupted")
    return FAILED


def without_environment(command: str, arguments: list[str]) -> int:
    """Answer what is true of a clone in which nothing was ever installed."""
    if command == "status":
        print('{"state": "stopped", "processes": []}' if "--json" in arguments else "stopped")
        return STOPPED
    if command == "stop":
        say("Nothing was running")
        return 0
    print("usage: python3 run.py demo | up | stop | status | env | test | bench | sandbox | … (see README.md)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
