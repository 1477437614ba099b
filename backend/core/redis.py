"""The connection to Redis: every client has time-outs, so that a dead Redis is an error and never a wait.

One setting, `REDIS_URL`, serves three libraries. A plain address is the same for all of them; Redis behind Sentinel is
written differently by each, and is told to each here:

    sentinel://[:password@]host:port[,host:port]/service[/db][?sentinel_password=…]

The password is Redis' own; the Sentinels are asked with the same one unless they have another (or, empty, none).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import redis
from redis.sentinel import Sentinel

TIMEOUT_SECONDS = 1.0
SCHEME = "sentinel://"
SERVICE = "mymaster"


@dataclass(frozen=True, slots=True)
class Watched:
    """A Redis that Sentinels watch: who is asked where it is, for which service, and with what."""

    nodes: tuple[tuple[str, int], ...]
    service: str
    database: int
    username: str | None
    password: str | None = field(repr=False)
    sentinel_password: str | None = field(repr=False)

    @property
    def login(self) -> dict[str, Any]:
        """What Redis itself is told."""
        given = {"username": self.username, "password": self.password}
        return {name: value for name, value in given.items() if value}

    @property
    def asking(self) -> dict[str, Any]:
        """What the Sentinels are told."""
        return {"username": None, "password": self.sentinel_password or None}


def watched(url: str) -> Watched | None:
    """What a Sentinel address says; None for any other address."""
    if not url.startswith(SCHEME):
        return None
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    own = parse_qs(parts.query, keep_blank_values=True).get("sentinel_password")
    return Watched(
        nodes=tuple(_node(host) for host in hosts.split(",")),
        service=unquote(service) or SERVICE,
        database=int(database or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        sentinel_password=own[0] if own else unquote(password),
    )


def _node(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


@functools.cache
def connect(url: str) -> redis.Redis:
    """A client with its pool for `redis://`, `rediss://`, `unix://` or `sentinel://`."""
    times: dict[str, Any] = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    found = watched(url)
    if found is None:
        return redis.Redis.from_url(url, health_check_interval=30, **times)
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        found.nodes, sentinel_kwargs={**found.asking, **times}, **times
    )
    client: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        found.service, db=found.database, health_check_interval=30, **found.login
    )
    return client


def for_celery(url: str) -> tuple[str, dict[str, Any]]:
    """The broker's address as kombu takes it, and the transport options that belong to it."""
    found = watched(url)
    if found is None:
        return url, {}
    login = f"{quote(found.username or '', safe='')}:{quote(found.password or '', safe='')}@" if found.login else ""
    address = ";".join(f"sentinel://{login}{_written(node)}/{found.database}" for node in found.nodes)
    return address, {"master_name": found.service, "sentinel_kwargs": found.asking}


def for_limits(url: str) -> tuple[str, dict[str, Any]]:
    """The address of a counter as `limits` takes it, and the options that belong to it."""
    times: dict[str, Any] = {"socket_timeout": 1, "socket_connect_timeout": 1}
    found = watched(url)
    if found is None:
        return url, times
    address = f"redis+sentinel://{','.join(map(_written, found.nodes))}/{found.service}"
    return address, {**times, **found.login, "db": found.database, "sentinel_kwargs": {**times, **found.asking}}


def _written(node: tuple[str, int]) -> str:
    host, port = node
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
