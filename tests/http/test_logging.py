"""Log lines: one JSON object each, secrets masked, and a line that cannot be written gives nothing away."""

import json
import logging

import pytest

from backend.core.logging import configure, get_logger


@pytest.fixture
def lines(capfd):
    """What is written to standard error from here on; the process's own handlers come back afterwards."""
    root = logging.getLogger()
    kept = root.handlers[:]
    configure("INFO")
    capfd.readouterr()

    def read():
        return capfd.readouterr().err.splitlines()

    yield read
    root.handlers[:] = kept


def broken():
    raise ValueError("postgresql://cw_app:hunter2@db/x and cw_pat_abcdefghijklmnopqrstuv")


def test_secrets_are_masked_wherever_they_stand(lines):
    log = get_logger("test")
    log.info("event", refresh_token="1//0abcdefghijklmno", nested={"Authorization": "Bearer abc", "plain": "x"})
    logging.getLogger("third.party").warning("GET %s", "https://x/?code=4/0AbCdEf&state=1 Bearer ya29.abcdefgh")
    logging.getLogger("third.party").warning("Cookie: %s", "a=b; cw_session=s3ssion-of-thirty-two-characters; c=d")
    logging.getLogger("third.party").warning("id token %s", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzdWJqZWN0In0.c2lnbmF0dXJl")
    try:
        broken()
    except ValueError:
        log.exception("failed")
    written = lines()
    for secret in (
        "0abcdefghijklmno",
        "Bearer abc",
        "4/0AbCdEf",
        "ya29.abc",
        "hunter2",
        "abcdefghijklmnopqrstuv",
        "s3ssion",
        "c2lnb",
    ):
        assert secret not in "\n".join(written)
    parsed = [json.loads(line) for line in written]
    assert [line["event"] for line in parsed][::4] == ["event", "failed"]
    assert parsed[0]["nested"]["plain"] == "x"


def test_a_line_that_cannot_be_written_gives_nothing_away(lines):
    handler = next(
        handler for handler in logging.getLogger().handlers if type(handler).__module__ == configure.__module__
    )
    record = logging.LogRecord("third.party", logging.WARNING, __file__, 1, "%d of it", ("secret-argument",), None)
    handler.handle(record)
    written = lines()
    assert [json.loads(line)["event"] for line in written] == ["log_line_lost"]
    assert "secret-argument" not in "\n".join(written)
