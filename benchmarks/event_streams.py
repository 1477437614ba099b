"""Two hundred event streams on one machine, and what they cost everybody else.

    python3 run.py bench event_streams [--streams 200] [--seconds 10] [--rounds 3]

The API and the stream process run as in production (gunicorn). In turn, `GET /api/campaigns` is asked while no stream
is open, and while all of them are open and get two events a second; the ratio of the 95th percentiles is the target.
In every round half of the streams hang up in the middle and come back with `Last-Event-ID`. Each stream must have got
every event once, in order.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import harness
import rest

harness.import_the_product()

import requests  # noqa: E402
from flask import Flask  # noqa: E402

from backend.core.db import unit_of_work  # noqa: E402
from backend.core.events import Event  # noqa: E402

NEEDS = ("database", "redis")
EVENT_EVERY_S, ASK_EVERY_S = 0.5, 0.02
READY_S = 60.0
GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "backend/gunicorn.py")


@dataclass
class Reader:
    """One client: the numbers it was sent, in order, and the id it would resume from."""

    numbers: list[int] = field(default_factory=list)
    last_id: str | None = None
    opened: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Phase:
    """What a round needs to know: the application and its doors, and how long."""

    app: Flask
    token: str
    stream_port: int
    url: str
    seconds: float


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(environment: dict[str, str]) -> Iterator[None]:
    """The API and the stream process, until the block ends."""
    doors = {"create_app": environment["API_PORT"], "create_stream_app": environment["STREAM_PORT"]}
    processes = [
        subprocess.Popen([*GUNICORN, f"backend.app:{door}()"], cwd=harness.ROOT, env=environment) for door in doors
    ]
    try:
        for port in doors.values():
            await_health(f"http://127.0.0.1:{port}/health")
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(30)


def await_health(url: str) -> None:
    """Return once a process answers."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            if requests.get(url, timeout=5).status_code == requests.codes.ok:
                return
        time.sleep(0.2)
    raise TimeoutError(url)


async def listen(reader: Reader, port: int, token: str) -> None:
    """Read one stream until it is cancelled, from behind the last event it saw."""
    source, sink = await asyncio.open_connection("127.0.0.1", port)
    resume = f"Last-Event-ID: {reader.last_id}\r\n" if reader.last_id else ""
    sink.write(f"GET /api/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{resume}\r\n".encode())
    try:
        status = await source.readline()
        assert b" 200 " in status, status
        while line := (await source.readline()).decode():
            if line.startswith("id: "):
                reader.last_id = line[4:].strip()
            elif line.startswith("event: hello"):
                reader.opened.set()
            elif line.startswith("data: ") and '"n"' in line:
                reader.numbers.append(json.loads(line[6:])["data"]["n"])
    finally:
        sink.close()


async def stream(phase: Phase, readers: list[Reader], ready: threading.Event) -> None:
    """All readers for a while; every second one hangs up in the middle and comes back a second later."""
    tasks = {id(reader): asyncio.create_task(listen(reader, phase.stream_port, phase.token)) for reader in readers}
    await asyncio.wait_for(asyncio.gather(*(reader.opened.wait() for reader in readers)), READY_S)
    ready.set()
    await asyncio.sleep(phase.seconds / 2)
    for reader in readers[::2]:
        tasks[id(reader)].cancel()
    await asyncio.sleep(1)
    for reader in readers[::2]:
        tasks[id(reader)] = asyncio.create_task(listen(reader, phase.stream_port, phase.token))
    await asyncio.sleep(phase.seconds / 2 + 2)
    for task in tasks.values():
        assert not task.done() or task.cancelled(), task.exception()
        task.cancel()


def tell(phase: Phase) -> int:
    """Write events as a service would, for a while; gives how many."""
    count = 0
    app = phase.app
    deadline = time.monotonic() + phase.seconds
    with app.app_context():
        while time.monotonic() < deadline:
            with unit_of_work() as work:
                work.emit(Event(app.config["BENCH_TENANT"], "bench.tick", {"n": count}))
            count += 1
            time.sleep(EVENT_EVERY_S)
    return count


def ask_for(phase: Phase) -> list[float]:
    """Seconds of each answer, one after the other."""
    took: list[float] = []
    deadline = time.monotonic() + phase.seconds
    while time.monotonic() < deadline:
        begin = time.perf_counter()
        answer = requests.get(phase.url, headers={"Authorization": f"Bearer {phase.token}"}, timeout=30)
        took.append(time.perf_counter() - begin)
        assert answer.status_code == requests.codes.ok, answer.text
        time.sleep(ASK_EVERY_S)
    return took


def loaded(phase: Phase, count: int) -> list[float]:
    """Ask while so many streams are open and events come; checks what each of them got."""
    ready, readers, told = threading.Event(), [Reader() for _ in range(count)], [0]
    listening = threading.Thread(target=lambda: asyncio.run(stream(phase, readers, ready)), daemon=True)
    listening.start()
    if not ready.wait(READY_S + 5):
        raise TimeoutError("not every stream was opened")
    telling = threading.Thread(target=lambda: told.__setitem__(0, tell(phase)))
    telling.start()
    took = ask_for(phase)
    telling.join()
    listening.join()
    for reader in readers:
        assert reader.numbers == list(range(told[0])), (told[0], reader.numbers)
    return took


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> int:
    """Serve, ask without and with streams in turn, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10, help="of each phase of a round")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    os.environ.setdefault("APP_MASTER_KEY", f"v1:{base64.b64encode(os.urandom(32)).decode()}")
    os.environ.setdefault("SECRET_KEY", uuid.uuid4().hex)
    os.environ |= {"API_PORT": str(free_port()), "STREAM_PORT": str(free_port()), "RATE_LIMIT": "1000000 per minute"}
    app, token = rest.application()
    rest.fill(app, 50)
    url = f"http://127.0.0.1:{os.environ['API_PORT']}/api/campaigns?limit=50"
    phase = Phase(app, token, int(os.environ["STREAM_PORT"]), url, asked.seconds)
    with served({**os.environ, "LOG_LEVEL": "WARNING", "PYTHONPATH": str(harness.ROOT)}):
        ask_for(phase)
        idle, busy = [], []
        for _ in range(asked.rounds):
            idle += ask_for(phase)
            busy += loaded(phase, asked.streams)
    for name, values in (("no stream", idle), (f"{asked.streams} streams", busy)):
        halves = f"median {statistics.median(values) * 1e3:.1f} ms, p95 {percentile(values, 0.95) * 1e3:.1f} ms"
        print(f"  {name:12} {len(values):5} requests, {halves}, slowest {max(values) * 1e3:.1f} ms")
    ratio = percentile(busy, 0.95) / percentile(idle, 0.95)
    met = harness.target(
        "event_streams", "SSE", ratio, 3, at_most=True, what="p95 of GET /api/campaigns", streams=asked.streams
    )
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
