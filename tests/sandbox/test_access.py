"""Who may do what: login-customer-id, roles, disabled accounts, managers, links, new accounts."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.ads.googleads.client import GoogleAdsClient
from google.oauth2.credentials import Credentials

from tests.sandbox.conftest import Account, Clients, refused
from tests.sandbox.test_oauth import Flow
from tests.support.sandbox import Sandbox

QUERY = "SELECT customer.id FROM customer"


@pytest.fixture(scope="module")
def tree(server: Sandbox) -> dict[str, Any]:
    found: dict[str, Any] = server.state()["customers"]
    return found


def _as_user(server: Sandbox, email: str, login: str | None) -> GoogleAdsClient:
    tokens = Flow(server).tokens(login_hint=email)
    credentials = Credentials(tokens["access_token"])  # type: ignore[no-untyped-call]
    return GoogleAdsClient(
        credentials, endpoint=server.info["endpoint"], version="v26", login_customer_id=login, use_proto_plus=False
    )


def _search(client: GoogleAdsClient, customer_id: str) -> list[int]:
    rows = client.get_service("GoogleAdsService").search(customer_id=customer_id, query=QUERY)
    return [row.customer.id for row in rows]


def test_a_client_is_reached_through_its_manager_only(server: Sandbox, client_of: Clients) -> None:
    customer_id = server.info["customer_ids"][1]
    assert _search(client_of(), customer_id) == [int(customer_id)]
    answer = refused(_search, client_of(login=""), customer_id)
    assert (answer.status, answer.codes) == ("PERMISSION_DENIED", ["AuthorizationError.USER_PERMISSION_DENIED"])
    assert "login-customer-id" in answer.errors[0][2].message


def test_a_sub_manager_leads_to_its_own_clients(server: Sandbox, client_of: Clients, tree: dict[str, Any]) -> None:
    sub = next(cid for cid, info in tree.items() if info["manager"] and info["parents"])
    inside = next(
        cid for cid, i in tree.items() if sub in i["parents"] and i["status"] == "ENABLED" and not i["manager"]
    )
    outside = next(
        cid
        for cid, i in tree.items()
        if i["parents"] == [server.info["manager_id"]] and i["status"] == "ENABLED" and not i["manager"]
    )
    assert _search(client_of(login=sub), inside) == [int(inside)]
    code = "AuthorizationError.INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION"
    assert refused(_search, client_of(login=sub), outside).codes == [code]


def test_an_owner_needs_no_manager(server: Sandbox) -> None:
    own, other = server.info["customer_ids"][:2]
    client = _as_user(server, "owner@client.example", None)
    assert _search(client, own) == [int(own)]
    assert refused(_search, client, other).codes == ["AuthorizationError.USER_PERMISSION_DENIED"]


def test_readers_read(server: Sandbox, tree: dict[str, Any]) -> None:
    sub = next(cid for cid, info in tree.items() if info["name"].endswith("DACH"))
    customer_id = next(cid for cid, i in tree.items() if i["parents"] == [sub] and i["status"] == "ENABLED")
    client = _as_user(server, "analyst@nordlicht.example", sub)
    assert _search(client, customer_id) == [int(customer_id)]
    answer = refused(Account(customer_id, client).mutate, Account(customer_id, client).budget())
    assert (answer.status, answer.codes) == ("PERMISSION_DENIED", ["AuthorizationError.ACTION_NOT_PERMITTED"])


@pytest.mark.parametrize("status", ["SUSPENDED", "CANCELED"])
def test_disabled_accounts(client_of: Clients, tree: dict[str, Any], status: str) -> None:
    customer_id = next(cid for cid, info in tree.items() if info["status"] == status)
    answer = refused(_search, client_of(), customer_id)
    assert (answer.status, answer.codes) == ("PERMISSION_DENIED", ["AuthorizationError.CUSTOMER_NOT_ENABLED"])


@pytest.mark.parametrize(
    ("customer_id", "code"),
    [
        ("123", "RequestError.INVALID_CUSTOMER_ID"),
        ("123-456-7890", "RequestError.INVALID_CUSTOMER_ID"),
        ("1000000000", "AuthenticationError.CUSTOMER_NOT_FOUND"),
    ],
)
def test_odd_customer_ids(client_of: Clients, customer_id: str, code: str) -> None:
    assert refused(_search, client_of(), customer_id).codes == [code]


def test_a_manager_has_no_campaigns(server: Sandbox, client_of: Clients) -> None:
    account = Account(server.info["manager_id"], client_of())
    answer = refused(account.mutate, account.budget())
    assert answer.codes == ["RequestError.CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT"]
    query = "SELECT metrics.clicks FROM customer"
    assert refused(account.rows, query).codes == ["QueryError.REQUESTED_METRICS_FOR_MANAGER"]


def test_a_new_account_is_there_at_once(server: Sandbox, client_of: Clients) -> None:
    client = client_of()
    request = client.get_type("CreateCustomerClientRequest")
    request.customer_id = server.info["manager_id"]
    new = request.customer_client
    new.descriptive_name, new.currency_code, new.time_zone = "A new one", "USD", "America/New_York"
    made = client.get_service("CustomerService").create_customer_client(request=request).resource_name
    account = Account(made.rpartition("/")[2], client)
    assert account.one("SELECT customer.currency_code FROM customer").customer.currency_code == "USD"
    account.tree()
    below = Account(server.info["manager_id"], client)
    row = below.one(f"SELECT customer_client.level FROM customer_client WHERE customer_client.id = {account.id}")
    assert row.customer_client.level == 1
    new.time_zone, new.currency_code = "Mars/Base", "ZZZ"
    codes = refused(client.get_service("CustomerService").create_customer_client, request=request).codes
    assert codes == ["CurrencyCodeError.UNSUPPORTED", "TimeZoneError.INVALID_TIME_ZONE"]


def test_a_link_is_offered_and_accepted(server: Sandbox, client_of: Clients, tree: dict[str, Any]) -> None:
    second = next(c for c, i in tree.items() if i["manager"] and not i["parents"] and c != server.info["manager_id"])
    client_id = next(
        c for c, i in tree.items() if not i["manager"] and i["status"] == "ENABLED" and second not in i["parents"]
    )
    offering = client_of(login=second)
    offer = offering.get_type("MutateCustomerClientLinkRequest")
    offer.customer_id = second
    offer.operation.create.client_customer = f"customers/{client_id}"
    offer.operation.create.status = offering.enums.ManagerLinkStatusEnum.PENDING
    links = offering.get_service("CustomerClientLinkService")
    made = links.mutate_customer_client_link(request=offer).result.resource_name
    assert refused(links.mutate_customer_client_link, request=offer).codes == [
        "CustomerClientLinkError.CLIENT_ALREADY_INVITED_BY_THIS_MANAGER"
    ]
    accepting = client_of()
    accept = accepting.get_type("MutateCustomerManagerLinkRequest")
    accept.customer_id = client_id
    operation = accept.operations.add()
    number = made.rpartition("~")[2]
    operation.update.resource_name = f"customers/{client_id}/customerManagerLinks/{second}~{number}"
    operation.update.status = accepting.enums.ManagerLinkStatusEnum.ACTIVE
    operation.update_mask.paths.append("status")
    accepting.get_service("CustomerManagerLinkService").mutate_customer_manager_link(request=accept)
    assert second in server.state()["customers"][client_id]["parents"]
    assert _search(offering, client_id) == [int(client_id)]


def test_the_last_administrator_stays(server: Sandbox, client_of: Clients) -> None:
    account = Account(server.info["manager_id"], client_of())
    query = "SELECT customer_user_access.resource_name FROM customer_user_access"
    request = account.client.get_type("MutateCustomerUserAccessRequest")
    request.customer_id = account.id
    request.operation.remove = account.one(query).customer_user_access.resource_name
    service = account.client.get_service("CustomerUserAccessService")
    answer = refused(service.mutate_customer_user_access, request=request)
    assert answer.codes == ["CustomerUserAccessError.LAST_ADMIN_USER_OF_MANAGER"]


def test_without_production_access_only_test_accounts(server: Sandbox, client_of: Clients) -> None:
    url = f"{server.info['admin_url']}/features"
    requests.post(url, json={"production_access": False}, timeout=10)
    try:
        answer = refused(_search, client_of(), server.info["customer_ids"][1])
    finally:
        requests.post(url, json={"production_access": True}, timeout=10)
    assert answer.codes == ["AuthorizationError.CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"]
