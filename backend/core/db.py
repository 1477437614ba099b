"""The database: one engine per process, and the unit of work that every write goes through.

`unit_of_work()` opens a transaction, announces the tenant, and commits at the end of the block; what was registered
with `after_commit` runs only then, so that nothing is ever enqueued for a row that does not exist. No transaction may
be open while a vendor is called: read, close, call, write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core import events, prepared, tenancy, wake
from backend.core.base import Base
from backend.core.events import Event
from config import ROOT

db = SQLAlchemy(model_class=Base)
migrate = Migrate(compare_type=True)


class Work:
    """A transaction under way: its session, and what is to happen once it is committed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._events: list[Event] = []
        self._after_commit: list[Callable[[], object]] = []

    def after_commit(self, action: Callable[..., object], *args: object) -> None:
        """Call `action(*args)` once the transaction is committed, and not at all if it is rolled back."""
        self._after_commit.append(lambda: action(*args))

    def emit(self, event: Event) -> None:
        """Write a domain event in this transaction and wake its listeners after the commit."""
        self._events.append(event)

    def _commit(self) -> None:
        if self._events:
            self.session.flush()
            events.write(self.session, self._events)
            self.after_commit(wake.listeners, frozenset(event.tenant_id for event in self._events))
        self.session.commit()

    def _run_after_commit(self) -> None:
        for action in self._after_commit:
            action()


_joined: ContextVar[Work | None] = ContextVar("joined_work", default=None)


@contextmanager
def unit_of_work() -> Iterator[Work]:
    """Open a transaction for the current tenant and commit it at the end of the block, or roll it back on an error.

    Needs an application context. Objects stay readable after the commit. Within `joined_unit_of_work` the block is a
    savepoint of that transaction, and commits with it.
    """
    if (outer := _joined.get()) is not None:
        with outer.session.begin_nested():
            yield outer
        return
    with _transaction() as work:
        yield work


@contextmanager
def joined_unit_of_work() -> Iterator[Work]:
    """Open a transaction that every `unit_of_work()` within the block joins: all of it commits, or none."""
    with _transaction() as work:
        token = _joined.set(work)
        try:
            yield work
        finally:
            _joined.reset(token)


@contextmanager
def _transaction() -> Iterator[Work]:
    with Session(db.engine, expire_on_commit=False) as session:
        tenant = tenancy.current()
        session.execute(
            text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": str(tenant or tenancy.SYSTEM)}
        )
        work = Work(session)
        yield work
        work._commit()
    work._run_after_commit()


def init_app(app: Flask, *, url: str, migration_url: str, pool_size: int) -> None:
    """Bind the database to an application: migrations connect as the owner, the rest as the application's role."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["MIGRATION_DATABASE_URL"] = migration_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": True,
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 10,
        "connect_args": {"connect_timeout": 5, "prepare_threshold": None, "options": "-c timezone=UTC"},
    }
    db.init_app(app)
    with app.app_context():
        prepared.allow_on(db.engine)
    migrate.init_app(app, db)


def at_newest_migration() -> bool:
    """Whether the database stands at the newest migration of this code."""
    heads = set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
    with db.engine.connect() as connection:
        found = set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    return found == heads


def dispose_engine() -> None:
    """Drop the connections a forked child inherited, without closing the parent's."""
    db.engine.dispose(close=False)
