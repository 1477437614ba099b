"""Fetching what a user typed: nothing private is reached by any spelling, size and time are bounded (S17, outside)."""

import http.server
import socket
import threading
import time

import pytest

from backend.core.fetch import FetchError, check_public_url, fetch_public
from tests.auth.fake_google import _write_certificate

PRIVATE = [
    "https://127.0.0.1/x.png",
    "https://127.1/x.png",
    "https://2130706433/x.png",
    "https://0x7f000001/x.png",
    "https://0177.0.0.1/x.png",
    "https://0/x.png",
    "https://localhost/x.png",
    "https://LOCALHOST./x.png",
    "https://x.localhost/x.png",
    "https://intranet.local/x.png",
    "https://db.internal/x.png",
    "https://10.0.0.1/x.png",
    "https://172.16.5.4/x.png",
    "https://192.168.1.1/x.png",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/x.png",
    "https://[::1]/x.png",
    "https://[::ffff:127.0.0.1]/x.png",
    "https://[::ffff:a9fe:a9fe]/x.png",
    "https://[fd00::1]/x.png",
    "https://[fe80::1%25eth0]/x.png",
    "https://224.0.0.1/x.png",
    "https://255.255.255.255/x.png",
    "https://metadata.google.internal/x",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_a_literally_private_address_is_refused_by_its_text(url):
    with pytest.raises(FetchError) as refused:
        check_public_url(url)
    assert refused.value.code in ("url_private", "url_malformed")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/x.png", "url_not_https"),
        ("ftp://example.com/x.png", "url_not_https"),
        ("file:///etc/passwd", "url_malformed"),
        ("https://user:pw@example.com/", "url_malformed"),
        ("https://", "url_malformed"),
        ("https://exa mple.com/", "url_malformed"),
        ("https://example.com:99999/", "url_malformed"),
        ("https://example.com\\@127.0.0.1/", "url_malformed"),
        ("https://example.com/\r\nHost: x", "url_malformed"),
        ("https://" + "a" * 3000 + ".com", "url_malformed"),
    ],
)
def test_what_is_no_public_https_address_is_refused(url, code):
    with pytest.raises(FetchError) as refused:
        check_public_url(url)
    assert refused.value.code == code


@pytest.mark.parametrize("url", ["https://example.com/a.png", "https://8.8.8.8/a.png", "https://bücher.example/a.png"])
def test_a_public_address_passes(url):
    check_public_url(url)


def resolving_to(monkeypatch, address):
    """Every name leads to one address, as a hostile name server could make it."""

    def resolve(host, port, *args, **kwargs):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "100.64.1.1"]
)
def test_a_public_name_that_leads_to_a_private_address_is_refused(monkeypatch, address):
    resolving_to(monkeypatch, address)
    with pytest.raises(FetchError) as refused:
        fetch_public("https://images.example.com/x.png", 1000)
    assert refused.value.code == "url_private"


@pytest.fixture
def site(tmp_path):
    """An https server on loopback; `site.answer` is a function of the handler."""
    import ssl

    certificate, key = tmp_path / "site.pem", tmp_path / "site.key"
    _write_certificate(certificate, key)

    class Site:
        ca_file = str(certificate)

        def answer(self, handler):
            body = b"picture"
            handler.send_response(200)
            handler.send_header("Content-Type", "image/png; charset=x")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

    found = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found.answer(self)

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.host = f"127.0.0.1:{server.server_address[1]}"
    found.get = lambda **options: fetch_public(
        f"https://{found.host}/x.png", options.pop("most", 1000), [found.host], ca_file=found.ca_file, **options
    )
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_allowed_host_is_fetched(site):
    fetched = site.get()
    assert (fetched.data, fetched.content_type) == (b"picture", "image/png")


def test_a_host_that_is_not_allowed_is_not(site):
    with pytest.raises(FetchError) as refused:
        fetch_public(f"https://{site.host}/x.png", 1000, [], ca_file=site.ca_file)
    assert refused.value.code == "url_private"


def test_a_redirect_into_the_private_network_is_refused(site):
    def away(handler):
        handler.send_response(302)
        handler.send_header("Location", "https://169.254.169.254/latest/meta-data/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.answer = away
    with pytest.raises(FetchError) as refused:
        site.get()
    assert refused.value.code == "url_private"


def test_a_redirect_without_end_is_left(site):
    def again(handler):
        handler.send_response(302)
        handler.send_header("Location", "/again")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.answer = again
    with pytest.raises(FetchError) as refused:
        site.get()
    assert refused.value.code == "fetch_redirects"


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_over_the_limit_is_refused_and_not_read_to_its_end(site, announced):
    def endless(handler):
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b"x" * 65536)

    site.answer = endless
    with pytest.raises(FetchError) as refused:
        site.get(most=200_000)
    assert refused.value.code == "fetch_too_large"


def test_a_server_that_drips_its_headers_is_left_in_time(site):
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    site.answer = drip
    began = time.monotonic()
    with pytest.raises(FetchError) as refused:
        site.get(total_timeout_s=1.0)
    assert refused.value.code == "fetch_timeout"
    assert time.monotonic() - began < 5
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_server_that_drips_is_left_in_time(site):
    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    site.answer = drip
    began = time.monotonic()
    with pytest.raises(FetchError) as refused:
        site.get(total_timeout_s=1.0)
    assert refused.value.code == "fetch_timeout"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("status", "retryable"), [(404, False), (403, False), (500, True), (429, True)])
def test_an_answer_that_is_no_success_is_named(site, status, retryable):
    def refuse(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.answer = refuse
    with pytest.raises(FetchError) as refused:
        site.get()
    assert (refused.value.code, refused.value.retryable) == ("fetch_status", retryable)


def test_a_download_that_breaks_off_is_not_taken_for_whole(site):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "500")
        handler.end_headers()
        handler.wfile.write(b"x" * 100)

    site.answer = cut
    with pytest.raises(FetchError) as refused:
        site.get()
    assert refused.value.code == "fetch_failed"


def test_an_untrusted_certificate_is_refused(site):
    with pytest.raises(FetchError) as refused:
        fetch_public(f"https://{site.host}/x.png", 1000, [site.host])
    assert refused.value.code == "fetch_failed"
