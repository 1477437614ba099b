"""Many clients at once, faults among them, and a server that is killed: nothing torn, nothing acknowledged lost."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.sandbox.conftest import result_name
from tests.sandbox.raw import RawClient, new_request
from tests.support.sandbox import Sandbox, start_sandbox

EXPECTED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED)  # scripted, or killed


class Crowd:
    """Threads that mutate and search until told to stop, and remember what was acknowledged."""

    def __init__(self, server: Sandbox, size: int, seed: int) -> None:
        self.server, self.client = server, RawClient(server)
        self.acknowledged: list[str] = []
        self.surprises: list[str] = []
        self.calls = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(random.Random(seed + n), n)) for n in range(size)]

    def run(self, seconds: float) -> None:
        """Work for a while."""
        self.start()
        time.sleep(seconds)
        self.stop()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _work(self, rng: random.Random, number: int) -> None:
        customer_id = self.server.info["customer_ids"][number % 5]
        mine: list[str] = []
        while not self._stop.is_set():
            self.calls += 1
            try:
                self._step(rng, customer_id, mine)
            except grpc.RpcError as error:
                if error.code() not in (
                    grpc.StatusCode.UNAVAILABLE,
                    grpc.StatusCode.INTERNAL,
                    grpc.StatusCode.CANCELLED,
                ):
                    self.surprises.append(f"{error.code()} {error.details()}")

    def _step(self, rng: random.Random, customer_id: str, mine: list[str]) -> None:
        choice = rng.random()
        if choice < 0.25:
            rows = self.client.search(customer_id, "SELECT label.name, label.status FROM label LIMIT 50").results
            if any(not row.label.name for row in rows):
                self.surprises.append("a label without a name")
        elif choice < 0.4 and mine:
            self._rename(rng, customer_id, rng.choice(mine))
        elif choice < 0.5 and mine:
            request = new_request(customer_id)
            request.mutate_operations.add().label_operation.remove = mine.pop(rng.randrange(len(mine)))
            self.client.mutate(request)
        elif choice < 0.6:
            self._refused_pair(rng, customer_id)
        else:
            request = new_request(customer_id)
            for _ in range(rng.randint(1, 4)):
                request.mutate_operations.add().label_operation.create.name = f"label {rng.getrandbits(60)}"
            names = [result_name(slot) for slot in self.client.mutate(request).mutate_operation_responses]
            mine += names
            self.acknowledged += names

    def _rename(self, rng: random.Random, customer_id: str, name: str) -> None:
        request = new_request(customer_id)
        operation = request.mutate_operations.add().label_operation
        operation.update.resource_name, operation.update.name = name, f"renamed {rng.getrandbits(60)}"
        operation.update_mask.paths.append("name")
        self.client.mutate(request)

    def _refused_pair(self, rng: random.Random, customer_id: str) -> None:
        """One good and one bad operation: neither may leave a trace."""
        request = new_request(customer_id)
        request.mutate_operations.add().label_operation.create.name = f"never {rng.getrandbits(60)}"
        request.mutate_operations.add().label_operation.create.name = "x" * 81
        with pytest.raises(grpc.RpcError) as refused:
            self.client.mutate(request)
        if refused.value.code() is not grpc.StatusCode.INVALID_ARGUMENT:
            raise refused.value


def _ledger(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def replayed(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the labels must be after all applied lines: name and status by resource name."""
    labels: dict[str, dict[str, Any]] = {}
    for line in lines:
        if line["outcome"] not in ("applied", "partial"):
            continue
        for operation, name in zip(line["operations"], line["results"], strict=True):
            body = operation.get("label_operation", {})
            if "create" in body:
                labels[name] = {"name": body["create"]["name"], "status": "ENABLED"}
            elif "update" in body:
                labels[name]["name"] = body["update"]["name"]
            elif "remove" in body:
                labels[name]["status"] = "REMOVED"
    return labels


def check_state(server: Sandbox, acknowledged: list[str]) -> None:
    """The store is what the ledger tells, and the ledger tells everything that was acknowledged."""
    lines = _ledger(server.folder)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    wanted = replayed(lines)
    assert set(acknowledged) <= set(wanted)
    found = {}
    for customer_id in server.info["customer_ids"][:5]:
        for name, label in server.state(customer_id=customer_id, kind="label").items():
            if name in wanted or int(label["id"]) >= 1_000_000_000_000:
                found[name] = {"name": label["name"], "status": label["status"]}
    assert found == wanted
    assert not any(label["name"].startswith("never") for label in found.values())


def _storm(folder: Path, size: int, seconds: float) -> None:
    server = start_sandbox(folder, "--clients", "8", "--days", "30")
    try:
        for when in ("before", "after"):
            server.add_fault(method="Mutate", times=size, when=when, grpc_status="UNAVAILABLE")
        server.add_fault(method="Search", times=size, when="before", grpc_status="INTERNAL")
        crowd = Crowd(server, size, seed=7)
        crowd.run(seconds)
        assert crowd.surprises == []
        assert crowd.calls > size
        assert server.process.poll() is None
        check_state(server, crowd.acknowledged)
    finally:
        server.stop()


def _killings(folder: Path, rounds: int, size: int) -> None:
    acknowledged: list[str] = []
    for round_number in range(rounds):
        server = start_sandbox(folder, "--clients", "8", "--days", "30")
        crowd = Crowd(server, size, seed=100 * round_number)
        crowd.start()
        while len(crowd.acknowledged) < 20:
            time.sleep(0.02)
        server.process.kill()
        server.process.wait()
        crowd.stop()
        acknowledged += crowd.acknowledged
        server = start_sandbox(folder, "--clients", "8", "--days", "30")
        try:
            check_state(server, acknowledged)
        finally:
            server.stop()


@pytest.mark.slow(reason="starts a sandbox of its own and works it for three seconds")
def test_a_crowd_leaves_no_torn_state(tmp_path: Path) -> None:
    _storm(tmp_path, size=16, seconds=3)


@pytest.mark.slow(reason="starts a sandbox, kills it and starts it again")
def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    _killings(tmp_path, rounds=1, size=8)


@pytest.mark.soak
@pytest.mark.slow(reason="a hundred clients for a whole minute")
def test_a_hundred_clients_for_a_minute(tmp_path: Path) -> None:
    _storm(tmp_path, size=100, seconds=60)


@pytest.mark.soak
@pytest.mark.slow(reason="a sandbox is killed and started again ten times")
def test_ten_kills(tmp_path: Path) -> None:
    _killings(tmp_path, rounds=10, size=20)


@pytest.mark.slow(reason="starts a sandbox, kills it and starts it again")
def test_a_torn_last_line_is_cut_and_restored(tmp_path: Path) -> None:
    server = start_sandbox(tmp_path, "--clients", "2", "--days", "30")
    request = new_request(server.info["customer_ids"][0])
    request.mutate_operations.add().label_operation.create.name = "whole"
    name = result_name(RawClient(server).mutate(request).mutate_operation_responses[0])
    server.process.kill()
    server.process.wait()
    path = tmp_path / "ledger.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 40])
    server = start_sandbox(tmp_path, "--clients", "2", "--days", "30")
    try:
        assert [line["results"] for line in _ledger(tmp_path) if line["outcome"] == "applied"] == [[name]]
    finally:
        server.stop()
