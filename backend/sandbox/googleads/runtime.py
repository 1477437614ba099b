"""Puts a sandbox together: world, doors, files; and takes it down again."""

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import grpc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from werkzeug.serving import BaseWSGIServer

from backend.sandbox.googleads import admin, images, registry, server, tls, web
from backend.sandbox.googleads.access import Access
from backend.sandbox.googleads.accounts import BaseCustomer
from backend.sandbox.googleads.calls import Services
from backend.sandbox.googleads.clock import Clock
from backend.sandbox.googleads.dispatch import Dispatcher
from backend.sandbox.googleads.faults import Faults
from backend.sandbox.googleads.kinds import STORE_VERSION
from backend.sandbox.googleads.ledger import Ledger
from backend.sandbox.googleads.oauth import OAuthPages
from backend.sandbox.googleads.policy import Policy
from backend.sandbox.googleads.quota import Quota
from backend.sandbox.googleads.services import batches
from backend.sandbox.googleads.store import Commit, Store
from backend.sandbox.googleads.tokens import SERVICE_ACCOUNT, Tokens
from backend.sandbox.googleads.world import World

DEVELOPER_TOKEN = "sandbox-developer-token"  # noqa: S105 - any value will do, Google ignores it too


class Accounts(Protocol):
    """The accounts that a sandbox starts with: `demo.Agency`."""

    @property
    def manager_id(self) -> str: ...
    @property
    def customers(self) -> Iterable[BaseCustomer]: ...


Build = Callable[[int, int, int, datetime], Accounts]


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. Ports 0 are chosen."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    http_port: int = 0
    https_port: int = 0
    clients: int = 30
    days: int = 90
    seed: int = 42


class Runtime:
    """A running sandbox."""

    def __init__(self, options: Options, build: Build, totals: admin.Totals) -> None:
        self.options = options
        options.data.mkdir(parents=True, exist_ok=True)
        self._store = Store(options.data / "sandbox.sqlite3")
        created, clock = _birth(self._store, options)
        accounts = build(options.seed, options.clients, options.days, created)
        self.manager_id = accounts.manager_id
        base = [*accounts.customers]
        world = World(self._store, base, seed=options.seed, days=options.days, created=created, clock=clock)
        self.services = Services(
            world=world,
            tokens=Tokens(self._store),
            access=Access(world),
            faults=Faults(),
            quota=Quota(clock),
            policy=Policy(),
            ledger=Ledger(options.data / "ledger.jsonl", self._store),
            features={"click_conversions": True, "customer_data_terms": True, "production_access": True},
        )
        registry.rpcs(STORE_VERSION)
        self._tls = tls.prepare(options.data / "tls", _names(options.host))
        self._http: list[BaseWSGIServer] = []
        self._grpc: grpc.Server | None = None
        try:
            self.info = self._open(totals)
        except BaseException:
            self.stop()
            raise

    def _open(self, totals: admin.Totals) -> dict[str, Any]:
        options, services = self.options, self.services
        pages = OAuthPages(services.tokens, services.access.users, services.faults.token_fault)
        key = _service_account_key(options.data / "service-account-key.pem")
        pages.service_account_key_pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        public, private = Flask("sandbox.public"), Flask("sandbox.admin")
        public.register_blueprint(pages.blueprint())
        public.register_blueprint(images.blueprint())
        private.register_blueprint(admin.blueprint(services, totals))
        private.add_url_rule("/token", "token", pages.service_account_token, methods=["POST"])
        pair = (self._tls.certificate, self._tls.key)
        https, https_port = web.serve(public, options.host, options.https_port, pair)
        self._http.append(https)
        http, http_port = web.serve(private, "127.0.0.1", options.http_port)
        self._http.append(http)
        address = f"{options.host}:{options.port}"
        self._grpc, port = server.start(Dispatcher(services), address, *pair)
        batches.resume(services)
        info = _description(self, port, http_port, https_port)
        _write_client_files(options.data, info, key)
        _write(options.data / "sandbox.json", json.dumps(info, indent=2))
        return info

    @property
    def ca_file(self) -> Path:
        """Roots that verify the sandbox: certifi's and its own authority."""
        return self._tls.ca_file

    def stop(self, grace_s: float = 2.0) -> None:
        """Stop serving and close the files."""
        if self._grpc is not None:
            self._grpc.stop(grace_s).wait(grace_s + 1)
        for http in self._http:
            http.shutdown()
        self.services.ledger.close()
        self._store.close()


def _birth(store: Store, options: Options) -> tuple[datetime, Clock]:
    """When the data was made (kept, so that a restart finds the same accounts), and the clock."""
    meta = store.meta()
    facts = {"seed": str(options.seed), "clients": str(options.clients), "days": str(options.days)}
    changed = [name for name, value in facts.items() if meta.get(name, value) != value]
    if changed:
        raise ValueError(f"the data folder was made with another {', '.join(changed)}: use --fresh or another --data")
    created = datetime.fromisoformat(meta["created"]) if "created" in meta else datetime.now(UTC).replace(microsecond=0)
    store.commit(Commit(meta=(*facts.items(), ("created", created.isoformat()))))
    return created, Clock(float(meta.get("clock_offset_s", 0.0)))


def _names(host: str) -> tuple[str, ...]:
    return () if host in ("0.0.0.0", "::", "127.0.0.1", "localhost") else (host,)  # noqa: S104 - compared, not bound


def _description(runtime: Runtime, port: int, http_port: int, https_port: int) -> dict[str, Any]:
    options, services = runtime.options, runtime.services
    world = services.world
    host = "localhost" if not _names(options.host) else options.host
    https, http = f"https://{host}:{https_port}", f"http://127.0.0.1:{http_port}"
    return {
        "endpoint": f"{host}:{port}",
        "ca_file": str(runtime.ca_file.resolve()),
        "token_uri": f"{https}/token",
        "authorize_uri": f"{https}/o/oauth2/v2/auth",
        "tokeninfo_uri": f"{https}/tokeninfo",
        "userinfo_uri": f"{https}/userinfo",
        "revoke_uri": f"{https}/revoke",
        "service_account_token_uri": f"{http}/token",
        "admin_url": f"{http}/admin",
        "images": {name: f"{https}/images/{name}.png" for name in images.SIZES},
        "manager_id": runtime.manager_id,
        "customer_ids": [i.id for i in world.customers().values() if not i.manager and i.status == "ENABLED"],
        "users": services.access.users(),
        "client_id": services.tokens.client_id,
        "client_secret": services.tokens.client_secret,
        "developer_token": DEVELOPER_TOKEN,
        "google_ads_yaml": str((options.data / "google-ads.yaml").resolve()),
    }


def _service_account_key(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key
    fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(path, _pem(fresh))
    return fresh


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _write_client_files(folder: Path, info: dict[str, Any], key: rsa.RSAPrivateKey) -> None:
    """What the stock client library loads: a service-account key and a google-ads.yaml."""
    account = {
        "type": "service_account",
        "project_id": "campaign-sandbox",
        "private_key_id": "sandbox",
        "private_key": _pem(key),
        "client_email": SERVICE_ACCOUNT,
        "client_id": "100000000000000000000",
        "token_uri": info["service_account_token_uri"],
    }
    key_file = folder / "service-account.json"
    _write(key_file, json.dumps(account, indent=2))
    lines = (
        f"developer_token: {DEVELOPER_TOKEN}",
        "use_proto_plus: True",
        f"json_key_file_path: {json.dumps(str(key_file.resolve()))}",
        f"endpoint: {info['endpoint']}",
        f"login_customer_id: '{info['manager_id']}'",
    )
    _write(Path(info["google_ads_yaml"]), "\n".join(lines) + "\n")


def _write(path: Path, text: str) -> None:
    """Write a private file in one step: readers see the old or the new one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
