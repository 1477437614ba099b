"""Signing in by a directory: against a real OIDC provider process, and against one that forges (RELIABILITY S09)."""

import dataclasses
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from backend.auth import entra as service
from config import EntraSettings
from tests.auth.directory import TID, ForgingProvider, RealProvider
from tests.support.http import Client

CLIENT_ID = "campaignwizard-tests"
GROUP = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def person(sub, **claims):
    return {"sub": sub, "tid": TID, "oid": str(uuid.uuid5(uuid.NAMESPACE_URL, sub)), "name": sub.title(), **claims}


@pytest.fixture(scope="module")
def provider():
    people = [
        person("eva", roles=["CampaignWizard.Editor", "viewer"], email="eva@example.com"),
        person("gus", groups=[GROUP]),
        person("nora"),
        person("olga", groups=[], hasgroups=True),
        person("far", tid=str(uuid.uuid4()), roles=["admin"]),
    ]
    running = RealProvider(free_port(), people)
    yield running
    running.close()


@pytest.fixture
def directory(app, team, rows, monkeypatch):
    """`directory(issuer)` makes the application trust an issuer; people join the team's organisation."""
    # The people of the directory are the same in every test: whoever came before is forgotten.
    rows("UPDATE users SET entra_tid = NULL, entra_oid = NULL WHERE entra_oid IS NOT NULL")
    organisation = rows("SELECT name FROM tenants WHERE id = :id", id=team.tenant_id)[0]["name"]

    def trust(issuer, **changes):
        entra = EntraSettings(
            client_id=CLIENT_ID,
            client_secret="secret",
            issuer_template=issuer,
            tenants=(TID,),
            organisation=organisation,
            group_roles=((GROUP, "PUBLISHER"),),
            api_audience="api://campaignwizard",
        )
        settings = dataclasses.replace(app.config["SETTINGS"], entra=dataclasses.replace(entra, **changes))
        monkeypatch.setitem(app.config, "SETTINGS", settings)
        service.provider_of.cache_clear()

    yield trust
    service.provider_of.cache_clear()


def begin(app, **query):
    browser = Client(app)
    answer = browser.get("/auth/entra/login", query_string=query)
    assert answer.status_code == 302, answer.text
    return browser, answer.headers["Location"]


def sign_in(app, provider, sub):
    browser, address = begin(app)
    return browser, browser.get("/auth/entra/callback", query_string=provider.sign_in(address, sub))


def code(response):
    return response.status_code, response.get_json(force=True)["code"]


def people_of(team):
    return team.rows("SELECT * FROM users WHERE tenant_id = :t AND entra_oid IS NOT NULL", t=team.tenant_id)


def test_a_person_of_the_directory_signs_in_and_exists_from_then_on(app, team, directory, provider):
    directory(provider.issuer)
    browser, answer = sign_in(app, provider, "eva")
    assert answer.status_code == 200, answer.text
    me = browser.get("/api/me").get_json()
    assert (me["role"], me["name"]) == ("editor", "Eva")
    assert len(people_of(team)) == 1
    sign_in(app, provider, "eva")
    assert len(people_of(team)) == 1
    trail = team.client.get("/api/audit?action=login.entra").get_json()
    assert len(trail) == 2


def test_what_is_sent_carries_nonce_and_pkce(app, directory, provider):
    directory(provider.issuer)
    _, address = begin(app)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["nonce"]) >= 43
    assert len(asked["state"]) >= 43
    assert asked["response_type"] == "code"


def test_groups_give_roles_where_there_is_no_app_role(app, directory, provider):
    directory(provider.issuer)
    browser, answer = sign_in(app, provider, "gus")
    assert answer.status_code == 200
    assert browser.get("/api/me").get_json()["role"] == "publisher"


def test_without_a_role_nobody_is_let_in_and_nothing_is_left(app, team, directory, provider):
    directory(provider.issuer)
    assert code(sign_in(app, provider, "nora")[1]) == (403, "no_role")
    answer = sign_in(app, provider, "olga")[1]
    assert code(answer) == (403, "no_role")
    assert "too many groups" in answer.get_json(force=True)["detail"]
    assert people_of(team) == []


def test_a_role_that_the_directory_takes_away_is_gone_at_the_next_sign_in(app, team, directory, provider):
    directory(provider.issuer)
    browser, _ = sign_in(app, provider, "gus")
    assert browser.get("/api/jobs").status_code == 200
    directory(provider.issuer, group_roles=())
    assert code(sign_in(app, provider, "gus")[1]) == (403, "no_role")
    assert code(browser.get("/api/jobs")) == (403, "forbidden"), "an open session keeps no role that was taken away"
    held = "SELECT role FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.tenant_id = :t AND u.id <> :admin"
    assert team.rows(held, t=team.tenant_id, admin=team.user_id) == []
    trail = team.client.get("/api/audit?action=user.roles").get_json()
    assert trail[0]["after"] == {"everywhere": None}


def test_two_first_sign_ins_at_once_make_one_person(app, team, directory, provider):
    directory(provider.issuer)
    begun = [begin(app) for _ in range(2)]
    backs = [(browser, provider.sign_in(address, "eva")) for browser, address in begun]
    together = threading.Barrier(2)

    def come_back(browser, back):
        together.wait()
        return browser.get("/auth/entra/callback", query_string=back).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(come_back, *zip(*backs, strict=True))) == [200, 200]
    assert len(people_of(team)) == 1


def test_a_suspended_person_is_refused(app, team, directory, provider):
    directory(provider.issuer)
    sign_in(app, provider, "eva")
    team.client.edit("PATCH", f"/api/users/{people_of(team)[0]['id']}", json={"active": False})
    assert code(sign_in(app, provider, "eva")[1]) == (403, "suspended")


def test_an_email_address_does_not_take_over_an_account(app, team, directory, provider):
    directory(provider.issuer)
    team.rows("UPDATE users SET email = 'eva@example.com' WHERE id = :id", id=team.user_id)
    browser, answer = sign_in(app, provider, "eva")
    assert answer.status_code == 200
    assert browser.get("/api/me").get_json()["role"] == "editor"
    assert team.client.get("/api/me").get_json()["email"] == "eva@example.com"
    assert people_of(team)[0]["id"] != team.user_id


def test_another_directory_is_refused(app, team, directory, provider):
    directory(provider.issuer)
    assert code(sign_in(app, provider, "far")[1]) == (400, "entra_tenant_refused")
    refused = Client(app).get("/auth/entra/login", query_string={"tenant": str(uuid.uuid4())})
    assert code(refused) == (400, "entra_tenant_refused")
    assert people_of(team) == []


def test_a_state_is_bound_and_spent(app, team, directory, provider):
    directory(provider.issuer)
    browser, address = begin(app)
    back = provider.sign_in(address, "eva")
    other, _ = begin(app)
    assert code(other.get("/auth/entra/callback", query_string=back)) == (400, "entra_state_foreign")
    assert code(browser.get("/auth/entra/callback", query_string=back)) == (400, "entra_state_unknown")
    assert code(Client(app).get("/auth/entra/callback", query_string=back)) == (400, "entra_state_missing")
    forged = {**back, "state": "A" * 43}
    assert code(browser.get("/auth/entra/callback", query_string=forged)) == (400, "entra_state_unknown")
    assert people_of(team) == []


def test_a_state_of_the_google_flow_is_of_no_use_here(app, team, directory, provider):
    directory(provider.issuer)
    begun = team.client.get("/auth/google/login")
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    browser, _ = begin(app)
    answer = browser.get("/auth/entra/callback", query_string={"state": state, "code": "x"})
    assert code(answer) == (400, "entra_state_unknown")


def test_a_sign_in_takes_at_most_ten_minutes(app, directory, provider, freeze):
    directory(provider.issuer)
    advance = freeze()
    browser, address = begin(app)
    back = provider.sign_in(address, "eva")
    advance(601)
    assert code(browser.get("/auth/entra/callback", query_string=back)) == (400, "entra_state_unknown")


def test_the_session_that_came_along_is_not_kept(app, directory, provider):
    directory(provider.issuer)
    browser, address = begin(app)
    browser.browser.set_cookie("cw_session", "chosen")
    browser.get("/auth/entra/callback", query_string=provider.sign_in(address, "eva"))
    assert browser.browser.get_cookie("cw_session").value != "chosen"


def test_the_way_back_stays_on_this_site(app, directory, provider):
    directory(provider.issuer)
    for target in ("https://evil.example", "//evil.example", "/\\evil", "/app\n"):
        answer = Client(app).get("/auth/entra/login", query_string={"return_to": target})
        assert code(answer) == (400, "validation_failed")
    browser, address = begin(app, return_to="/app")
    answer = browser.get("/auth/entra/callback", query_string=provider.sign_in(address, "eva"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/app")
    assert browser.get("/api/me").status_code == 200


def test_not_set_up_is_not_found(app, team):
    assert code(Client(app).get("/auth/entra/login")) == (404, "not_found")


@pytest.fixture
def forger(directory):
    running = ForgingProvider(CLIENT_ID)
    directory(running.issuer)
    yield running
    running.close()


def run_forged(app, forger):
    browser, address = begin(app)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    forger.nonce = forger.nonce or asked["nonce"]
    return browser, browser.get("/auth/entra/callback", query_string={"state": asked["state"], "code": "any"})


def test_the_forger_is_believed_while_it_is_honest(app, forger):
    browser, answer = run_forged(app, forger)
    assert answer.status_code == 200, answer.text
    assert browser.get("/api/me").get_json()["role"] == "editor"


FORGERIES = ["signed_by_another", "unsigned", "signed_with_the_public_key", "signed_with_an_unknown_kind"]


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_badly_signed_token_is_refused(app, team, forger, forgery):
    forger.sign = getattr(forger, forgery)
    assert code(run_forged(app, forger)[1]) == (400, "entra_token_refused")
    assert people_of(team) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"nbf": 4102444800},
        {"sub": None},
        {"nonce": "another"},
        {"nonce": None},
        {"oid": None},
        {"oid": "not-a-uuid"},
        {"tid": None},
    ],
    ids=str,
)
def test_a_wrong_or_missing_claim_is_refused(app, team, forger, changes):
    forger.changes = changes
    assert code(run_forged(app, forger)[1]) == (400, "entra_token_refused")
    assert people_of(team) == []


def test_an_answer_without_an_id_token_is_refused(app, team, forger):
    forger.without_id_token = True
    assert code(run_forged(app, forger)[1]) == (400, "entra_code_refused")
    assert people_of(team) == []


def test_a_provider_that_is_away_is_said(app, directory):
    directory(f"http://127.0.0.1:{free_port()}")
    assert code(Client(app).get("/auth/entra/login")) == (503, "entra_unreachable")


def test_an_access_token_for_our_api_is_a_bearer_token(app, forger):
    run_forged(app, forger)
    forger.nonce = "unused"
    good = forger.signed({**forger.claims(), "aud": "api://campaignwizard"})
    assert Client(app, good).get("/api/me").get_json()["role"] == "editor"
    for bad in (
        forger.signed({**forger.claims(), "aud": CLIENT_ID}),
        forger.signed({**forger.claims(), "aud": "api://campaignwizard", "exp": 1}),
        forger.signed({**forger.claims(), "aud": "api://campaignwizard", "oid": str(uuid.uuid4())}),
        forger.signed({**forger.claims(), "aud": "api://campaignwizard", "tid": str(uuid.uuid4())}),
        forger.signed_by_another({**forger.claims(), "aud": "api://campaignwizard"}),
        good[:-4] + "AAAA",
        "a.b.c",
        "..",
    ):
        assert Client(app, bad).get("/api/me").status_code == 401
