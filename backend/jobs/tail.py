"""The newest events of each tenant, read once per process however many streams are open.

Without it every event would send each stream to the database, and two hundred streams would starve everybody else. Ids
rise in commit order within a tenant, so what lies behind the newest known id is all that can be new.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from uuid import UUID

import flask
from sqlalchemy import func, select

from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.core.events import EventRow

BATCH = 500
KEPT = 2_000


@dataclass(slots=True)
class _Kept:
    """Every event of a tenant with an id above `base`, up to `newest`."""

    base: int = -1
    newest: int = -1
    wakes: int = -1
    looked_at: float = 0.0
    rows: deque[EventRow] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Tail:
    """The last events per tenant; looks into the database when a tenant was woken, or when it has not for a while."""

    def __init__(self, app: flask.Flask, *, look_s: float) -> None:
        self._app = app
        self._look_s = look_s
        self._kept: defaultdict[UUID, _Kept] = defaultdict(_Kept)
        self._lock = threading.Lock()

    def newest(self, tenant_id: UUID, wakes: int) -> int:
        """The id up to which everything is known, having looked if there may be news."""
        kept = self._of(tenant_id)
        with kept.lock:
            self._look(tenant_id, kept, wakes)
            return kept.newest

    def behind(self, tenant_id: UUID, after: int) -> list[EventRow] | None:
        """The known events behind `after`, oldest first; None when that reaches further back than is kept here."""
        kept = self._of(tenant_id)
        with kept.lock:
            if after < kept.base:
                return None
            found: list[EventRow] = []
            for row in reversed(kept.rows):
                if row.id <= after:
                    break
                found.append(row)
        return found[::-1]

    def _of(self, tenant_id: UUID) -> _Kept:
        with self._lock:
            return self._kept[tenant_id]

    def _look(self, tenant_id: UUID, kept: _Kept, wakes: int) -> None:
        if kept.wakes >= wakes and time.monotonic() - kept.looked_at < self._look_s:
            return
        began = time.monotonic()
        with self._app.app_context(), tenancy.working_for(tenant_id), unit_of_work() as work:
            if kept.newest < 0:
                mine = select(func.coalesce(func.max(EventRow.id), 0)).where(EventRow.tenant_id == tenant_id)
                kept.base = kept.newest = work.session.scalar(mine) or 0
            while True:
                rows = work.session.scalars(
                    select(EventRow)
                    .where(EventRow.tenant_id == tenant_id, EventRow.id > kept.newest)
                    .order_by(EventRow.id)
                    .limit(BATCH)
                ).all()
                kept.rows.extend(rows)
                if rows:
                    kept.newest = rows[-1].id
                if len(rows) < BATCH:
                    break
        while len(kept.rows) > KEPT:
            kept.base = kept.rows.popleft().id
        kept.wakes, kept.looked_at = max(kept.wakes, wakes), began
