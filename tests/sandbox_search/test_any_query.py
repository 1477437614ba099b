"""Any query made of the catalogue's fields is answered, or refused with one of Google's codes."""

from __future__ import annotations

import random

import pytest

from backend.integrations.googleads.gaql import Field, catalogue
from backend.sandbox.googleads.errors import Refusal, code_number
from backend.sandbox.googleads.world import World
from tests.sandbox_search.support import rows

NEEDED = {
    "change_event": "change_event.change_date_time DURING LAST_7_DAYS LIMIT 5",
    "change_status": "change_status.last_change_date_time DURING LAST_7_DAYS LIMIT 5",
    "click_view": "segments.date = '2026-11-10'",
}


def value(field: Field, draw: random.Random) -> str:
    if field.enum_values:
        return draw.choice(sorted(field.enum_values))
    if field.data_type.is_number:
        return str(draw.randint(0, 5))
    return {"BOOLEAN": "TRUE", "DATE": "'2026-11-01'"}.get(field.data_type.value, "'x'")


def query(draw: random.Random, version: str) -> str:
    known = catalogue(version)
    name = draw.choice(sorted(known.resources))
    resource = known.resource(name)
    joined = [name, *sorted(resource.attributed), *sorted(resource.segmenting)]
    fields = [field for one in joined for field in known.fields_of(one).values() if field.selectable]
    selected = [draw.choice(fields).name for _ in range(draw.randint(1, 4))]
    selected += draw.sample(sorted(resource.metrics), min(3, len(resource.metrics)))
    selected += draw.sample(sorted(resource.segments), min(draw.randint(0, 2), len(resource.segments)))
    conditions = ["segments.date DURING LAST_7_DAYS"] if resource.segments else []
    field = draw.choice(fields)
    if field.filterable:
        test = f"CONTAINS ANY ({value(field, draw)})" if field.repeated else f"!= {value(field, draw)}"
        conditions.append(f"{field.name} {test}")
    where = " AND ".join([NEEDED[name]] if name in NEEDED else conditions)
    return f"SELECT {', '.join(dict.fromkeys(selected))} FROM {name}{' WHERE ' if where else ''}{where}"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("version", ["v23", "v26"])
def test_any_query_is_answered_or_refused(world: World, client_id: str, seed: int, version: str) -> None:
    draw = random.Random(f"{seed} {version}")
    answered = 0
    for _ in range(40):
        text = query(draw, version)
        try:
            rows(world, client_id, text, version)
            answered += 1
        except Refusal as refusal:
            problem = refusal.problems[0]
            assert code_number(problem.kind, problem.code) > 1, text
    assert answered > 15
