"""Typed settings of every CampaignWizard process, read once at start from the environment or a `.env` file.

Each secret may also be given as `NAME_FILE` (a path to a file that holds it) or by a provider: `SECRETS_PROVIDER` names
a callable, `package.module:function`, that takes a setting's name and returns its value or None (Vault, AWS, Google
Secret Manager, …). What is missing or malformed raises `SettingsError`, whose one line names the variable and says what
it should be, and never shows the value.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, quote, urlsplit

import yaml
from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent
GOOGLE_ENDPOINT = "googleads.googleapis.com"
API_VERSIONS = ("v23", "v24", "v25", "v26")
KEY_BYTES = 32
DEFAULT_SECRETS = frozenset({"change-me", "changeme", "secret", "dev", "development", "password", "test"})
SHORT_SECRET = 32


class SettingsError(Exception):
    """A setting is missing or malformed; the message names the variable and what it should be."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One version of the master key that wraps data keys: 32 bytes."""

    version: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """How Google Ads and Google's OAuth servers are reached; unset means Google's own addresses."""

    endpoint: str | None
    ca_file: str | None
    api_version: str
    client_id: str | None
    client_secret: str | None = field(repr=False)
    developer_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    configuration_file: str | None
    customer_id: str | None
    login_customer_id: str | None
    daily_operations: int | None
    authorize_uri: str
    token_uri: str
    tokeninfo_uri: str
    revoke_uri: str


@dataclass(frozen=True, slots=True)
class EntraSettings:
    """Sign-in by Microsoft Entra ID (or another OpenID provider whose tokens carry `tid` and `oid`)."""

    client_id: str
    client_secret: str = field(repr=False)
    issuer_template: str
    tenants: tuple[str, ...]
    organisation: str | None
    group_roles: tuple[tuple[str, str], ...]
    api_audience: str | None

    def issuer(self, tid: str) -> str:
        """The issuer of one directory's tokens."""
        return self.issuer_template.replace("{tid}", tid)


@dataclass(frozen=True, slots=True)
class Timing:
    """Leases, deadlines and back-off, in seconds."""

    job_lease: float
    job_sweep: float
    visibility_timeout: int
    publish_deadline: float
    publish_grace: float
    retry_backoff: float
    read_deadline: float
    stale_read: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process needs to know about where it runs."""

    app_env: str
    secret_key: str = field(repr=False)
    master_keys: tuple[MasterKey, ...] = field(repr=False)
    database_url: str = field(repr=False)
    migration_database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    api_host: str
    api_port: int
    stream_port: int
    public_url: str
    stream_url: str
    cors_origins: tuple[str, ...]
    max_body_bytes: int
    asset_fetch_allow: tuple[str, ...]
    asset_fetch_ca_file: str | None
    log_level: str
    prometheus_dir: str | None
    rate_limit: str
    database_pool: int
    api_threads: int
    trusted_proxies: int
    google: GoogleSettings
    entra: EntraSettings | None
    timing: Timing

    @property
    def production(self) -> bool:
        """True when the strict rules of production hold."""
        return self.app_env == "production"


class _Reader:
    """Reads one named setting after another, with errors that name it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._provider = self._load_provider(environ.get("SECRETS_PROVIDER"))

    @staticmethod
    def _load_provider(path: str | None) -> Callable[[str], str | None] | None:
        if not path:
            return None
        module, _, name = path.partition(":")
        what = "SECRETS_PROVIDER must be package.module:function that can be imported"
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as problem:
            raise SettingsError(what) from problem
        if not callable(found):
            raise SettingsError(what)
        return cast("Callable[[str], str | None]", found)

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self._environ.get(name, "").strip()
        return value or default

    def secret(self, name: str) -> str | None:
        if value := self.text(name):
            return value
        if path := self.text(f"{name}_FILE"):
            try:
                return Path(path).read_text(encoding="utf-8").strip() or None
            except (OSError, UnicodeDecodeError) as problem:
                raise SettingsError(f"{name}_FILE must be the path of a readable text file") from problem
        return self._provided(self._provider, name) if self._provider else None

    @staticmethod
    def _provided(provider: Callable[[str], str | None], name: str) -> str | None:
        try:
            value = provider(name)
        except Exception as problem:  # noqa: BLE001 (somebody else's code raises what it likes; its text may be secret)
            kind = type(problem).__name__
            raise SettingsError(f"SECRETS_PROVIDER could not be asked for {name}: it raised {kind}") from None
        if value is not None and not isinstance(value, str):
            raise SettingsError(f"SECRETS_PROVIDER must answer a text or None for {name}")
        return (value or "").strip() or None

    def required(self, name: str, what: str) -> str:
        value = self.secret(name)
        if value is None:
            raise SettingsError(f"{name} is not set: it must be {what}")
        return value

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        raw = self.text(name)
        if raw is None:
            return default
        try:
            value = float(raw)
        except ValueError as problem:
            raise SettingsError(f"{name} must be a number from {low:g} to {high:g}") from problem
        if not low <= value <= high:
            raise SettingsError(f"{name} must be a number from {low:g} to {high:g}")
        return value

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self.number(name, default, low=low, high=high)
        if value != int(value):
            raise SettingsError(f"{name} must be a whole number from {low} to {high}")
        return int(value)

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        value = self.text(name, default) or default
        if value not in options:
            raise SettingsError(f"{name} must be one of {', '.join(options)}")
        return value

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in (self.text(name) or "").split(",") if part.strip())


def parse_master_keys(text: str) -> tuple[MasterKey, ...]:
    """Read `v2:<base64 of 32 bytes>,v1:<…>`: the first key encrypts, all of them decrypt.

    Raises:
        SettingsError: a version is repeated or malformed, or a key is not 32 bytes of base64.
    """
    what = "v<number>:<base64 of 32 bytes>, several separated by commas, the primary first"
    keys: list[MasterKey] = []
    for part in text.split(","):
        match = re.fullmatch(r"v([1-9][0-9]{0,5}):([A-Za-z0-9+/=_-]+)", part.strip())
        if match is None:
            raise SettingsError(f"APP_MASTER_KEY must be {what}")
        try:
            secret = base64.b64decode(match[2].replace("-", "+").replace("_", "/"), validate=True)
        except binascii.Error as problem:
            raise SettingsError(f"APP_MASTER_KEY must be {what}") from problem
        if len(secret) != KEY_BYTES or len(set(secret)) == 1:
            raise SettingsError(f"APP_MASTER_KEY must be {what}; version {match[1]} is not 32 random bytes")
        keys.append(MasterKey(int(match[1]), secret))
    if len({key.version for key in keys}) != len(keys):
        raise SettingsError("APP_MASTER_KEY names one version twice: each version may stand once")
    return tuple(keys)


def _database_url(name: str, text: str) -> str:
    match = re.fullmatch(r"(postgres|postgresql)(\+psycopg)?://(.+)", text)
    if match is None or not urlsplit(text).path.strip("/"):
        raise SettingsError(f"{name} must be postgresql://user:password@host:port/database")
    return f"postgresql+psycopg://{match[3]}"


SENTINEL_NODE = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}"
SENTINEL_URL = re.compile(
    rf"sentinel://([^@/\s]*@)?{SENTINEL_NODE}(,{SENTINEL_NODE})*(/[^/?#\s]+(/[0-9]{{1,6}})?)?(\?sentinel_password=[^&\s]*)?"
)


def _redis_url(read: _Reader) -> str:
    url = read.secret("REDIS_URL")
    if url is None:
        host = read.text("REDIS_HOST")
        if host is None:
            raise SettingsError("REDIS_URL is not set: it must be redis://:password@host:6379/0 (or set REDIS_HOST)")
        port = read.integer("REDIS_PORT", 6379, low=1, high=65535)
        database = read.integer("REDIS_DB", 0, low=0, high=1_000_000)
        password = read.secret("REDIS_PASSWORD")
        login = f":{quote(password, safe='')}@" if password else ""
        url = f"redis://{login}{host}:{port}/{database}"
    if re.fullmatch(r"(redis|rediss|unix|sentinel)://\S+", url) is None:
        raise SettingsError("REDIS_URL must be redis://, rediss://, unix:// or sentinel:// followed by the address")
    if url.startswith("sentinel://") and SENTINEL_URL.fullmatch(url) is None:
        raise SettingsError("REDIS_URL must be sentinel://:password@host:port,host:port/service/db for a Sentinel")
    return url


def _url(read: _Reader, name: str, default: str, *, schemes: tuple[str, ...] = ("http", "https")) -> str:
    value = read.text(name, default) or default
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        raise SettingsError(f"{name} must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}")
    return value.rstrip("/")


def _customer_id(read: _Reader, name: str) -> str | None:
    value = read.text(name)
    if value is None:
        return None
    digits = value.replace("-", "")
    if re.fullmatch(r"[1-9][0-9]{9}", digits) is None:
        raise SettingsError(f"{name} must be a Google Ads customer id: ten digits, dashes allowed")
    return digits


def _google_ads_yaml(read: _Reader) -> dict[str, str]:
    """The members of the stock `google-ads.yaml` that single-account mode uses; the environment wins over them."""
    path = read.text("GOOGLE_ADS_CONFIGURATION_FILE")
    if path is None:
        return {}
    what = "GOOGLE_ADS_CONFIGURATION_FILE must be the path of a google-ads.yaml with client_id, client_secret"
    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise SettingsError(f"{what} and refresh_token") from problem
    needed = ("client_id", "client_secret", "refresh_token")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in needed):
        raise SettingsError(f"{what} and refresh_token")
    given = {name: str(found[name]) for name in (*needed, "developer_token") if found.get(name)}
    if login := str(found.get("login_customer_id") or "").replace("-", ""):
        given["login_customer_id"] = login
    return given


def _daily_operations(read: _Reader) -> int | None:
    """Google's limit on the project: 15,000 with basic access, 2,880 with explorer access, none with standard."""
    if read.text("GOOGLE_ADS_DAILY_OPERATIONS") == "unlimited":
        return None
    try:
        return read.integer("GOOGLE_ADS_DAILY_OPERATIONS", 15_000, low=1, high=1_000_000_000)
    except SettingsError as problem:
        raise SettingsError(f"{problem}, or unlimited") from problem


def _google(read: _Reader) -> GoogleSettings:
    endpoint = read.text("GOOGLE_ADS_ENDPOINT")
    if endpoint is not None and re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", endpoint) is None:
        raise SettingsError("GOOGLE_ADS_ENDPOINT must be host or host:port, without a scheme")
    ca_file = read.text("GOOGLE_ADS_CA_FILE")
    if ca_file is not None and not Path(ca_file).is_file():
        raise SettingsError("GOOGLE_ADS_CA_FILE must be the path of a readable PEM file")
    https = ("https",)
    given = _google_ads_yaml(read)
    return GoogleSettings(
        endpoint=endpoint,
        ca_file=ca_file,
        api_version=read.choice("GOOGLE_ADS_API_VERSION", "v26", API_VERSIONS),
        client_id=read.text("GOOGLE_ADS_CLIENT_ID") or given.get("client_id"),
        client_secret=read.secret("GOOGLE_ADS_CLIENT_SECRET") or given.get("client_secret"),
        developer_token=read.secret("GOOGLE_ADS_DEVELOPER_TOKEN") or given.get("developer_token"),
        refresh_token=read.secret("GOOGLE_ADS_REFRESH_TOKEN") or given.get("refresh_token"),
        configuration_file=read.text("GOOGLE_ADS_CONFIGURATION_FILE"),
        customer_id=_customer_id(read, "GOOGLE_ADS_CUSTOMER_ID"),
        login_customer_id=_customer_id(read, "GOOGLE_ADS_LOGIN_CUSTOMER_ID") or given.get("login_customer_id"),
        daily_operations=_daily_operations(read),
        authorize_uri=_url(
            read, "GOOGLE_OAUTH_AUTHORIZE_URI", "https://accounts.google.com/o/oauth2/v2/auth", schemes=https
        ),
        token_uri=_url(read, "GOOGLE_OAUTH_TOKEN_URI", "https://oauth2.googleapis.com/token", schemes=https),
        tokeninfo_uri=_url(
            read, "GOOGLE_OAUTH_TOKENINFO_URI", "https://oauth2.googleapis.com/tokeninfo", schemes=https
        ),
        revoke_uri=_url(read, "GOOGLE_OAUTH_REVOKE_URI", "https://oauth2.googleapis.com/revoke", schemes=https),
    )


UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _entra(read: _Reader) -> EntraSettings | None:
    client_id = read.text("ENTRA_CLIENT_ID")
    if client_id is None:
        return None
    tenants = tuple(tid.lower() for tid in read.items("ENTRA_TENANTS"))
    if not tenants or not all(UUID_TEXT.fullmatch(tid) for tid in tenants):
        raise SettingsError("ENTRA_TENANTS must list the ids of the directories that may sign in, as UUIDs")
    issuer = read.text("ENTRA_ISSUER", "https://login.microsoftonline.com/{tid}/v2.0") or ""
    loopback = urlsplit(issuer).hostname in ("127.0.0.1", "localhost")
    if not issuer.startswith("https://") and not (issuer.startswith("http://") and loopback):
        raise SettingsError("ENTRA_ISSUER must begin with https:// and may hold {tid}")
    groups = []
    for item in read.items("ENTRA_GROUP_ROLES"):
        group, _, role = item.partition("=")
        if not group or role.lower() not in ("viewer", "editor", "publisher", "admin"):
            raise SettingsError("ENTRA_GROUP_ROLES must be group-id=viewer|editor|publisher|admin, separated by commas")
        groups.append((group.strip().lower(), role.strip().upper()))
    return EntraSettings(
        client_id=client_id,
        client_secret=read.required("ENTRA_CLIENT_SECRET", "the secret of the app registration"),
        issuer_template=issuer.rstrip("/"),
        tenants=tenants,
        organisation=read.text("ENTRA_ORGANISATION"),
        group_roles=tuple(groups),
        api_audience=read.text("ENTRA_API_AUDIENCE"),
    )


def _timing(read: _Reader) -> Timing:
    timing = Timing(
        job_lease=read.number("JOB_LEASE_SECONDS", 30, low=0.5, high=3600),
        job_sweep=read.number("JOB_SWEEP_SECONDS", 5, low=0.2, high=3600),
        visibility_timeout=read.integer("VISIBILITY_TIMEOUT_SECONDS", 3600, low=1, high=86_400),
        publish_deadline=read.number("PUBLISH_DEADLINE_SECONDS", 60, low=0.5, high=3600),
        publish_grace=read.number("PUBLISH_GRACE_SECONDS", 30, low=0.1, high=3600),
        retry_backoff=read.number("RETRY_BACKOFF_SECONDS", 5, low=0.05, high=3600),
        read_deadline=read.number("READ_DEADLINE_SECONDS", 300, low=0.5, high=7200),
        stale_read=read.number("STALE_READ_SECONDS", 60, low=0, high=3600),
    )
    if timing.job_sweep > timing.job_lease:
        raise SettingsError("JOB_SWEEP_SECONDS must not be longer than JOB_LEASE_SECONDS")
    return timing


ORIGIN = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _refuse_in_production(settings: Settings) -> None:
    if len(settings.secret_key) < SHORT_SECRET or settings.secret_key.lower() in DEFAULT_SECRETS:
        raise SettingsError("SECRET_KEY must be at least 32 random characters in production")
    if settings.google.endpoint not in (None, GOOGLE_ENDPOINT, f"{GOOGLE_ENDPOINT}:443"):
        raise SettingsError(f"GOOGLE_ADS_ENDPOINT must be unset or {GOOGLE_ENDPOINT} in production")
    for name in ("authorize_uri", "token_uri", "tokeninfo_uri", "revoke_uri"):
        host = urlsplit(getattr(settings.google, name)).hostname or ""
        if host != "accounts.google.com" and not host.endswith(".googleapis.com"):
            raise SettingsError(f"GOOGLE_OAUTH_{name.upper()} must be unset or an address of Google's in production")
    public = urlsplit(settings.public_url)
    if public.scheme != "https" and public.hostname not in LOOPBACK:
        raise SettingsError("PUBLIC_URL must begin with https:// in production: cookies are for https only")
    if settings.asset_fetch_allow:
        raise SettingsError("ASSET_FETCH_ALLOW must not be set in production: it admits private addresses")
    redis = urlsplit(settings.redis_url)
    if not redis.password and "password" not in parse_qs(redis.query):
        raise SettingsError("REDIS_URL must carry a password in production: redis://:password@host:6379/0")
    database = urlsplit(settings.database_url)
    if (database.password or "") in DEFAULT_SECRETS | {"postgres", "cw_app"}:
        raise SettingsError("DATABASE_URL must carry a password of its own in production, not a default one")
    if settings.entra and not settings.entra.issuer_template.startswith("https://"):
        raise SettingsError("ENTRA_ISSUER must begin with https:// in production")
    if not settings.google.client_id or not settings.google.client_secret:
        raise SettingsError("GOOGLE_ADS_CLIENT_ID and GOOGLE_ADS_CLIENT_SECRET must be set in production")


def build_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting from a mapping of variables.

    Raises:
        SettingsError: the first setting found missing or malformed.
    """
    read = _Reader(environ)
    app_env = read.choice("APP_ENV", "development", ("development", "test", "production"))
    if read.text("FLASK_DEBUG", "0") not in ("0", "false", "False") and app_env == "production":
        raise SettingsError("FLASK_DEBUG must be unset in production")
    database_url = _database_url(
        "DATABASE_URL", read.required("DATABASE_URL", "postgresql://user:password@host:port/database")
    )
    migration_url = read.secret("MIGRATION_DATABASE_URL")
    host = read.text("API_HOST", "127.0.0.1") or "127.0.0.1"
    port = read.integer("API_PORT", 8000, low=0, high=65535)
    stream_port = read.integer("STREAM_PORT", 8001, low=0, high=65535)
    settings = Settings(
        app_env=app_env,
        secret_key=read.required("SECRET_KEY", "at least 32 random characters"),
        master_keys=parse_master_keys(
            read.required("APP_MASTER_KEY", "v1:<base64 of 32 random bytes>, see docs/operations.md")
        ),
        database_url=database_url,
        migration_database_url=_database_url("MIGRATION_DATABASE_URL", migration_url)
        if migration_url
        else database_url,
        redis_url=_redis_url(read),
        api_host=host,
        api_port=port,
        stream_port=stream_port,
        public_url=_url(read, "PUBLIC_URL", f"http://127.0.0.1:{port}"),
        stream_url=_url(read, "STREAM_URL", f"http://127.0.0.1:{stream_port}"),
        cors_origins=read.items("CORS_ORIGINS"),
        max_body_bytes=read.integer("MAX_BODY_BYTES", 1 << 20, low=1024, high=1 << 30),
        asset_fetch_allow=read.items("ASSET_FETCH_ALLOW"),
        asset_fetch_ca_file=read.text("ASSET_FETCH_CA_FILE"),
        log_level=read.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        prometheus_dir=read.text("PROMETHEUS_MULTIPROC_DIR"),
        rate_limit=read.text("RATE_LIMIT", "600 per minute") or "600 per minute",
        database_pool=read.integer("DATABASE_POOL", 10, low=1, high=200),
        api_threads=read.integer("API_THREADS", 8, low=1, high=256),
        trusted_proxies=read.integer("TRUSTED_PROXIES", 0, low=0, high=10),
        google=_google(read),
        entra=_entra(read),
        timing=_timing(read),
    )
    if not all(ORIGIN.fullmatch(origin) for origin in settings.cors_origins):
        # Anything else would be taken for a pattern, and `https://*.example.com` also matches https://evilexample.com.
        raise SettingsError("CORS_ORIGINS must list origins such as https://hub.example.com; * is refused")
    if settings.production:
        _refuse_in_production(settings)
    return settings


def load_settings() -> Settings:
    """Read the settings of this process from `.env` (if there is one) and the environment, which wins.

    Raises:
        SettingsError: a setting is missing or malformed.
    """
    path = Path(os.environ.get("ENV_FILE") or ROOT / ".env")
    from_file = {name: value for name, value in dotenv_values(path).items() if value is not None}
    return build_settings({**from_file, **os.environ})


def settings_of_this_process() -> Settings:
    """Read the settings at the start of a server or command: a bad one ends the process with its one line."""
    try:
        return load_settings()
    except SettingsError as problem:
        sys.exit(f"The start stops: {problem}")
