"""Fetches an address that a user typed, without letting it reach anything private.

https only; private, loopback, link-local, metadata and mapped addresses are refused after resolution and after every
redirect (requests-hardened pins the address it checked); size and time are bounded. `allow` admits listed `host:port`
pairs in development, where the sandbox serves demo images on loopback.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError

from backend.core.cut_off import cut_at

MAX_REDIRECTS = 3
CHUNK = 64 * 1024
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
TOTAL_TIMEOUT_S = 20.0
MAX_URL_LENGTH = 2048
BROKE_OFF = "The download broke off."
USER_AGENT = "CampaignWizard-asset-fetch/1"
PRIVATE_SUFFIXES = ("localhost", "local", "internal", "home.arpa", "lan")


class FetchError(Exception):
    """The address could not be fetched; `code` says why, `retryable` whether another try may help.

    Codes: url_malformed, url_not_https, url_private, fetch_failed, fetch_status, fetch_too_large, fetch_timeout,
    fetch_redirects.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of an answer and the type its server claims."""

    data: bytes = field(repr=False)
    content_type: str
    url: str


def check_public_url(url: str, allow: Sequence[str] = ()) -> None:
    """Refuse an address by its text alone: not https, credentials inside, a literally private host.

    Raises:
        FetchError: url_malformed, url_not_https or url_private.
    """
    parts = _split(url)
    host = _host(parts)
    if parts.scheme != "https":
        raise FetchError("url_not_https", "The address must begin with https://.")
    if parts.username is not None or parts.password is not None:
        raise FetchError("url_malformed", "The address must not carry a user name or password.")
    if f"{host}:{parts.port or 443}" in allow:
        return
    if host.rstrip(".").rsplit(".", 1)[-1] in PRIVATE_SUFFIXES or host.rstrip(".").endswith("home.arpa"):
        raise FetchError("url_private", "The address is private: it must be reachable on the public internet.")
    literal = _literal_address(host)
    if literal is not None and (not literal.is_global or literal.is_multicast):
        raise FetchError("url_private", "The address is private: it must be reachable on the public internet.")


def fetch_public(
    url: str,
    max_bytes: int,
    allow: Sequence[str] = (),
    *,
    ca_file: str | None = None,
    total_timeout_s: float = TOTAL_TIMEOUT_S,
) -> Fetched:
    """Download a public https address.

    Args:
        url: what the user typed.
        max_bytes: the largest answer that is kept; a longer one is refused, not cut.
        allow: `host:port` pairs that may be private (development only).
        ca_file: PEM bundle to trust instead of certifi's (the sandbox's bundle holds both).
        total_timeout_s: the longest that the whole download may take.

    Raises:
        FetchError: with the reason as `code`.
    """
    deadline = time.monotonic() + total_timeout_s
    for _ in range(MAX_REDIRECTS + 1):
        check_public_url(url, allow)
        with _session(url, allow) as session, cut_at(session, deadline):
            answer = _get(session, url, ca_file, deadline)
            with answer:
                location = answer.headers.get("Location")
                if answer.is_redirect and location:
                    url = urljoin(url, location)
                    continue
                if answer.status_code != 200:
                    raise FetchError(
                        "fetch_status",
                        f"The server answered {answer.status_code}.",
                        retryable=answer.status_code >= 500 or answer.status_code == 429,
                    )
                content_type = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
                return Fetched(_read(answer, max_bytes, deadline), content_type, url)
    raise FetchError("fetch_redirects", f"The address redirects more than {MAX_REDIRECTS} times.")


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL_LENGTH or any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in url):
        raise FetchError("url_malformed", "The address is not a web address.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FetchError("url_malformed", "The address is not a web address.") from error
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname
    if not host:
        raise FetchError("url_malformed", "The address names no host.")
    try:
        return host.lower() if ":" in host else host.encode("idna").decode().lower()
    except UnicodeError as error:
        raise FetchError("url_malformed", "The address names no valid host.") from error


def _literal_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that the host text itself is, in any form a resolver takes: 127.1, 0x7f000001, ::ffff:10.0.0.1."""
    if ":" in host:
        try:
            address = ipaddress.IPv6Address(host.split("%", 1)[0])
        except ValueError as error:
            raise FetchError("url_malformed", "The address names no valid host.") from error
        return address.ipv4_mapped or address
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError):
        return None


def _session(url: str, allow: Sequence[str]) -> requests.Session:
    parts = urlsplit(url)
    allowed = f"{_host(parts)}:{parts.port or 443}" in allow
    session: requests.Session
    if allowed:
        session = requests.Session()
    else:
        session = HTTPSession(
            Config(
                ip_filter_enable=True,
                ip_filter_allow_loopback_ips=False,
                never_redirect=True,
                default_timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            )
        )
    session.trust_env = False  # a proxy or netrc from the environment must not carry a user's request
    return session


def _get(session: requests.Session, url: str, ca_file: str | None, deadline: float) -> requests.Response:
    try:
        return session.get(
            url,
            stream=True,
            allow_redirects=False,
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            verify=ca_file or True,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Accept": "*/*"},
        )
    except InvalidIPAddress as error:
        raise FetchError("url_private", "The address leads to a private network.") from error
    except requests.Timeout as error:
        raise FetchError("fetch_timeout", "The server did not answer in time.", retryable=True) from error
    except requests.ConnectionError as error:
        if time.monotonic() >= deadline:
            raise FetchError("fetch_timeout", "The server did not answer in time.", retryable=True) from error
        if isinstance(error, requests.exceptions.SSLError):
            raise FetchError("fetch_failed", "The server's certificate is not valid.") from error
        raise FetchError("fetch_failed", "The server could not be reached.", retryable=True) from error
    except (requests.RequestException, ValueError) as error:
        raise FetchError("url_malformed", "The address is not a web address.") from error


def _read(answer: requests.Response, max_bytes: int, deadline: float) -> bytes:
    """Read the body piece by piece: never more than `max_bytes`, never past the deadline."""
    too_large = FetchError("fetch_too_large", f"The file is larger than {max_bytes} bytes.")
    too_slow = FetchError("fetch_timeout", "The download took too long.", retryable=True)
    if answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise FetchError("fetch_failed", "The server compressed an answer that was asked for as it is.")
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > max_bytes:
        raise too_large
    data = bytearray()
    try:
        while chunk := answer.raw.read1(CHUNK, decode_content=False):
            data += chunk
            if len(data) > max_bytes:
                raise too_large
            if time.monotonic() >= deadline:
                raise too_slow
        if time.monotonic() >= deadline:  # the connection was cut, which reads like an end
            raise too_slow
    except TimeoutError as error:
        raise FetchError("fetch_timeout", "The server stopped sending.", retryable=True) from error
    except (HTTPError, OSError) as error:
        if time.monotonic() >= deadline:
            raise too_slow from error
        raise FetchError("fetch_failed", BROKE_OFF, retryable=True) from error
    if length.isdigit() and len(data) != int(length):
        raise FetchError("fetch_failed", BROKE_OFF, retryable=True)
    return bytes(data)
