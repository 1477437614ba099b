"""`run.py` before there is a virtual environment: it answers, or refuses in one line, and makes nothing it need not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from backend.cli.home import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `run.py` reads of a fresh clone, in a folder with a space."""
    folder = tmp_path / "fresh clone"
    folder.mkdir()
    for path in (ROOT / "run.py", *ROOT.glob("requirements*.txt")):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def module(clone: Path) -> ModuleType:
    """`run.py` of the clone, as a module."""
    spec = importlib.util.spec_from_file_location("run_of_the_clone", clone / "run.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def run(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(clone / "run.py"), *arguments]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=30)


def test_a_fresh_clone_answers_without_installing_anything(clone: Path) -> None:
    assert run(clone, "status").returncode == 3
    assert run(clone, "status", "--json").stdout == '{"state": "stopped", "processes": []}\n'
    assert run(clone, "stop").returncode == 0
    assert "usage:" in run(clone, "help").stdout
    assert not (clone / ".data").exists()


def test_native_windows_is_told_about_wsl(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert module.main(["demo"]) == 1
    assert capsys.readouterr().err == ("run.py: native Windows is not supported: run it in WSL2 (wsl --install)\n")


def test_an_old_python_is_told_which_one_is_needed(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert module.main(["demo"]) == 1
    assert capsys.readouterr().err == "run.py: Python 3.11 or newer is needed; this is 3.9\n"


def test_a_python_without_ensurepip_is_told_the_package(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert module.main(["up"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"python{sys.version_info.major}.{sys.version_info.minor}-venv" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another account")
def test_the_state_of_another_account_is_left_alone(clone: Path) -> None:
    (clone / ".data").mkdir()
    os.chown(clone / ".data", 65_534, 65_534)
    done = run(clone, "up")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{clone / '.data'} belongs to nobody" in done.stderr
    assert list((clone / ".data").iterdir()) == []


def test_what_is_installed_is_not_installed_again(module: ModuleType, clone: Path) -> None:
    """The stamp holds the hash of the files: with it nothing is run, without it pip would be."""
    module.VENV.mkdir(parents=True)
    (clone / "requirements-none.txt").write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        module.install(("requirements-none.txt",))
    digest = module.hashlib.sha256(b"# nothing\n").hexdigest()
    (module.VENV / ".installed-requirements-none.txt").write_text(f"{digest} installed\n", encoding="utf-8")
    module.install(("requirements-none.txt",))
    (clone / "requirements-none.txt").write_text("# changed\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        module.install(("requirements-none.txt",))


def test_a_folder_named_backend_where_the_caller_stands_is_not_ours(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = tmp_path / "elsewhere" / "backend"
    decoy.mkdir(parents=True)
    (decoy / "__init__.py").write_text("raise SystemExit('the decoy was imported')\n")
    handed: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, arguments, environment: handed.append((arguments, environment)))
    monkeypatch.setattr(module, "ROOT", ROOT)
    module.hand_over(["help"])
    arguments, environment = handed[0]
    done = subprocess.run(
        [sys.executable, *arguments[1:]], cwd=decoy.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage:" in done.stdout
