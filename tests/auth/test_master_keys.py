"""Stored credentials: tampering is refused and reported, rotation goes on under load and after a kill, a wrong key
stops the start (RELIABILITY S02, S03, S04)."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest
from sqlalchemy import text

from backend.app import create_app, create_stream_app
from backend.auth import credentials, rotation
from backend.auth.models import UserCredential
from backend.cli.home import StartProblem
from backend.core.crypto import DecryptionRefused, Keyring
from backend.core.db import unit_of_work
from backend.core.errors import Conflict
from config import MasterKey, SettingsError, build_settings

TOKEN = "1//canary-refresh-token"


@pytest.fixture
def tampered(app, team, rows):
    """Two credentials to be tampered with; they are gone afterwards, as every start looks at the newest rows."""
    ids = add_credentials(app, team, 2)
    yield ids
    rows("DELETE FROM user_credentials WHERE id = ANY(:ids)", ids=ids)


def add_credentials(app, team, count):
    """Seal tokens into fresh rows; answers their ids."""
    ids = []
    with app.app_context(), unit_of_work() as work:
        for index in range(count):
            account, row_id = uuid.uuid4(), uuid.uuid4()
            work.session.execute(
                text("INSERT INTO google_accounts (id, tenant_id, subject) VALUES (:id, :tenant, :subject)"),
                {"id": account, "tenant": team.tenant_id, "subject": str(account)},
            )
            row = UserCredential(id=row_id, tenant_id=team.tenant_id, user_id=team.user_id, google_account_id=account)
            credentials.seal_into(row, f"{TOKEN}-{index}")
            work.session.add(row)
            ids.append(row_id)
    return ids


def opened(app, credential_id):
    with app.app_context():
        with unit_of_work() as work:
            row = work.session.get(UserCredential, credential_id)
        return credentials.open_token(row)


def test_a_row_opens_with_its_token(app, team):
    first, second = add_credentials(app, team, 2)
    assert (opened(app, first), opened(app, second)) == (f"{TOKEN}-0", f"{TOKEN}-1")


@pytest.mark.parametrize("columns", [("encrypted_refresh_token", "iv", "auth_tag", "wrapped_key"), ("wrapped_key",)])
def test_swapped_rows_are_refused_and_reported(app, team, tampered, columns):
    first, second = tampered
    values = {
        row["id"]: row for row in team.rows("SELECT * FROM user_credentials WHERE id IN (:a, :b)", a=first, b=second)
    }
    if "iv" in columns:  # the column is unique: step aside first
        team.rows("UPDATE user_credentials SET iv = :iv WHERE id = :id", iv=os.urandom(12), id=second)
    for here, there in ((first, second), (second, first)):
        changes = ", ".join(f"{column} = :{column}" for column in columns)
        wanted = {column: values[there][column] for column in columns}
        team.rows(f"UPDATE user_credentials SET {changes} WHERE id = :id", id=here, **wanted)
    for credential in (first, second):
        with pytest.raises(DecryptionRefused):
            opened(app, credential)
    alerts = team.rows("SELECT data FROM events WHERE tenant_id = :t AND kind = 'alert.security'", t=team.tenant_id)
    assert len(alerts) == 2
    trail = team.client.get("/api/audit?action=security.tampering").get_json()
    assert {row["subject"] for row in trail} == {f"credential:{first}", f"credential:{second}"}


@pytest.mark.parametrize("column", ["encrypted_refresh_token", "iv", "auth_tag", "wrapped_key"])
def test_a_flipped_bit_in_the_database_is_refused(app, team, tampered, column):
    credential, _ = tampered
    team.rows(
        f"UPDATE user_credentials SET {column} = set_byte({column}, 0, get_byte({column}, 0) # 1) WHERE id = :id",
        id=credential,
    )
    with pytest.raises(DecryptionRefused):
        opened(app, credential)


def test_a_row_moved_to_another_organisation_is_refused(app, team, new_team, tampered):
    credential, _ = tampered
    other = new_team("Thief")
    team.rows("UPDATE user_credentials SET tenant_id = :tenant WHERE id = :id", tenant=other.tenant_id, id=credential)
    with pytest.raises(DecryptionRefused):
        opened(app, credential)


def key(version):
    return MasterKey(version, bytes([version]) * 8 + b"a key of thirty-two byte")


@pytest.fixture
def own_database(servers, environment):
    """An application on a database of its own, so that rotating it disturbs nobody."""
    name = f"keys_{uuid.uuid4().hex[:8]}"
    with servers.fresh_database(name):
        changed = {
            variable: environment[variable].replace(servers.database, name)
            for variable in ("DATABASE_URL", "MIGRATION_DATABASE_URL")
        }
        yield {**environment, **changed, "APP_MASTER_KEY": as_setting(key(1))}


def as_setting(*keys):
    return ",".join(f"v{k.version}:{base64.b64encode(k.secret).decode()}" for k in keys)


class Tenant:
    """As much of a team as `add_credentials` needs, in a database of its own."""

    def __init__(self, app):
        from backend.auth.people import ensure_administrator

        with app.app_context():
            administrator = ensure_administrator()
        self.tenant_id, self.user_id = administrator.tenant_id, administrator.user_id


@pytest.fixture
def vault(own_database):
    """That application, holding credentials under v1."""
    app = create_app(build_settings(own_database))
    yield app, Tenant(app)
    with app.app_context():
        from backend.core.db import db

        db.engine.dispose()


def use_keys(app, *keys):
    app.config["KEYRING"] = Keyring(keys)


def test_rotating_rewraps_every_row_and_retiring_waits_for_it(vault):
    app, tenant = vault
    ids = add_credentials(app, tenant, 25)
    use_keys(app, key(2), key(1))
    with app.app_context():
        assert rotation.status().rows == {1: 25}
        with pytest.raises(Conflict, match="25 credentials still need v1"):
            rotation.retire(1)
        with pytest.raises(Conflict, match="primary"):
            rotation.retire(2)
        seen = []
        assert rotation.rotate(seen.append, batch=10) == rotation.Rotated(25, 0)
        assert seen == [10, 20, 25]
        assert rotation.status().rows == {2: 25}
        rotation.retire(1)
        assert rotation.rotate() == rotation.Rotated(0, 0)
    use_keys(app, key(2))
    assert [opened(app, credential) for credential in ids] == [f"{TOKEN}-{index}" for index in range(25)]


def test_a_damaged_row_is_left_and_named_and_does_not_stop_the_rest(vault):
    app, tenant = vault
    ids = add_credentials(app, tenant, 5)
    with app.app_context(), unit_of_work() as work:
        work.session.execute(
            text("UPDATE user_credentials SET auth_tag = :tag WHERE id = :id"), {"tag": bytes(16), "id": ids[2]}
        )
    use_keys(app, key(2), key(1))
    with app.app_context():
        assert rotation.rotate(batch=2) == rotation.Rotated(4, 1)
        assert rotation.status().rows == {1: 1, 2: 4}
        with pytest.raises(Conflict):
            rotation.retire(1)


ROTATE = """
import sys
from backend.app import create_app
from backend.auth import rotation
with create_app().app_context():
    rotation.rotate(lambda done: print(done, flush=True), batch=20)
"""


def rotation_under_load(app, tenant, environment, count, kill_after):
    """Rotate in a process of its own, killed half-way and begun again, while readers decrypt all the time."""
    ids = add_credentials(app, tenant, count)
    use_keys(app, key(2), key(1))
    keys = {"APP_MASTER_KEY": as_setting(key(2), key(1))}
    failed, decrypted, stop = [], [0], threading.Event()

    def read():
        while not stop.is_set():
            for credential in ids:
                try:
                    opened(app, credential)
                    decrypted[0] += 1
                except DecryptionRefused as error:
                    failed.append(error)
                if stop.is_set():
                    return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    command = [sys.executable, "-c", ROTATE]
    process = subprocess.Popen(command, env={**os.environ, **environment, **keys}, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) >= kill_after:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    with app.app_context():
        half_way = rotation.status()
    subprocess.run(command, env={**os.environ, **environment, **keys}, check=True, stdout=subprocess.DEVNULL)
    time.sleep(0.2)
    stop.set()
    for reader in readers:
        reader.join()
    with app.app_context():
        return half_way, rotation.status(), failed, decrypted[0]


def test_rotation_survives_a_kill_while_everything_reads(vault, own_database):
    half_way, after, failed, decrypted = rotation_under_load(*vault, own_database, 200, 60)
    assert 0 < half_way.left < 200
    assert after.rows == {2: 200}
    assert failed == []
    assert decrypted > 0


@pytest.mark.soak
def test_ten_thousand_credentials_rotate_under_load(vault, own_database):
    half_way, after, failed, _ = rotation_under_load(*vault, own_database, 10_000, 3_000)
    assert half_way.left > 0
    assert after.rows == {2: 10_000}
    assert failed == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((key(2),), "APP_MASTER_KEY lacks v1"),
        ((MasterKey(1, b"another key of thirty-two bytes!"),), "APP_MASTER_KEY must hold the v1"),
    ],
)
def test_a_wrong_master_key_stops_the_start_and_is_not_shown(vault, own_database, keys, said):
    app, tenant = vault
    add_credentials(app, tenant, 3)
    setting = as_setting(*keys)
    for start in (create_app, create_stream_app):  # the streams answer GAQL, and need the tokens for it
        with pytest.raises(SettingsError, match=said) as refused:
            start(build_settings({**own_database, "APP_MASTER_KEY": setting}))
        assert setting.split(":")[1] not in str(refused.value)


@pytest.mark.parametrize(
    "setting", ["", "x", "v1:short", "v0:" + "A" * 44, "v1:" + base64.b64encode(bytes(32)).decode()]
)
def test_a_malformed_master_key_stops_the_start_and_is_not_shown(environment, setting):
    with pytest.raises(SettingsError, match="APP_MASTER_KEY") as refused:
        build_settings({**environment, "APP_MASTER_KEY": setting})
    assert not setting or len(setting) < 3 or setting not in str(refused.value)


def test_the_commands_say_where_the_rotation_stands(vault, own_database, capsys, monkeypatch):
    from backend.cli import key_rotation

    app, tenant = vault
    add_credentials(app, tenant, 3)
    environment = {**own_database, "APP_MASTER_KEY": as_setting(key(2), key(1))}
    monkeypatch.setattr(key_rotation, "command_environment", lambda _: environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert key_rotation.master_keys(["status"]) == 0
    assert json.loads(capsys.readouterr().out) == {"primary": "v2", "keys": ["v1", "v2"], "credentials": {"v1": 3}}
    with pytest.raises(StartProblem, match="3 credentials still need v1"):
        key_rotation.master_keys(["retire", "v1"])
    assert key_rotation.master_keys(["rotate"]) == 0
    assert key_rotation.master_keys(["retire", "v1"]) == 0
    assert "take it out of APP_MASTER_KEY" in capsys.readouterr().out
    # The same in an image: this application still has the old key alone, and says what it lacks.
    lacking = app.test_cli_runner().invoke(args=["keys", "status"])
    assert (lacking.exit_code, "lacks v2" in lacking.output) == (1, True)
    use_keys(app, key(2))
    whole = app.test_cli_runner().invoke(args=["keys", "status"])
    assert (whole.exit_code, json.loads(whole.output)["credentials"]) == (0, {"v2": 3})
