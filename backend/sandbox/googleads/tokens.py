"""Google users and their tokens: what OAuth hands out and what the API accepts.

Access tokens are signed statements that name their grant, so they survive a restart; a grant is a refresh token (kept
in the store by its hash) or a service account. Tokens live by real time, not by the sandbox's movable clock, because
the client that holds them does too.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from backend.sandbox.googleads.errors import refuse
from backend.sandbox.googleads.store import Commit, Store

ADWORDS_SCOPE = "https://www.googleapis.com/auth/adwords"
ACCESS_TOKEN_SECONDS = 3599
SERVICE_ACCOUNT = "sandbox@campaign-sandbox.iam.gserviceaccount.com"
_BUCKET = "grants"


@dataclass(frozen=True, slots=True)
class Grant:
    """One consent of one user to one client. `id` is the hash of its refresh token."""

    id: str
    email: str
    client_id: str
    scope: str
    created: float
    number: int  # rises with every grant; the oldest goes first
    revoked: bool = False
    expires: float | None = None  # real time; None lives on
    access_after: float = 0.0  # access tokens issued before this moment count as expired


class InvalidGrant(Exception):
    """The refresh token is unknown, expired or revoked; `reason` is Google's error_description."""

    def __init__(self, reason: str = "Token has been expired or revoked.") -> None:
        super().__init__(reason)
        self.reason = reason


class Tokens:
    """All grants of a sandbox."""

    def __init__(self, store: Store, live_limit: int = 100) -> None:
        self._store, self._lock = store, threading.RLock()
        self.live_limit = live_limit
        self.lifetime_s: float | None = None  # of refresh tokens issued from now on
        meta = store.meta()
        self._key = bytes.fromhex(meta.get("token_key") or secrets.token_hex(32))
        self.client_id = meta.get("client_id") or f"{secrets.randbelow(10**12):012d}-sandbox.apps.googleusercontent.com"
        self.client_secret = meta.get("client_secret") or f"GOCSPX-{secrets.token_urlsafe(21)}"
        self._grants = {key: Grant(**json.loads(data)) for key, data in store.documents(_BUCKET).items()}
        facts = (("token_key", self._key.hex()), ("client_id", self.client_id), ("client_secret", self.client_secret))
        store.commit(Commit(meta=facts))

    def consented(self, email: str, client_id: str) -> bool:
        """Whether the user has a live grant for this client (then Google sends no second refresh token)."""
        return any(
            self._live(grant) and (grant.email, grant.client_id) == (email, client_id) for grant in self.grants()
        )

    def grants(self) -> list[Grant]:
        """All grants, oldest first."""
        with self._lock:
            return sorted(self._grants.values(), key=lambda grant: grant.number)

    def issue(self, email: str, client_id: str, scope: str) -> str:
        """A new refresh token; beyond the limit of live ones the oldest dies silently."""
        with self._lock:
            token = f"1//{secrets.token_urlsafe(48)}"
            number = max((grant.number for grant in self._grants.values()), default=0) + 1
            expires = time.time() + self.lifetime_s if self.lifetime_s else None
            self._keep(Grant(_hash(token), email, client_id, scope, time.time(), number, expires=expires))
            live = [g for g in self.grants() if self._live(g) and (g.email, g.client_id) == (email, client_id)]
            for grant in live[: max(0, len(live) - self.live_limit)]:
                self._keep(replace(grant, revoked=True))
            return token

    def refresh(self, refresh_token: str, client_id: str) -> tuple[str, Grant]:
        """(new access token, its grant). Raises InvalidGrant."""
        grant = self._grants.get(_hash(refresh_token))
        if grant is None or grant.client_id != client_id:
            raise InvalidGrant("Bad Request")
        if not self._live(grant):
            raise InvalidGrant
        return self.access_token(grant.id, grant.email, grant.scope), grant

    def access_token(self, grant_id: str, email: str, scope: str, lifetime_s: float = ACCESS_TOKEN_SECONDS) -> str:
        """A signed access token."""
        now = time.time()
        facts = {"g": grant_id, "e": email, "s": scope, "i": now, "x": now + lifetime_s, "n": secrets.token_hex(6)}
        body = base64.urlsafe_b64encode(json.dumps(facts).encode()).rstrip(b"=")
        return f"ya29.{body.decode()}.{self._sign(body)}"

    def facts(self, access_token: str) -> dict[str, object] | None:
        """What a well-signed access token states, or None."""
        pieces = access_token.split(".")
        if (
            len(pieces) != 3
            or pieces[0] != "ya29"
            or not hmac.compare_digest(self._sign(pieces[1].encode()), pieces[2])
        ):
            return None
        facts: dict[str, object] = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
        return facts

    def state(self, facts: dict[str, object]) -> str:
        """ "live", "expired" or "revoked"."""
        grant = self._grants.get(str(facts["g"]))
        if grant is not None and grant.revoked:
            return "revoked"
        if grant is None and facts["g"] not in ("service_account", "online"):
            return "revoked"
        since = grant.access_after if grant is not None else 0.0
        dead = float(str(facts["x"])) < time.time() or float(str(facts["i"])) < since
        return "expired" if dead else "live"

    def user_of(self, authorization: str) -> str:
        """The user of an `authorization` header; raises the Refusal that the API would."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or not token:
            raise refuse("authentication_error", "OAUTH_TOKEN_HEADER_INVALID")
        facts = self.facts(token)
        if facts is None:
            raise refuse("authentication_error", "OAUTH_TOKEN_INVALID")
        state = self.state(facts)
        if state != "live":
            raise refuse("authentication_error", f"OAUTH_TOKEN_{state.upper()}")
        if ADWORDS_SCOPE not in str(facts["s"]).split():
            raise refuse(
                "authorization_error", "ACTION_NOT_PERMITTED", "Request had insufficient authentication scopes."
            )
        return str(facts["e"])

    def revoke(self, token: str) -> bool:
        """Revoke by refresh or access token; False when it names nothing live."""
        facts = self.facts(token)
        grant = self._grants.get(str(facts["g"]) if facts else _hash(token))
        if grant is None or grant.revoked:
            return False
        self._keep(replace(grant, revoked=True))
        return True

    def change(self, chosen: Callable[[Grant], bool], *, revoke: bool = False, expire_access: bool = False) -> int:
        """Revoke or age the tokens of the chosen grants (admin); how many were changed."""
        count = 0
        for grant in self.grants():
            if chosen(grant) and self._live(grant):
                after = time.time() if expire_access else grant.access_after
                self._keep(replace(grant, revoked=grant.revoked or revoke, access_after=after))
                count += 1
        return count

    def _live(self, grant: Grant) -> bool:
        return not grant.revoked and (grant.expires is None or grant.expires > time.time())

    def _keep(self, grant: Grant) -> None:
        with self._lock:
            self._grants[grant.id] = grant
            self._store.commit(Commit(documents=((_BUCKET, grant.id, json.dumps(asdict(grant))),)))

    def _sign(self, body: bytes) -> str:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
