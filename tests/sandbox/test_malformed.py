"""What no well-behaved client sends: odd bytes, unknown versions and methods, huge messages, wrong tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.ads.googleads.v26.errors.types.errors import GoogleAdsFailure
from google.ads.googleads.v26.services.types.google_ads_service import MutateGoogleAdsRequest, SearchGoogleAdsRequest

from tests.sandbox.conftest import Clients, described
from tests.support.sandbox import Sandbox

PREFIX = "/google.ads.googleads"
SEARCH = "services.GoogleAdsService/Search"


class Wire:
    """Raw calls on a raw channel."""

    def __init__(self, server: Sandbox, token: str) -> None:
        credentials = grpc.ssl_channel_credentials(Path(server.ca_file).read_bytes())
        options = [("grpc.max_send_message_length", -1), ("grpc.max_metadata_size", 16 * 1024 * 1024)]
        self.channel = grpc.secure_channel(server.info["endpoint"], credentials, options)
        self.metadata = {"authorization": f"Bearer {token}", "login-customer-id": server.info["manager_id"]}

    def call(self, path: str, body: bytes, **metadata: str) -> bytes:
        sent = {**self.metadata, **{key.replace("_", "-"): value for key, value in metadata.items()}}
        answer: bytes = self.channel.unary_unary(path)(body, metadata=[*sent.items()], timeout=20)
        return answer

    def refused(self, path: str, body: bytes = b"", **metadata: str) -> tuple[str, str, list[str]]:
        """(status, message, codes of the failure under the call's version)."""
        with pytest.raises(grpc.RpcError) as caught:
            self.call(path, body, **metadata)
        error: Any = caught.value
        assert "Traceback" not in error.details()
        trailing = dict(error.trailing_metadata() or ())
        version = path.split(".")[3].split("/", maxsplit=1)[0] if path.startswith(PREFIX) else "v26"
        data = trailing.get(f"google.ads.googleads.{version}.errors.googleadsfailure-bin")
        failure = GoogleAdsFailure.pb().FromString(data) if data else GoogleAdsFailure.pb()()
        return error.code().name, error.details(), [code for code, _, _ in described(failure)]


@pytest.fixture(scope="module")
def wire(server: Sandbox, client_of: Clients) -> Iterator[Wire]:
    client = client_of()
    client.get_service("CustomerService").list_accessible_customers()
    made = Wire(server, client.credentials.token)
    yield made
    made.channel.close()


def _search(server: Sandbox, query: str = "SELECT customer.id FROM customer", **values: Any) -> bytes:
    request = SearchGoogleAdsRequest.pb()(customer_id=server.info["customer_ids"][0], query=query, **values)
    data: bytes = request.SerializeToString()
    return data


def test_a_raw_call_works(wire: Wire, server: Sandbox) -> None:
    assert wire.call(f"{PREFIX}.v26.{SEARCH}", _search(server))


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\xff", b"\x08" * 50])
def test_bytes_that_are_no_message(wire: Wire, body: bytes) -> None:
    assert wire.refused(f"{PREFIX}.v26.{SEARCH}", body)[0] == "INVALID_ARGUMENT"


def test_text_that_is_no_utf8(wire: Wire) -> None:
    assert wire.refused(f"{PREFIX}.v26.{SEARCH}", b"\x0a\x02\xc3\x28")[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("version", ["v22", "v20", "v27", "v0"])
def test_versions_that_are_not_served(wire: Wire, server: Sandbox, version: str) -> None:
    status, _, codes = wire.refused(f"{PREFIX}.{version}.{SEARCH}", _search(server))
    assert (status, codes) == ("INVALID_ARGUMENT", ["RequestError.UNSUPPORTED_VERSION"])


@pytest.mark.parametrize(
    "path",
    [
        f"{PREFIX}.v26.services.NoService/Nothing",
        f"{PREFIX}.v24.services.GoogleAdsService/Nothing",
        "/x.y/Z",
        "/nonsense",
    ],
)
def test_methods_that_do_not_exist(wire: Wire, path: str) -> None:
    status, message, _ = wire.refused(path)
    assert status == "UNIMPLEMENTED"
    assert path.rpartition("/")[2] in message


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("v26", "ReachPlanService/GenerateReachForecast"),
        ("v26", "InvoiceService/ListInvoices"),
        ("v24", "CampaignLifecycleGoalService/ConfigureCampaignLifecycleGoals"),
    ],
)
def test_what_is_not_emulated_names_itself(wire: Wire, version: str, path: str) -> None:
    status, message, _ = wire.refused(f"{PREFIX}.{version}.services.{path}")
    assert status == "UNIMPLEMENTED"
    assert path.replace("/", ".") in message


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"authorization": ""}, "AuthenticationError.OAUTH_TOKEN_HEADER_INVALID"),
        ({"authorization": "Basic abc"}, "AuthenticationError.OAUTH_TOKEN_HEADER_INVALID"),
        ({"authorization": "Bearer nothing"}, "AuthenticationError.OAUTH_TOKEN_INVALID"),
        ({"login_customer_id": "12-34"}, "HeaderError.INVALID_LOGIN_CUSTOMER_ID"),
        ({"login_customer_id": "9999999999"}, "AuthorizationError.USER_PERMISSION_DENIED"),
    ],
    ids=["none", "basic", "unknown", "odd login", "foreign login"],
)
def test_wrong_credentials(wire: Wire, server: Sandbox, metadata: dict[str, str], code: str) -> None:
    _, _, codes = wire.refused(f"{PREFIX}.v26.{SEARCH}", _search(server), **metadata)
    assert codes == [code]


def test_page_size_belongs_to_the_past(wire: Wire, server: Sandbox) -> None:
    body = _search(server) + bytes([4 << 3, 100])  # field 4 of older versions: page_size
    status, _, codes = wire.refused(f"{PREFIX}.v26.{SEARCH}", body)
    assert (status, codes) == ("INVALID_ARGUMENT", ["RequestError.PAGE_SIZE_NOT_SUPPORTED"])


def test_a_message_of_70_megabytes_is_too_much(wire: Wire, server: Sandbox) -> None:
    request = MutateGoogleAdsRequest.pb()(customer_id=server.info["customer_ids"][0])
    request.mutate_operations.add().asset_operation.create.image_asset.data = b"x" * (70 * 1024 * 1024)
    status, _, _ = wire.refused(f"{PREFIX}.v26.services.GoogleAdsService/Mutate", request.SerializeToString())
    assert status == "RESOURCE_EXHAUSTED"
    assert wire.call(f"{PREFIX}.v26.{SEARCH}", _search(server))


def test_two_hundred_thousand_characters_of_query(wire: Wire, server: Sandbox) -> None:
    status, _, codes = wire.refused(f"{PREFIX}.v26.{SEARCH}", _search(server, "SELECT " + "(" * 200_000))
    assert status == "INVALID_ARGUMENT"
    assert codes[0].startswith("QueryError.")
