"""Show 5: any valid tree is planned parents first under unique temporary ids, and publishes; then nothing is left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.integrations.googleads.mutate.plan import is_temporary, references
from tests.publish.any_form import forms
from tests.publish.conftest import Place
from tests.publish.ledger import mutates
from tests.support.sandbox import Sandbox

WAIT = {"Prefer": "wait=30"}
MANY = settings(
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def must_be_ordered(call: dict[str, Any]) -> None:
    """Every temporary name is defined once, and before anything refers to it; resources come in groups."""
    defined: set[str] = set()
    kinds: list[str] = []
    for operation in call["operations"]:
        ((kind, body),) = operation.items()
        made = body["create"]
        own = made.get("resource_name", "")
        for name in references({field: value for field, value in made.items() if field != "resource_name"}):
            assert name in defined, f"{kind} refers to {name}, which comes later"
        if own:
            assert is_temporary(own)
            assert own.rsplit("/", 1)[-1] not in {name.rsplit("/", 1)[-1] for name in defined}
            defined.add(own)
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    grouped = [kind for kind in kinds if kind not in ("asset_operation", "asset_group_operation")]
    if "asset_group_operation" not in kinds:
        assert len(set(grouped)) == len(grouped)


def must_publish(place: Place, sandbox: Sandbox, form: dict[str, Any]) -> None:
    """Valid by the checks, taken by Google, and nothing is left to push."""
    client = place.team.client
    made = client.post("/api/campaigns", json=form)
    assert made.status_code == 201, made.text
    path = f"/api/campaigns/{made.get_json()['id']}"
    since = sandbox.last_seq()

    published = client.post(f"{path}/publish", headers=WAIT)

    assert published.status_code == 200, published.text
    calls = mutates(sandbox, since, place.account)
    assert len(calls) <= 2  # two when carousel cards need their images first
    for call in calls:
        must_be_ordered(call)
    preview = client.get(f"{path}/preview").get_json()
    assert (preview["operations"], preview["changes"]) == (0, [])
    pushed = client.post(f"{path}/push", headers=WAIT)
    assert pushed.status_code == 200, pushed.text
    assert pushed.get_json()["push"]["operations"] == 0
    assert len(mutates(sandbox, since, place.account, "applied", "partial")) == len(calls)


@pytest.mark.slow(reason="each example is a campaign that is really published")
@settings(MANY, max_examples=15)
@given(data=st.data())
def test_any_valid_tree_publishes(place: Place, sandbox: Sandbox, data: st.DataObject) -> None:
    must_publish(place, sandbox, data.draw(forms(place.account, sandbox.info["images"])))


@pytest.mark.soak
@pytest.mark.slow(reason="three hundred campaigns")
@pytest.mark.timeout(1_200)
@settings(MANY, max_examples=300)
@given(data=st.data())
def test_very_many_valid_trees_publish(place: Place, sandbox: Sandbox, data: st.DataObject) -> None:
    must_publish(place, sandbox, data.draw(forms(place.account, sandbox.info["images"])))
