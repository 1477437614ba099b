"""OpenID Connect, as far as signing in and bearer tokens need it: discovery, the code flow, verified tokens.

A token is only believed when its signature is by a key of the issuer's JWKS, its algorithm is one of `ALGORITHMS`
(never `none`, never a shared secret), and `iss`, `aud`, `exp`, `iat`, `sub` are there and right; an ID token also needs
our `nonce`. Authlib sends, joserfc verifies; neither makes a claim essential by itself, so every one is named here.
Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7.
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import requests
from authlib.integrations.base_client import OAuthError as AuthlibError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend.integrations.oauth.google import ClientRefused, CodeRefused, ProviderUnavailable, TokenRefused

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
SCOPE = "openid profile email"
TIMEOUT_S = 10
KEPT_S = 3600.0
REFETCH_AFTER_S = 30.0
LEEWAY_S = 60


if TYPE_CHECKING:
    from joserfc._keys import KeySetSerialization


@dataclass(slots=True)
class Provider:
    """An issuer: where it is asked, and the keys it signs with (fetched again when a new one turns up)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    _keys: KeySet | None = None
    _fetched_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keys(self, *, fresh: bool = False) -> KeySet:
        """The issuer's public keys.

        Raises:
            ProviderUnavailable
        """
        with self._lock:
            age = time.monotonic() - self._fetched_at
            if self._keys is None or age > KEPT_S or (fresh and age > REFETCH_AFTER_S):
                self._keys = KeySet.import_key_set(cast("KeySetSerialization", _get(self.jwks_uri)))
                self._fetched_at = time.monotonic()
            return self._keys


def discover(issuer: str) -> Provider:
    """Read an issuer's own description.

    Raises:
        ProviderUnavailable: it cannot be read, or describes another issuer.
    """
    found = _get(f"{issuer}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise ProviderUnavailable("The identity provider describes another issuer.", reason="issuer_mismatch")
    try:
        return Provider(issuer, found["authorization_endpoint"], found["token_endpoint"], found["jwks_uri"])
    except KeyError as missing:
        raise ProviderUnavailable("The identity provider's description lacks a member.", reason=str(missing)) from None


def authorization_url(
    provider: Provider, *, client_id: str, redirect_uri: str, state: str, nonce: str, verifier: str
) -> str:
    """Where to send the browser: code flow with PKCE S256 and a nonce."""
    with OAuth2Session(client_id, redirect_uri=redirect_uri, scope=SCOPE, code_challenge_method="S256") as session:
        url, _ = session.create_authorization_url(
            provider.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier, response_mode="query"
        )
    return str(url)


def exchange(
    provider: Provider, *, client_id: str, client_secret: str, redirect_uri: str, code: str, verifier: str
) -> str:
    """Exchange the code; answers the ID token, not yet believed.

    Raises:
        CodeRefused, ClientRefused, ProviderUnavailable
    """
    try:
        with OAuth2Session(client_id, client_secret, redirect_uri=redirect_uri) as session:
            answer = session.fetch_token(
                provider.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                timeout=TIMEOUT_S,
            )
    except AuthlibError as error:
        if error.error in ("invalid_client", "unauthorized_client"):
            raise ClientRefused("The identity provider refused our client.", reason=error.error) from None
        raise CodeRefused("The identity provider refused the code.", reason=str(error.error)) from None
    except (requests.RequestException, ValueError) as error:
        raise ProviderUnavailable("The identity provider cannot be reached.", reason=type(error).__name__) from None
    id_token = answer.get("id_token")
    if not isinstance(id_token, str):
        raise CodeRefused("The identity provider sent no ID token.", reason="no_id_token")
    return id_token


def verified(
    provider: Provider, token: str, *, audience: str, nonce: str | None = None, now: int | None = None
) -> dict[str, Any]:
    """The claims of a token that this issuer signed for this audience, and that is in force.

    Args:
        nonce: for an ID token, the one we sent; it must be in the token.
        now: seconds since the epoch; the system's clock when None.

    Raises:
        TokenRefused: it does not hold; the reason is not told to the caller of the API.
        ProviderUnavailable: the keys cannot be fetched.
    """
    try:
        claims = _decode(provider, token)
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        registry.validate(claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise TokenRefused("The token does not hold.", reason=type(error).__name__) from None
    if nonce is not None and not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise TokenRefused("The token was made for another sign-in.", reason="nonce")
    return claims


def claimed_issuer(token: str) -> str | None:
    """Whom a token says it is from, before anything about it is believed; so that nobody else is asked for keys."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        return None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None


def _decode(provider: Provider, token: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, provider.keys(), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError):
        return jwt.decode(token, provider.keys(fresh=True), algorithms=ALGORITHMS).claims


def _get(url: str) -> dict[str, Any]:
    try:
        answer = requests.get(url, timeout=TIMEOUT_S)
        answer.raise_for_status()
        document = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise ProviderUnavailable("The identity provider cannot be reached.", reason=type(error).__name__) from None
    if not isinstance(document, dict):
        raise ProviderUnavailable("The identity provider answered nonsense.", reason="not_an_object")
    return document
