"""A person at Google's consent page, for the demo and the tests: open the page, press the button, take the way back."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

STEPS = 5
TIMEOUT = 20


class _Form(HTMLParser):
    """The first form of a page: where it goes and what it sends when its main button is pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.method = "get"
        self.fields: dict[str, str] = {}
        self._pressed = False
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action, self.method, self._open = found.get("action", ""), found.get("method", "get").lower(), True
        elif self._open and tag in ("input", "button") and found.get("name"):
            is_button = tag == "button" or found.get("type") == "submit"
            if not is_button or not self._pressed:
                self.fields[found["name"]] = found.get("value", "")
            self._pressed = self._pressed or is_button

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def give_consent(authorize_url: str, *, ca_file: str | None) -> str:
    """Agree at the authorization server; answers the address it sends the browser back to, which is not opened.

    Raises:
        RuntimeError: the server showed neither a form nor a way back.
    """
    home = authorize_url.split("/", 3)[2]
    with requests.Session() as browser:
        # The environment's REQUESTS_CA_BUNDLE would win over `verify`; the sandbox is reached without a proxy anyway.
        browser.trust_env = False
        browser.verify = ca_file or True
        answer = browser.get(authorize_url, allow_redirects=False, timeout=TIMEOUT)
        for _ in range(STEPS):
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["Location"])
                if target.split("/", 3)[2] != home:
                    return target
                answer = browser.get(target, allow_redirects=False, timeout=TIMEOUT)
                continue
            form = _Form()
            form.feed(answer.text)
            if form.action is None:
                break
            target = urljoin(answer.url, form.action)
            if form.method == "post":
                answer = browser.post(target, data=form.fields, allow_redirects=False, timeout=TIMEOUT)
            else:
                answer = browser.get(target, params=form.fields, allow_redirects=False, timeout=TIMEOUT)
    raise RuntimeError(f"the authorization server answered {answer.status_code}: {answer.text[:300]}")
