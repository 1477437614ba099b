"""The application factory: settings, extensions, blueprints. What the app contains is listed here, not discovered."""

from __future__ import annotations

import flask
import redis
from flask import Flask
from sqlalchemy import text

from backend import wiring
from backend.auth import authentication, key_commands
from backend.auth import commands as auth_commands
from backend.auth import metrics as auth_metrics
from backend.auth import routes as auth_routes
from backend.auth.keyring_check import must_open_what_is_stored
from backend.campaigns import asset_routes, child_routes, keyword_routes, link_routes, setting_routes, shared_set_routes
from backend.campaigns import routes as campaigns_routes
from backend.core import broker, kept, logging, metrics, security
from backend.core import db as database
from backend.core.celery import make_celery
from backend.core.crypto import Keyring
from backend.core.db import at_newest_migration, db
from backend.core.http import create_api, docs, limits, operations, problems, throttle, trace
from backend.core.http.api import API_VERSION
from backend.core.http.json_provider import OrjsonProvider
from backend.core.redis import connect
from backend.jobs import metrics as jobs_metrics
from backend.jobs import routes as jobs_routes
from backend.jobs import stream, waiting
from backend.publish import push_routes
from backend.publish import routes as publish_routes
from backend.reporting import routes as reporting_routes
from backend.runbooks import routes as runbooks_routes
from backend.search_terms import routes as search_terms_routes
from backend.sync import conflict_routes, night_routes
from backend.sync import metrics as sync_metrics
from backend.sync import routes as sync_routes
from config import Settings, settings_of_this_process

BLUEPRINTS = (
    *auth_routes.BLUEPRINTS,
    jobs_routes.bp,
    campaigns_routes.bp,
    campaigns_routes.rules_bp,
    child_routes.bp,
    keyword_routes.bp,
    link_routes.bp,
    shared_set_routes.bp,
    setting_routes.bp,
    asset_routes.bp,
    publish_routes.bp,
    push_routes.bp,
    sync_routes.bp,
    conflict_routes.bp,
    night_routes.bp,
    runbooks_routes.bp,
    *reporting_routes.BLUEPRINTS,
    search_terms_routes.bp,
)
FIGURES = (jobs_metrics.failure_rate, sync_metrics.lag, auth_metrics.quota_left)


def create_app(settings: Settings | None = None) -> Flask:
    """The API: every blueprint, deny by default.

    Raises:
        SettingsError: a setting is missing or malformed, or APP_MASTER_KEY does not open what is stored.
        RuntimeError: a route carries neither a role nor `@public`.
    """
    settings = settings or settings_of_this_process()
    app = _base(settings)
    api = create_api(app, settings.public_url)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.create_blueprint(api))
    app.register_blueprint(operations.create_blueprint(API_VERSION, _checks(), FIGURES))
    api.register_blueprint(stream.create_redirects(settings.stream_url))
    waiting.init_app(app, threads=settings.api_threads)
    app.cli.add_command(auth_commands.group)
    app.cli.add_command(auth_commands.google_group)
    app.cli.add_command(key_commands.group)
    _refuse_unguarded(app)
    must_open_what_is_stored(app)
    return app


def create_stream_app(settings: Settings | None = None) -> Flask:
    """The event streams, in a process of their own: they hold a thread each, and must not take the API's.

    Raises:
        SettingsError, RuntimeError: as `create_app`.
    """
    settings = settings or settings_of_this_process()
    app = _base(settings)
    api = create_api(app, settings.stream_url)
    for blueprint in (stream.bp, *reporting_routes.STREAM_BLUEPRINTS):
        api.register_blueprint(blueprint)
    app.register_blueprint(operations.create_blueprint(API_VERSION, _checks()))
    stream.init_app(app)
    _refuse_unguarded(app)
    must_open_what_is_stored(app)
    return app


def _base(settings: Settings) -> Flask:
    """What both applications stand on. The order of the hooks matters: ids, actor, limits, then role and input."""
    logging.configure(settings.log_level)
    app = Flask("backend", static_folder=None)
    app.json = OrjsonProvider(app)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        REDIS_URL=settings.redis_url,
        TIMING=settings.timing,
        SETTINGS=settings,
        KEYRING=Keyring(settings.master_keys),
    )
    database.init_app(
        app, url=settings.database_url, migration_url=settings.migration_database_url, pool_size=settings.database_pool
    )
    make_celery(app, broker_url=settings.redis_url, visibility_timeout=settings.timing.visibility_timeout)
    wiring.wire(settings)
    problems.init_app(app)
    trace.init_app(app)
    metrics.init_app(app)
    authentication.init_app(app)
    limits.init_app(app, settings)
    throttle.init_app(app, settings.redis_url)
    kept.init_app(app, settings.redis_url)
    return app


def _refuse_unguarded(app: Flask) -> None:
    if unguarded := security.unguarded_endpoints(app):
        raise RuntimeError(f"routes without a role (deny by default): {', '.join(unguarded)}")


def _checks() -> dict[str, operations.Check]:
    return {
        "database": _database_answers,
        "migrations": at_newest_migration,
        "redis": _redis_answers,
        "worker": lambda: bool(broker.workers_alive()),
    }


def _database_answers() -> bool:
    with db.engine.connect() as connection:
        return connection.execute(text("SELECT 1")).scalar() == 1


def _redis_answers() -> bool:
    client: redis.Redis = connect(flask.current_app.config["REDIS_URL"])
    return bool(client.ping())
