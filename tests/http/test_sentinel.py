"""Redis behind Sentinel: one `REDIS_URL` that our own client, Celery and the counters of `limits` all understand."""

from urllib.parse import quote

import pytest
import redis
from limits import RateLimitItemPerMinute

from backend.app import create_app
from backend.cli.embedded.redis import Redis, find_program
from backend.core import quota
from backend.core.db import db
from backend.core.http.throttle import throttle
from backend.core.redis import connect, for_celery, for_limits, watched
from backend.jobs.service import open_job
from config import SettingsError, build_settings
from tests.support import run as runs
from tests.support.keeper import free_port, process, wait_until
from tests.support.worker import start_worker

PASSWORD = "p@ss/word:1"
SERVICE = "campaigns"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A Redis, and a Sentinel without a password of its own that watches it."""
    program = find_program(runs.current().home, lambda line: None)
    if program is None:
        pytest.fail("a real redis-server is needed")
    folder = tmp_path_factory.mktemp("sentinel")
    server = Redis(program, folder, free_port(), PASSWORD, databases=8, durable=False)
    server.prepare()
    port = free_port()
    watches = folder / "sentinel.conf"
    watches.write_text(
        f"bind 127.0.0.1\nport {port}\ndir {folder}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {server.port} 1\n"
        f'sentinel auth-pass {SERVICE} "{PASSWORD}"\n',
        encoding="utf-8",
    )
    with (
        process(server.command, folder / "redis.log"),
        process([str(program), str(watches), "--sentinel"], folder / "sentinel.log"),
    ):
        wait_until(server.is_ready, "Redis")
        yield (
            f"sentinel://:{quote(PASSWORD, safe='')}@127.0.0.1:{port},127.0.0.1:{free_port()}/{SERVICE}/3"
            "?sentinel_password="
        )


@pytest.fixture
def stack_behind_it(address, servers, environment):
    """Settings of a stack on that Redis and a database of its own, so that no other worker takes its jobs."""
    with servers.fresh_database("behind_sentinel") as name:
        changed = {
            variable: environment[variable].replace(servers.database, name)
            for variable in ("DATABASE_URL", "MIGRATION_DATABASE_URL")
        }
        yield {**environment, **changed, "REDIS_URL": address}


def test_our_own_client_writes_to_the_database_that_is_named(address):
    connect(address).set("greeting", "hello")
    with redis.Redis.from_url(plain(address)) as direct:
        assert direct.get("greeting") == b"hello"


def plain(address):
    """The Redis behind it, without the Sentinel."""
    found = watched(address)
    host, port = found.nodes[0]
    with redis.Redis(host=host, port=port, decode_responses=True) as sentinel:
        master = sentinel.sentinel_get_master_addr_by_name(found.service)
    return f"redis://:{quote(PASSWORD, safe='')}@{master[0]}:{master[1]}/{found.database}"


def test_rates_and_attempts_are_counted_there(stack_behind_it, address):
    app = create_app(build_settings({**stack_behind_it, "RATE_LIMIT": "100 per minute"}))
    with app.app_context():
        throttle().count(RateLimitItemPerMinute(10, 15), "login", "somebody")
        quota.lock("customer:1", 30)
        db.engine.dispose()
    assert app.test_client().get("/api/me").headers["RateLimit-Remaining"] == "99"
    with redis.Redis.from_url(plain(address), decode_responses=True) as direct:
        keys = direct.keys()
    assert any("somebody" in key for key in keys)
    assert any("address:127.0.0.1" in key for key in keys)
    assert "rate_limit_lock:customer:1" in keys


@pytest.mark.slow(reason="a worker process of its own imports the whole product")
def test_a_worker_takes_its_jobs_from_there(stack_behind_it, tmp_path):
    from backend.auth.people import ensure_administrator
    from backend.core.db import unit_of_work
    from backend.core.security import Actor, Role
    from backend.jobs.models import Job

    app = create_app(build_settings(stack_behind_it))
    worker = start_worker(stack_behind_it, tmp_path, beat=False)
    try:
        with app.app_context():
            admin = ensure_administrator()
            actor = Actor(admin.tenant_id, admin.user_id, admin.email, everywhere=Role.ADMIN)
            with unit_of_work() as work:
                job = open_job(work, "discover", actor=actor).id

            def status():
                with unit_of_work() as work:
                    return work.session.get_one(Job, job).status

            wait_until(lambda: status() == "failed", "the job")  # it names no credential; a worker has said so
            db.engine.dispose()
    finally:
        worker.stop()


def test_each_library_is_told_in_its_own_words():
    url = "sentinel://ana:se%2Fcret@one:26379,[::1]:26380/main/2?sentinel_password=other"
    address, options = for_celery(url)
    assert address == "sentinel://ana:se%2Fcret@one:26379/2;sentinel://ana:se%2Fcret@[::1]:26380/2"
    assert options == {"master_name": "main", "sentinel_kwargs": {"username": None, "password": "other"}}
    address, options = for_limits(url)
    assert address == "redis+sentinel://one:26379,[::1]:26380/main"
    assert (options["username"], options["password"], options["db"]) == ("ana", "se/cret", 2)
    assert options["sentinel_kwargs"]["password"] == "other"
    assert "cret" not in repr(watched(url))
    assert watched("sentinel://:p@one:1").service == "mymaster"
    assert watched("redis://one:6379/0") is None


@pytest.mark.parametrize(
    "url", ["sentinel:///main", "sentinel://one", "sentinel://one:x/main", "sentinel://one:1/main/two"]
)
def test_a_malformed_address_stops_the_start(environment, url):
    with pytest.raises(SettingsError, match="REDIS_URL must be sentinel://"):
        build_settings({**environment, "REDIS_URL": url})
