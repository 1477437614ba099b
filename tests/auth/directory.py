"""Identity providers for tests: a real OIDC provider in a process of its own, and one whose tokens we forge."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

TID = "11111111-2222-3333-4444-555555555555"


class RealProvider:
    """`oidc-provider-mock` as its own process; the browser signs in by choosing a person."""

    def __init__(self, port: int, people: list[dict[str, Any]]) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
        for person in people:
            command += ["--user-claims", json.dumps(person)]
        self.issuer = f"http://localhost:{port}"
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, "the provider did not start"
            assert self._process.poll() is None, "the provider ended"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=2).ok
        except requests.ConnectionError:
            return False

    def sign_in(self, address: str, sub: str) -> dict[str, str]:
        """What the browser brings back after the person `sub` was chosen."""
        answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)


class ForgingProvider:
    """An issuer whose token endpoint answers whatever the test wants; `claims` and `sign` shape the ID token."""

    def __init__(self, client_id: str) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "right", "use": "sig", "alg": "RS256"}, private=True)
        self.client_id = client_id
        self.nonce = ""
        self.changes: dict[str, Any] = {}
        self.sign: Any = self.signed
        self.without_id_token = False
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith("/jwks"):
                    self._answer(KeySet([provider.key]).as_dict(private=False))
                    return
                at = provider.issuer
                self._answer(
                    {
                        "issuer": at,
                        "authorization_endpoint": f"{at}/authorize",
                        "token_endpoint": f"{at}/token",
                        "jwks_uri": f"{at}/jwks",
                    }
                )

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                answer = {"access_token": "x", "token_type": "Bearer", "expires_in": 60}
                if not provider.without_id_token:
                    answer["id_token"] = provider.sign(provider.claims())
                self._answer(answer)

            def _answer(self, document: Any) -> None:
                raw = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def claims(self) -> dict[str, Any]:
        """The ID token of an honest provider, with the test's changes; None takes a claim out."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "subject",
            "tid": TID,
            "oid": "99999999-8888-7777-6666-555555555555",
            "name": "Forged",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "roles": ["editor"],
        }
        return {name: value for name, value in {**honest, **self.changes}.items() if value is not None}

    def signed(self, claims: dict[str, Any]) -> str:
        """Signed as it should be."""
        return jwt.encode({"alg": "RS256", "kid": "right"}, claims, self.key)

    def signed_by_another(self, claims: dict[str, Any]) -> str:
        """Signed by a key that is not in the set, under the right name."""
        other = RSAKey.generate_key(2048, {"kid": "right"}, private=True)
        return jwt.encode({"alg": "RS256", "kid": "right"}, claims, other)

    def unsigned(self, claims: dict[str, Any]) -> str:
        """With the algorithm `none`."""
        return jwt.encode({"alg": "none"}, claims, OctKey.import_key("x" * 32), algorithms=["none"])

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """HS256 with the public key as its secret: the confusion of algorithms."""
        parts = [{"alg": "HS256", "kid": "right", "typ": "JWT"}, claims]
        text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        signature = hmac.new(self.key.as_pem(private=False), text, hashlib.sha256).digest()
        return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()

    def signed_with_an_unknown_kind(self, claims: dict[str, Any]) -> str:
        """By a fresh EC key that nobody published."""
        return jwt.encode({"alg": "ES256", "kid": "other"}, claims, ECKey.generate_key("P-256"))

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
