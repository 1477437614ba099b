"""An OAuth server that answers what no honest one would: wrong audience, no refresh token, fewer scopes, nonsense."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADS = "https://www.googleapis.com/auth/adwords"


class FakeGoogle:
    """`answers[path] = (status, document)`; `asked` lists the forms that came in."""

    def __init__(self, folder: Path, client_id: str) -> None:
        self.ca_file = folder / "fake-google.pem"
        key_file = folder / "fake-google.key"
        _write_certificate(self.ca_file, key_file)
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.answers: dict[str, tuple[int, Any]] = {
            "/token": (
                200,
                {"access_token": "ya29.fake", "refresh_token": "1//fake", "scope": ADS, "expires_in": 3599},
            ),
            "/tokeninfo": (200, {"aud": client_id, "sub": "1234", "email": "a@example.com", "scope": ADS}),
            "/revoke": (200, {}),
        }
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fake.asked.append((self.path, parse_qs(body)))
                status, document = fake.answers[self.path]
                raw = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, key_file)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def settings(self) -> dict[str, str]:
        """The fields of GoogleSettings that lead here."""
        names = ("token", "tokeninfo", "revoke")
        return {f"{name}_uri": f"{self.url}/{name}" for name in names} | {"ca_file": str(self.ca_file)}

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _write_certificate(certificate: Path, key_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake google")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
