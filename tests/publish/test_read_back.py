"""Show 1: each type with each objective, from the flat form and from a whole tree: dry run, publish, read back.

What was asked for, what this product tells of it and what Google holds are compared field by field, with every id.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from backend.campaigns.objectives import STRATEGIES
from backend.cli import demo
from tests.publish.conftest import Place
from tests.publish.forms import whole
from tests.publish.ledger import mutates
from tests.publish.views import AtGoogle, asked, told
from tests.support.sandbox import Sandbox

WAIT = {"Prefer": "wait=30"}
COMBINATIONS = sorted(STRATEGIES)
# Written down a second time on purpose: a slip in the product's table is no agreement with itself.
BIDDING = {
    "SALES": "maximize_conversion_value",
    "LEADS": "maximize_conversions",
    "WEBSITE_TRAFFIC": "target_spend",
}
each_combination = pytest.mark.parametrize(
    ("campaign_type", "objective"), COMBINATIONS, ids=["-".join(pair) for pair in COMBINATIONS]
)


def bidding(campaign_type: str, objective: str) -> str:
    """Performance Max bids on conversions or their value only."""
    if (campaign_type, objective) == ("PERFORMANCE_MAX", "WEBSITE_TRAFFIC"):
        return "maximize_conversions"
    return BIDDING[objective]


def must_be_read_back(place: Place, sandbox: Sandbox, form: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Create, try, publish in one call, and compare the three views."""
    team, account = place.team, place.account
    made = team.client.post("/api/campaigns", json=form)
    assert made.status_code == 201, made.text
    path = f"/api/campaigns/{made.get_json()['id']}"
    since = sandbox.last_seq()

    dry = team.client.post(f"{path}/dry-run", headers=WAIT)
    assert dry.status_code == 200, dry.text
    assert (dry.get_json()["publishable"], dry.get_json()["complete"]) == (True, True)
    assert mutates(sandbox, since, account) == []
    published = team.client.post(f"{path}/publish", headers=WAIT)
    assert published.status_code == 200, published.text
    assert len(mutates(sandbox, since, account)) == 1

    here, our_ids = told(team.client.get(f"{path}/tree").get_json())
    there, their_ids = AtGoogle(sandbox, account).held(published.get_json()["google_campaign_id"])
    assert there == wanted
    assert here == wanted
    assert our_ids == their_ids
    assert all(our_ids.values())


@each_combination
def test_whole_tree(place: Place, sandbox: Sandbox, campaign_type: str, objective: str) -> None:
    images = sandbox.info["images"]
    form = whole(campaign_type, objective, place.account, images)
    wanted = asked(_with_ad_type(form), images, bidding(campaign_type, objective))

    must_be_read_back(place, sandbox, form, wanted)


@each_combination
def test_flat_form(
    place: Place,
    flat_form: Callable[..., dict[str, Any]],
    sandbox: Sandbox,
    campaign_type: str,
    objective: str,
) -> None:
    images = sandbox.info["images"]
    form = flat_form(
        name=f"{campaign_type} {uuid.uuid4()}",
        customer_id=place.account,
        campaign_type=campaign_type,
        objective=objective,
        headlines=["Fast delivery", "Order online today", "Made to last"],
        descriptions=["Free shipping on every order.", "Thirty days to send it back."],
        start_date="2037-01-01",
    )
    wanted = asked(expanded(form, images), images, bidding(campaign_type, objective))

    must_be_read_back(place, sandbox, form, wanted)


@each_combination
def test_the_ten_fields_publish_with_the_defaults_that_the_demo_sets(
    place: Place, sandbox: Sandbox, campaign_type: str, objective: str
) -> None:
    """R2.1's ten fields and nothing else, as a new user sends them after `run.py demo`."""
    client, images = place.team.client, sandbox.info["images"]
    defaults = f"/api/customers/{place.account}/defaults"
    set_by_demo = client.edit("PATCH", defaults, json=demo.DEFAULTS | {"logo_url": images["logo"]})
    assert set_by_demo.status_code == 200, set_by_demo.text
    form = {
        "name": f"Ten fields {uuid.uuid4()}",
        "objective": objective,
        "campaign_type": campaign_type,
        "daily_budget": 20_000_000,
        "start_date": "2037-01-01",
        "end_date": "2037-02-01",
        "ad_group_name": "Everybody",
        "ad_headline": "Spring sale on trail shoes",
        "ad_description": "Light, tough and on sale until the end of the month.",
        "asset_url": images["landscape"],
    }
    made = client.post("/api/campaigns", json=form | {"customer_id": place.account})
    assert made.status_code == 201, made.text
    assert bool(made.get_json()["notices"]) == (campaign_type == "SEARCH")
    published = client.post(f"/api/campaigns/{made.get_json()['id']}/publish", headers=WAIT)
    assert published.status_code == 200, published.text
    told_back = published.get_json()
    if campaign_type == "SEARCH":
        form["asset_url"] = None  # its ads carry no image; the draft said so in `notices`
    assert {name: told_back[name] for name in form} == form
    assert (told_back["status"], told_back["google_status"], told_back["problems"]) == ("PUBLISHED", "PAUSED", [])
    cleared = client.edit("PATCH", defaults, json=dict.fromkeys([*demo.DEFAULTS, "logo_url"]))
    assert cleared.status_code == 200, cleared.text


def _with_ad_type(form: dict[str, Any]) -> dict[str, Any]:
    """Ads of a search campaign need not say what they are."""
    groups = [
        group | {"ads": [{"type": "RESPONSIVE_SEARCH_AD", **ad} for ad in group["ads"]]}
        for group in form.get("ad_groups", ())
    ]
    return form | {"ad_groups": groups}


def expanded(form: dict[str, Any], images: dict[str, str]) -> dict[str, Any]:
    """The tree that a flat form stands for, by the rule of docs/campaigns.md."""
    landscape, logo = {"url": form["asset_url"]}, [{"url": form["logo_url"]}]
    texts = {
        "headlines": [form["ad_headline"], *form["headlines"]],
        "descriptions": [form["ad_description"], *form["descriptions"]],
        "final_urls": [form["final_url"]],
    }
    name = form["ad_group_name"]
    if form["campaign_type"] == "SEARCH":
        ad = {"type": "RESPONSIVE_SEARCH_AD", **texts}
        return form | {"ad_groups": [{"name": name, "keywords": form["keywords"], "ads": [ad]}]}
    texts |= {"business_name": form["business_name"], "logo_images": logo, "marketing_images": [landscape]}
    if form["campaign_type"] == "DEMAND_GEN":
        return form | {"ad_groups": [{"name": name, "ads": [{"type": "DEMAND_GEN_MULTI_ASSET_AD", **texts}]}]}
    # The long headline is the first headline; the square image is cut from the middle of the only one.
    texts |= {"long_headlines": [form["ad_headline"]], "square_marketing_images": [{"size": (628, 628)}]}
    if form["campaign_type"] == "DISPLAY":
        return form | {"ad_groups": [{"name": name, "ads": [{"type": "RESPONSIVE_DISPLAY_AD", **texts}]}]}
    return form | {"asset_groups": [{"name": name, **texts}]}
