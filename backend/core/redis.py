"""The connection to Redis: every client has time-outs, so that a dead Redis is an error and never a wait."""

from __future__ import annotations

import functools

import redis
from redis.sentinel import Sentinel

TIMEOUT_SECONDS = 1.0


@functools.cache
def connect(url: str) -> redis.Redis:
    """A client with its pool for `redis://`, `rediss://`, `unix://` or `sentinel://host:port[,host:port]/service/db`."""
    if url.startswith("sentinel://"):
        return _behind_sentinel(url)
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=30
    )


def _behind_sentinel(url: str) -> redis.Redis:
    address, _, path = url.removeprefix("sentinel://").partition("/")
    credentials, _, hosts = address.rpartition("@")
    service, _, database = path.partition("/")
    nodes = [(host.rpartition(":")[0], int(host.rpartition(":")[2])) for host in hosts.split(",")]
    password = credentials.partition(":")[2] or None
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        nodes, socket_timeout=TIMEOUT_SECONDS, sentinel_kwargs={"password": password}
    )
    client: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        service or "mymaster", password=password, db=int(database or 0), socket_timeout=TIMEOUT_SECONDS
    )
    return client
