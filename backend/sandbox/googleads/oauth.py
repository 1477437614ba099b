"""Google's OAuth endpoints as a small Flask blueprint: authorize page, token, tokeninfo, userinfo, revoke.

A person picks one of the sandbox's users on the page; a script posts the same form with `approve=1` and `login_hint`
(or `user`), or opens the page with `approve=1&login_hint=…`. PKCE is checked with S256.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import google.auth.jwt
from flask import Blueprint, Response, jsonify, redirect, render_template_string, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from backend.sandbox.googleads.tokens import ACCESS_TOKEN_SECONDS, ADWORDS_SCOPE, SERVICE_ACCOUNT, InvalidGrant, Tokens

CODE_SECONDS = 600
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in - Google Ads sandbox</title>
<h1>Choose an account</h1><p>{{ client }} asks for: {{ scope }}</p>
{% for email in users %}<form method="post">{% for k, v in fields %}<input type="hidden" name="{{ k }}" value="{{ v }}">
{% endfor %}<input type="hidden" name="user" value="{{ email }}">
<button name="approve" value="1">Continue as {{ email }}</button></form>{% endfor %}
<form method="post">{% for k, v in fields %}<input type="hidden" name="{{ k }}" value="{{ v }}">{% endfor %}
<button name="approve" value="0">Cancel</button></form></html>"""


@dataclass(frozen=True, slots=True)
class _Code:
    email: str
    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    offline: bool
    expires: float


class OAuthPages:
    """State of the pages: codes that wait to be exchanged, and scripted refusals."""

    def __init__(
        self, tokens: Tokens, users: Callable[[], list[str]], token_fault: Callable[[str], tuple[str, str] | None]
    ) -> None:
        self.tokens, self.users, self._token_fault = tokens, users, token_fault
        self.service_account_key_pem = b""
        self._codes: dict[str, _Code] = {}
        self._lock = threading.Lock()

    def blueprint(self) -> Blueprint:
        """The https endpoints."""
        pages = Blueprint("oauth", __name__)
        pages.add_url_rule("/o/oauth2/v2/auth", "authorize", self.authorize, methods=["GET", "POST"])
        pages.add_url_rule("/token", "token", self.token, methods=["POST"])
        pages.add_url_rule("/tokeninfo", "tokeninfo", self.tokeninfo, methods=["GET", "POST"])
        pages.add_url_rule("/userinfo", "userinfo", self.userinfo)
        pages.add_url_rule("/revoke", "revoke", self.revoke, methods=["GET", "POST"])
        return pages

    def authorize(self) -> AnyResponse | tuple[str, int]:
        """The consent page, and what its buttons do."""
        values = request.values
        problem = self._authorize_problem(values)
        if problem:
            return f"<h1>Error 400: {problem}</h1>", 400
        approve = values.get("approve")
        if approve is None:
            fields = [(k, v) for k, v in values.items(multi=True) if k not in ("user", "approve")]
            page = render_template_string(
                _PAGE, users=self.users(), fields=fields, client=values["client_id"], scope=values.get("scope", "")
            )
            return Response(page)
        email = values.get("user") or values.get("login_hint") or self.users()[0]
        if approve != "1" or email not in self.users():
            return self._back(values, error="access_denied")
        return self._back(values, code=self._new_code(values, email), scope=values.get("scope", ""))

    def _authorize_problem(self, values: "MultiDict[str, str]") -> str:
        if values.get("client_id") != self.tokens.client_id:
            return "invalid_client"
        target = urlsplit(values.get("redirect_uri", ""))
        if target.scheme not in ("http", "https") or not target.netloc:
            return "redirect_uri_mismatch"
        if values.get("response_type") != "code":
            return "unsupported_response_type"
        if values.get("code_challenge") and values.get("code_challenge_method") != "S256":
            return "invalid_request: code_challenge_method must be S256"
        return "" if values.get("scope") else "invalid_scope"

    def _new_code(self, values: "MultiDict[str, str]", email: str) -> str:
        code = f"4/{secrets.token_urlsafe(40)}"
        consent = "consent" in values.get("prompt", "").split()
        offline = values.get("access_type") == "offline" and (
            consent or not self.tokens.consented(email, values["client_id"])
        )
        with self._lock:
            self._codes[code] = _Code(
                email,
                values["client_id"],
                values["redirect_uri"],
                values.get("scope", ""),
                values.get("code_challenge", ""),
                offline,
                time.time() + CODE_SECONDS,
            )
        return code

    @staticmethod
    def _back(values: "MultiDict[str, str]", **answer: str) -> AnyResponse:
        if values.get("state"):
            answer["state"] = values["state"]
        joint = "&" if urlsplit(values["redirect_uri"]).query else "?"
        return redirect(f"{values['redirect_uri']}{joint}{urlencode(answer)}", code=302)

    def token(self) -> tuple[Response, int]:
        """authorization_code, refresh_token and service-account assertions."""
        form = request.form
        grant_type = form.get("grant_type", "")
        if grant_type == _JWT_BEARER:
            return self.service_account_token()
        client_id, client_secret = _client_of_request()
        known = hmac.compare_digest(client_secret, self.tokens.client_secret)
        if client_id != self.tokens.client_id or not known:
            return _oauth_error("invalid_client", "The OAuth client was not found.", 401)
        scripted = self._token_fault(grant_type)
        if scripted is not None:
            return _oauth_error(*scripted)
        if grant_type == "authorization_code":
            return self._exchange(form)
        if grant_type == "refresh_token":
            return self._refresh(form)
        return _oauth_error("unsupported_grant_type", f"Invalid grant_type: {grant_type}")

    def _exchange(self, form: "MultiDict[str, str]") -> tuple[Response, int]:
        with self._lock:
            code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.expires < time.time():
            return _oauth_error("invalid_grant", "Malformed auth code.")
        if code.redirect_uri != form.get("redirect_uri"):
            return _oauth_error("redirect_uri_mismatch", "Bad Request")
        if code.challenge and not _pkce_matches(code.challenge, form.get("code_verifier", "")):
            return _oauth_error("invalid_grant", "Invalid code verifier.")
        answer: dict[str, object] = {"expires_in": ACCESS_TOKEN_SECONDS, "scope": code.scope, "token_type": "Bearer"}
        if code.offline:
            refresh = self.tokens.issue(code.email, code.client_id, code.scope)
            access, _ = self.tokens.refresh(refresh, code.client_id)
            answer |= {"access_token": access, "refresh_token": refresh}
        else:
            answer["access_token"] = self.tokens.access_token("online", code.email, code.scope)
        return jsonify(answer), 200

    def _refresh(self, form: "MultiDict[str, str]") -> tuple[Response, int]:
        try:
            access, grant = self.tokens.refresh(form.get("refresh_token", ""), self.tokens.client_id)
        except InvalidGrant as refused:
            return _oauth_error("invalid_grant", refused.reason)
        answer = {"expires_in": ACCESS_TOKEN_SECONDS, "scope": grant.scope, "token_type": "Bearer"}
        return jsonify({"access_token": access, **answer}), 200

    def service_account_token(self) -> tuple[Response, int]:
        """A signed assertion of the sandbox's service account for an access token."""
        try:
            claims = google.auth.jwt.decode(request.form.get("assertion", ""), certs=self.service_account_key_pem)
        except ValueError as refused:
            return _oauth_error("invalid_grant", f"Invalid JWT: {refused}")
        if claims.get("iss") != SERVICE_ACCOUNT:
            return _oauth_error("invalid_grant", "Invalid grant: account not found")
        email = str(claims.get("sub") or SERVICE_ACCOUNT)
        if email != SERVICE_ACCOUNT and email not in self.users():
            return _oauth_error("invalid_grant", "Invalid email or User ID")
        access = self.tokens.access_token("service_account", email, str(claims.get("scope") or ADWORDS_SCOPE))
        return jsonify({"access_token": access, "expires_in": ACCESS_TOKEN_SECONDS, "token_type": "Bearer"}), 200

    def tokeninfo(self) -> tuple[Response, int]:
        """What an access token is good for."""
        facts = self.tokens.facts(request.values.get("access_token", ""))
        if facts is None or self.tokens.state(facts) != "live":
            return _oauth_error("invalid_token", "Invalid Value")
        left = int(float(str(facts["x"])) - time.time())
        answer: dict[str, object] = {
            "azp": self.tokens.client_id,
            "aud": self.tokens.client_id,
            "sub": _subject(str(facts["e"])),
            "scope": facts["s"],
            "exp": str(int(float(str(facts["x"])))),
            "expires_in": str(left),
            "access_type": "online" if facts["g"] == "online" else "offline",
        }
        if "email" in str(facts["s"]):
            answer |= {"email": facts["e"], "email_verified": "true"}
        return jsonify(answer), 200

    def userinfo(self) -> tuple[Response, int]:
        """OpenID's userinfo."""
        facts = self.tokens.facts(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if facts is None or self.tokens.state(facts) != "live":
            return _oauth_error("invalid_request", "Invalid Credentials", 401)
        email = str(facts["e"])
        return jsonify({"sub": _subject(email), "email": email, "email_verified": True}), 200

    def revoke(self) -> tuple[Response, int]:
        """Revoke a refresh or access token."""
        if self.tokens.revoke(request.values.get("token", "")):
            return jsonify({}), 200
        return _oauth_error("invalid_token", "Token expired or revoked")


def _client_of_request() -> tuple[str, str]:
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        return str(basic.username or ""), str(basic.password or "")
    return request.form.get("client_id", ""), request.form.get("client_secret", "")


def _pkce_matches(challenge: str, verifier: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge)


def _subject(email: str) -> str:
    return str(10**20 + int(hashlib.sha256(email.encode()).hexdigest()[:15], 16))


def _oauth_error(error: str, description: str, status: int = 400) -> tuple[Response, int]:
    return jsonify({"error": error, "error_description": description}), status
