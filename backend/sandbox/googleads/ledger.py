"""The append-only record of every RPC: `ledger.jsonl`.

A line that applied a change is part of the store's commit and is fsynced to the file before the answer leaves. After a
crash the lines that the store has and the file lacks are written again, so file and store never disagree.
"""

import json
import os
import threading
from pathlib import Path
from typing import Any, Protocol

from backend.sandbox.googleads.store import Store


class _Commits(Protocol):
    def commit(self, ledger: tuple[int, str] | None = None) -> None: ...


class Ledger:
    """Writes lines in the order of their `seq`."""

    def __init__(self, path: Path, store: Store) -> None:
        self._lock, self._sync_lock = threading.Lock(), threading.Lock()
        self._last = self._written = self._synced = _repair(path, store)
        self._file = path.open("ab")

    def read(self, line: dict[str, Any]) -> None:
        """Record an RPC that changed nothing."""
        with self._lock:
            self._append(line)

    def applied(self, line: dict[str, Any], work: _Commits) -> None:
        """Commit a request's changes together with its line; `sync` must follow before the answer leaves."""
        with self._lock:
            text = self._text(self._last + 1, line)
            work.commit((self._last + 1, text))
            self._last += 1
            self._write(text)

    def sync(self) -> None:
        """Return when all lines written so far are on the disk; callers share one fsync."""
        wanted = self._written
        with self._sync_lock:
            if self._synced < wanted:
                reached = self._written
                os.fsync(self._file.fileno())
                self._synced = reached

    def _append(self, line: dict[str, Any]) -> None:
        self._last += 1
        self._write(self._text(self._last, line))

    def _write(self, text: str) -> None:
        self._file.write(text.encode() + b"\n")
        self._file.flush()
        self._written = self._last

    @staticmethod
    def _text(seq: int, line: dict[str, Any]) -> str:
        return json.dumps({"seq": seq, **line}, ensure_ascii=False, separators=(",", ":"))

    def close(self) -> None:
        """Flush and close the file."""
        self.sync()
        self._file.close()


def _repair(path: Path, store: Store) -> int:
    """Cut a torn last line, add applied lines that only the store has; the last number given."""
    last = 0
    if path.exists():
        with path.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            tail = _tail(file, size)
            end = tail.rfind(b"\n") + 1
            file.truncate(size - len(tail) + end)
            lines = tail[:end].splitlines()
            last = int(json.loads(lines[-1])["seq"]) if lines else 0
    with path.open("ab") as file:
        for seq, text in store.ledger_lines():
            if seq > last:
                file.write(text.encode() + b"\n")
                last = seq
        file.flush()
        os.fsync(file.fileno())
    return last


def _tail(file: Any, size: int) -> bytes:
    """The end of the file that holds at least one whole line (or all of it)."""
    length = 65_536
    while True:
        length = min(length, size)
        file.seek(size - length)
        data: bytes = file.read(length)
        body = data.rstrip(b"\n")
        if length == size:
            return data
        if data.count(b"\n") >= 2 and body:
            return data[data.index(b"\n") + 1 :]
        length *= 8
