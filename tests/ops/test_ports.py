"""Taken ports are avoided, and what is given out is held until the server has it."""

from __future__ import annotations

import socket

import pytest

from backend.cli.home import StartProblem
from backend.cli.ports import COUNT, FIRST, TRIES, Ports


def port_of(opened: socket.socket) -> int:
    return int(opened.getsockname()[1])


def test_a_taken_port_is_avoided_and_the_next_one_held() -> None:
    ports = Ports("127.0.0.1", "abc")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with ports.listen(port_of(taken)) as opened:
            assert port_of(taken) < port_of(opened) < port_of(taken) + TRIES
            with socket.socket() as late, pytest.raises(OSError, match="in use"):
                late.bind(("127.0.0.1", port_of(opened)))


def test_no_port_is_given_twice() -> None:
    ports = Ports("127.0.0.1", "abc")
    assert len({ports.choose(0) for _ in range(20)}) == 20


def test_clones_look_in_different_places() -> None:
    names = [f"{number:x}" for number in (1, 500, 9_000)]
    first = [Ports("127.0.0.1", name).choose(0) for name in names]
    assert len(set(first)) == 3
    assert all(FIRST <= port < FIRST + COUNT + TRIES for port in first)


def test_a_host_that_is_not_ours_is_told_in_one_line() -> None:
    with pytest.raises(StartProblem, match=r"no port from 8000 on is free on 192\.0\.2\.1"):
        Ports("192.0.2.1", "abc").listen(8000)
