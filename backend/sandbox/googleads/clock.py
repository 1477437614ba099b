"""The sandbox's clock: real time plus an offset that tests and scripts move forward."""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """UTC time that can be advanced. The offset is kept by the world's store."""

    def __init__(self, offset_s: float = 0.0, frozen_at: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = offset_s
        self._frozen_at = frozen_at

    @property
    def offset_s(self) -> float:
        return self._offset

    def now(self) -> datetime:
        """Now, in UTC, with the offset applied."""
        return self._at(self._offset)

    def advance(self, seconds: float) -> datetime:
        """Move the clock (forward by a positive number) and return the new time.

        Raises:
            ValueError, OverflowError: no clock shows that time; this one stays as it is.
        """
        with self._lock:
            moved = self._at(self._offset + seconds)
            self._offset += seconds
        return moved

    def _at(self, offset_s: float) -> datetime:
        base = self._frozen_at or datetime.fromtimestamp(time.time(), UTC)
        return base + timedelta(seconds=offset_s)
