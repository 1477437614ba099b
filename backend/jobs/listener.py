"""One Redis listener per process wakes every event stream in it."""

from __future__ import annotations

import threading
from collections import Counter
from uuid import UUID

import redis

from backend.core.events import CHANNEL
from backend.core.logging import get_logger
from backend.core.redis import connect

log = get_logger(__name__)

RECONNECT_S = 1.0


class Listener:
    """Counts the wake-ups per tenant; a stream waits until the count of its tenant has moved on."""

    def __init__(self, redis_url: str, *, cap: int) -> None:
        self._redis_url = redis_url
        self._cap = cap
        self._open = 0
        self._counts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether this process is about to end, and its streams with it."""
        return self._closed

    @property
    def streams(self) -> int:
        """How many streams are open."""
        with self._changed:
            return self._open

    def close(self) -> None:
        """End every stream: their readers come back to another process, with the id of the last event they saw."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def enter(self) -> bool:
        """Take a place for one stream; False when all are taken. The first one starts the listening thread."""
        with self._changed:
            if self._open >= self._cap:
                return False
            self._open += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="events", daemon=True)
                self._thread.start()
            return True

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._open -= 1

    def count(self, tenant_id: UUID) -> int:
        """How often the tenant had news so far."""
        with self._changed:
            return self._counts[str(tenant_id)]

    def wait(self, tenant_id: UUID, seen: int, seconds: float) -> None:
        """Sleep until there is news since `seen`, or `seconds` are over, or the process is about to end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._counts[str(tenant_id)] != seen,
                timeout=seconds,
            )

    def _listen(self) -> None:
        pause = threading.Event()
        while not self._closed:
            try:
                channels = connect(self._redis_url).pubsub(  # type: ignore[no-untyped-call]
                    ignore_subscribe_messages=True
                )
                with channels as channel:
                    channel.subscribe(CHANNEL)
                    while not self._closed:
                        message = channel.get_message(timeout=1.0)
                        if message is not None:
                            self._wake(message["data"])
            except redis.RedisError as error:
                log.warning("listener_lost_redis", error=type(error).__name__)
                pause.wait(RECONNECT_S)

    def _wake(self, data: bytes | str) -> None:
        tenant = data.decode() if isinstance(data, bytes) else data
        with self._changed:
            self._counts[tenant] += 1
            self._changed.notify_all()
