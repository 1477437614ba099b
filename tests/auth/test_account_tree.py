"""The tree of accounts (R1.4): any depth, each account once, also below two roots, by the nearest way in."""

import importlib

import pytest

from backend.auth import accounts
from backend.auth.models import UserCredential
from backend.core.db import unit_of_work
from backend.integrations.googleads.errors import AdsFailure, Refused
from tests.auth.test_master_keys import add_credentials

SERVICES = "google.ads.googleads.v26.services.types.google_ads_service"
NORTH, SOUTH, INNER, SHARED, DEEP, CLOSED, OWN = (1_000_000_000 + number for number in range(1, 8))
# Who manages whom: SHARED hangs below both roots (deep in the north, at once in the south), OWN is a root too.
BELOW = {NORTH: [INNER, OWN, CLOSED], INNER: [SHARED, DEEP], SOUTH: [SHARED, OWN]}
ROOTS = [NORTH, SOUTH, OWN]


class Google:
    """What one credential sees of the accounts above, as Google would tell it; notes who was asked, through whom."""

    def __init__(self):
        self.row = importlib.import_module(SERVICES).GoogleAdsRow.pb()
        self.asked = []

    def opened(self, login):
        return View(self, login)


class View:
    """The gateway through one manager."""

    def __init__(self, google, login):
        self.google, self.login = google, login

    def list_accounts(self):
        return [str(root) for root in ROOTS]

    def search(self, customer_id, query):
        self.google.asked.append((self.login, int(customer_id)))
        if int(customer_id) == CLOSED:
            raise Refused((AdsFailure(accounts.DISABLED, "not enabled"),))
        if "FROM customer_client" in query:
            for number in BELOW.get(int(customer_id), []):
                yield self.google.row(customer_client=described(number))
        else:
            yield self.google.row(customer=described(int(customer_id)))

    def close(self):
        """Nothing is open."""


def described(number):
    status = "CANCELED" if number == CLOSED else "ENABLED"
    return {
        "id": number,
        "descriptive_name": f"Account {number}",
        "currency_code": "EUR",
        "time_zone": "Europe/Berlin",
        "manager": number in BELOW or number == CLOSED,
        "status": status,
    }


def test_an_account_below_two_roots_is_there_once_by_the_nearest_way():
    google = Google()
    tree = accounts.explore(google.opened)
    ways = {number: (found.login, found.depth) for number, found in tree.accounts.items()}
    assert ways == {
        NORTH: (NORTH, 0),
        SOUTH: (SOUTH, 0),
        OWN: (None, 0),
        INNER: (NORTH, 1),
        CLOSED: (NORTH, 1),
        SHARED: (SOUTH, 1),
        DEEP: (NORTH, 2),
    }
    assert tree.links == {(manager, child) for manager, children in BELOW.items() for child in children}
    assert tree.accounts[CLOSED].status == "CANCELED"
    assert CLOSED not in [asked for _, asked in google.asked], "what is disabled is shown and not entered"


@pytest.fixture
def credential(app, team):
    return add_credentials(app, team, 1)[0]


def test_storing_it_again_changes_nothing_and_keeps_the_names(app, team, credential):
    shown = []
    for _ in range(2):
        with app.app_context(), unit_of_work() as work:
            assert work.session.get(UserCredential, credential) is not None
            accounts.store(work.session, team.tenant_id, credential, accounts.explore(Google().opened))
        shown.append(team.client.get("/api/customers").get_json())
    assert shown[0] == shown[1]
    found = {int(account["customer_id"]): account for account in shown[1]}
    assert found.keys() == {NORTH, SOUTH, INNER, SHARED, DEEP, CLOSED, OWN}
    assert found[SHARED]["managers"] == [str(SOUTH), str(INNER)]
    assert found[SHARED]["login_customer_id"] == str(SOUTH)
    assert found[OWN]["login_customer_id"] is None
    assert (found[CLOSED]["status"], found[CLOSED]["enabled"]) == ("CANCELED", False)
    assert len({account["slug"] for account in shown[1]}) == 7
