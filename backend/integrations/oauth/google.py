"""Google's OAuth 2.0 web-server flow: the address to send a browser to, the exchange, tokeninfo, revocation.

    OAuthError               carries `reason`, Google's own word where there is one
    ├── CodeRefused          the code is used, expired, or was made for another verifier
    ├── TokenRefused         the access token is not what it should be
    ├── ClientRefused        our client id or secret is wrong: an operator must act
    └── ProviderUnavailable  Google could not be reached, or stumbled; try again

Source: developers.google.com/identity/protocols/oauth2/web-server. State and PKCE verifier belong to the caller.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

import requests
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session

from config import GoogleSettings

SCOPE_ADS = "https://www.googleapis.com/auth/adwords"
SCOPES = (SCOPE_ADS, "openid", "email")
TIMEOUT_S = 10
CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client", "redirect_uri_mismatch", "unsupported_grant_type"})


class OAuthError(Exception):
    """The flow cannot go on."""

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


class CodeRefused(OAuthError):
    """Google did not take the authorization code."""


class TokenRefused(OAuthError):
    """Google does not vouch for the access token."""


class ClientRefused(OAuthError):
    """Google does not know our client, or its secret, or the redirect address."""


class ProviderUnavailable(OAuthError):
    """Google could not be reached or failed by itself."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an exchange gave; `refresh_token` is None when Google sent none."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What tokeninfo says of an access token."""

    audience: str
    subject: str
    email: str | None
    scopes: frozenset[str]


def new_verifier() -> str:
    """A PKCE code verifier (RFC 7636): 86 unreserved characters, 512 random bits."""
    return secrets.token_urlsafe(64)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def authorization_url(google: GoogleSettings, *, redirect_uri: str, state: str, verifier: str) -> str:
    """Where to send the browser: offline access, a consent every time (else no refresh token comes back)."""
    with _session(google, redirect_uri, scopes=SCOPES) as session:
        url, _ = session.authorization_url(
            google.authorize_uri,
            state=state,
            access_type="offline",
            prompt="consent",
            code_challenge=challenge_of(verifier),
            code_challenge_method="S256",
        )
    return str(url)


def exchange(google: GoogleSettings, *, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """Exchange an authorization code, server to server.

    Raises:
        CodeRefused, ClientRefused, ProviderUnavailable
    """
    try:
        with _session(google, redirect_uri) as session:
            answer: dict[str, Any] = session.fetch_token(
                google.token_uri,
                code=code,
                code_verifier=verifier,
                client_secret=google.client_secret,
                include_client_id=True,
                timeout=TIMEOUT_S,
                # Said with the call: the session's own setting loses against REQUESTS_CA_BUNDLE in the environment.
                verify=google.ca_file or True,  # type: ignore[arg-type]  # a path is fine with requests
            )
    except OAuth2Error as error:
        # `from None`: the original may carry the request, and with it the code.
        if error.error in CLIENT_ERRORS:
            raise ClientRefused("Google refused our OAuth client.", reason=error.error) from None
        raise CodeRefused("Google refused the authorization code.", reason=error.error or "unknown") from None
    except (requests.RequestException, ValueError) as error:
        raise ProviderUnavailable("Google's token server could not be reached.", reason=type(error).__name__) from None
    scope = answer.get("scope") or ""
    scopes = frozenset(scope if isinstance(scope, list) else str(scope).split())
    return Tokens(str(answer["access_token"]), answer.get("refresh_token"), scopes)


def tokeninfo(google: GoogleSettings, access_token: str) -> TokenInfo:
    """Ask Google whose token this is and for whom it was made; the token travels in the body, never in an address.

    Raises:
        TokenRefused, ProviderUnavailable
    """
    answer = _post(google, google.tokeninfo_uri, {"access_token": access_token})
    if answer.status_code >= 500:
        raise ProviderUnavailable("Google's tokeninfo server failed.", reason=str(answer.status_code))
    document = _json(answer)
    if answer.status_code != 200 or "aud" not in document:
        raise TokenRefused("Google does not vouch for the token.", reason=str(document.get("error", "invalid_token")))
    return TokenInfo(
        audience=str(document["aud"]),
        subject=str(document.get("sub") or document.get("user_id") or ""),
        email=document.get("email"),
        scopes=frozenset(str(document.get("scope", "")).split()),
    )


def revoke(google: GoogleSettings, token: str) -> bool:
    """Withdraw a consent at Google; True when it is withdrawn, or was not valid any more.

    Raises:
        ProviderUnavailable: Google could not be reached, so the consent may still stand.
    """
    answer = _post(google, google.revoke_uri, {"token": token})
    if answer.status_code == 200:
        return True
    if answer.status_code == 400 and _json(answer).get("error") == "invalid_token":
        return True
    raise ProviderUnavailable("Google did not revoke the consent.", reason=str(answer.status_code))


def _session(google: GoogleSettings, redirect_uri: str, scopes: tuple[str, ...] | None = None) -> OAuth2Session:
    return OAuth2Session(google.client_id, redirect_uri=redirect_uri, scope=list(scopes) if scopes else None)


def _post(google: GoogleSettings, url: str, form: dict[str, str]) -> requests.Response:
    try:
        return requests.post(url, data=form, timeout=TIMEOUT_S, verify=google.ca_file or True)
    except requests.RequestException as error:
        raise ProviderUnavailable("Google could not be reached.", reason=type(error).__name__) from None


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
