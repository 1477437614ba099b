"""Lists of campaigns are kept in Redis for five minutes, and never answer what is no longer true (R4.7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from sqlalchemy import create_engine, text

from backend.campaigns import kept_lists
from backend.core.db import db
from backend.core.redis import connect
from config import Settings
from tests.support.http import Client
from tests.support.shop import Shop, make_shop
from tests.support.team import Team

PATH = "/api/campaigns"
AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def shop(team: Team) -> Shop:
    """An account with two live campaigns, the first with an ad group."""
    shop = make_shop(team)
    shop.campaign(101, "One")
    shop.campaign(102, "Two")
    shop.ad_group(1011, 101, "Group")
    return shop


@pytest.fixture
def alone(team: Team, settings: Settings) -> Iterator[Client]:
    """The team's administrator at an API that has no Redis."""
    from backend.app import create_app

    application = create_app(dataclasses.replace(settings, redis_url=AWAY))
    yield Client(application, team.token)
    with application.app_context():
        db.engine.dispose()


def names(team: Team, **query: Any) -> list[str]:
    answer = team.client.get(PATH, query_string=query)
    assert answer.status_code == 200, answer.text
    return sorted(item["name"] for item in answer.get_json())


def entries(team: Team, settings: Settings) -> list[bytes]:
    """The keys of a team's kept lists."""
    return list(connect(settings.redis_url).scan_iter(f"campaign-lists:{team.tenant_id}:*", count=1000))


def test_a_list_is_kept_for_five_minutes_and_answered_from_there(team: Team, shop: Shop, settings: Settings) -> None:
    store = connect(settings.redis_url)
    first = team.client.get(PATH, query_string={"limit": 1, "sort": "name"})
    (key,) = entries(team, settings)
    assert 0 < store.ttl(key) <= kept_lists.SECONDS == 300
    value = store.get(key)
    assert isinstance(value, bytes)
    store.set(key, value.replace(b'"One"', b'"Kept"'), keepttl=True)
    again = team.client.get(PATH, query_string={"sort": "name", "limit": 1})
    assert [item["name"] for item in again.get_json()] == ["Kept"]
    assert again.headers["Link"].partition("cursor=")[2] == first.headers["Link"].partition("cursor=")[2]
    store.delete(key)
    assert team.client.get(PATH, query_string={"limit": 1, "sort": "name"}).get_json() == first.get_json()


def test_every_write_is_seen_by_the_next_reader(team: Team, shop: Shop) -> None:
    def change(body: dict[str, Any]) -> None:
        assert team.client.edit("PATCH", item, json=body).status_code == 200

    assert names(team) == ["One", "Two"]
    made = team.client.post(PATH, json={"name": "Three", "slug": shop.slug})
    item = f"{PATH}/{made.get_json()['id']}"
    assert names(team) == ["One", "Three", "Two"]
    change({"name": "Drei"})
    assert names(team) == ["Drei", "One", "Two"]
    change({"ad_headline": "Chairs"})
    assert [row["ad_headline"] for row in team.client.get(PATH).get_json() if row["name"] == "Drei"] == ["Chairs"]
    assert team.client.edit("DELETE", item).status_code == 204
    assert names(team) == ["One", "Two"]
    assert team.client.post(f"{item}/restore").status_code == 200
    assert names(team) == ["Drei", "One", "Two"]


@pytest.mark.parametrize(
    ("statement", "seen"),
    [
        ("UPDATE campaigns SET google_status = 'PAUSED' WHERE customer_id = :id", "google_status"),
        ("UPDATE ad_groups SET name = 'Other' WHERE customer_id = :id", "ad_group_name"),
        ("UPDATE campaigns SET serving_status = 'SUSPENDED' WHERE customer_id = :id", "serving_status"),
        ("DELETE FROM campaign_adgroup WHERE customer_id = :id", "ad_group_name"),
        ("UPDATE customers SET slug = slug || '-new' WHERE id = :id", "slug"),
    ],
)
def test_what_a_sync_writes_is_seen_too(team: Team, shop: Shop, statement: str, seen: str) -> None:
    """A sync writes sets of rows past every service."""
    before = team.client.get(PATH, query_string={"sort": "name"}).get_json()
    shop.rows(statement, id=shop.customer_id)
    after = team.client.get(PATH, query_string={"sort": "name"}).get_json()
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert after[0][seen] != before[0][seen]


def test_the_asset_group_of_a_performance_max_campaign_is_shown_and_its_change_is_seen(team: Team, shop: Shop) -> None:
    campaign = shop.campaign(103, "Three", campaign_type="PERFORMANCE_MAX")
    group = shop.entity("asset_groups", 1031, name="Boots", status="ENABLED")
    shop.insert("campaign_asset_group", campaign_id=campaign, asset_group_id=group)

    def told() -> list[str]:
        return [row["ad_group_name"] for row in team.client.get(PATH).get_json() if row["name"] == "Three"]

    assert told() == ["Boots"]
    shop.rows("UPDATE asset_groups SET name = 'Sandals' WHERE customer_id = :id", id=shop.customer_id)
    assert told() == ["Sandals"]


def test_a_change_that_commits_late_is_seen_when_it_does(team: Team, shop: Shop, settings: Settings) -> None:
    """Whoever began first may commit last; both must be seen, and neither waits for the other."""
    engine = create_engine(settings.database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as late, engine.connect() as soon:
        for connection, old in ((late, "One"), (soon, "Two")):
            connection.execute(text("SELECT set_config('app.tenant', :id, false)"), {"id": str(team.tenant_id)})
            change = text("UPDATE campaigns SET name = name || '!' WHERE customer_id = :id AND name = :old")
            assert connection.execute(change, {"id": shop.customer_id, "old": old}).rowcount == 1
        assert names(team) == ["One", "Two"]
        soon.commit()
        assert names(team) == ["One", "Two!"]
        late.commit()
        assert names(team) == ["One!", "Two!"]
    engine.dispose()


def test_what_was_rolled_back_changes_nothing(team: Team, shop: Shop, settings: Settings) -> None:
    names(team)
    before = entries(team, settings)
    refused = team.client.post(PATH, json={"name": "Three", "slug": shop.slug, "daily_budget": "much"})
    assert refused.status_code == 400
    names(team)
    assert entries(team, settings) == before


def test_a_person_sees_the_accounts_that_are_theirs(team: Team, shop: Shop) -> None:
    other = make_shop(team)
    other.campaign(201, "Elsewhere")
    reader = team.member("viewer")
    assert sorted(item["name"] for item in reader.get(PATH).get_json()) == ["Elsewhere", "One", "Two"]
    team.rows(
        "UPDATE memberships SET customer_id = :account WHERE user_id = (SELECT id FROM users WHERE tenant_id = :tenant"
        " AND name = 'Member')",
        account=shop.customer_id,
        tenant=team.tenant_id,
    )
    assert sorted(item["name"] for item in reader.get(PATH).get_json()) == ["One", "Two"]
    assert names(team) == ["Elsewhere", "One", "Two"]


def test_two_organisations_share_nothing(team: Team, shop: Shop, new_team: Callable[..., Team]) -> None:
    assert names(team) == ["One", "Two"]
    assert names(new_team()) == []


def test_without_redis_lists_are_right(shop: Shop, alone: Client) -> None:
    assert sorted(item["name"] for item in alone.get(PATH).get_json()) == ["One", "Two"]
    assert alone.post(PATH, json={"name": "Three", "slug": shop.slug}).status_code == 201
    assert sorted(item["name"] for item in alone.get(PATH).get_json()) == ["One", "Three", "Two"]


def test_what_changed_while_redis_was_away_is_seen_when_it_is_back(team: Team, shop: Shop, alone: Client) -> None:
    """The writer could not tell Redis; the list that lies there is not asked for any more."""
    assert names(team) == ["One", "Two"]
    assert alone.post(PATH, json={"name": "Three", "slug": shop.slug}).status_code == 201
    assert names(team) == ["One", "Three", "Two"]


def test_what_redis_lost_is_computed(team: Team, shop: Shop, settings: Settings) -> None:
    assert names(team) == ["One", "Two"]
    store: redis.Redis = connect(settings.redis_url)
    store.delete(*entries(team, settings))
    assert names(team) == ["One", "Two"]


@pytest.mark.parametrize("query", [{"q": "One"}, {"stats_from": "2026-11-01", "stats_to": "2026-11-02"}])
def test_searches_and_statistics_are_not_kept(
    team: Team, shop: Shop, settings: Settings, query: dict[str, str]
) -> None:
    assert team.client.get(PATH, query_string=query).status_code == 200
    assert entries(team, settings) == []
