"""What the strict JSON reader takes and refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import Invalid
from backend.core.http import strict_json

BIGINT = st.integers(min_value=-(2**63), max_value=2**63 - 1)
TEXT = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))
JSON = st.recursive(
    st.none() | st.booleans() | BIGINT | TEXT | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_everything_a_client_can_mean_is_read_as_it_was_written(value):
    import json

    assert strict_json.parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1, "a": 2}',
        b'{"x": {"b": 1, "c": 2, "b": 1}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\\ud800"}',
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"{",
        b"[" * 100_000,
        b"[" * 65 + b"]" * 65,
        b'{"a": 1} trailing',
    ],
)
def test_what_cannot_be_meant_is_malformed(raw):
    with pytest.raises(Invalid) as refused:
        strict_json.parse(raw)
    assert refused.value.code == "malformed_json"


def test_an_integer_that_no_bigint_holds_is_named_by_its_pointer():
    with pytest.raises(Invalid) as refused:
        strict_json.parse(b'{"a": [1, {"b/c": 9223372036854775808}], "d": ' + b"9" * 5000 + b"}")
    assert refused.value.code == "validation_failed"
    assert sorted(finding.pointer for finding in refused.value.errors) == ["/a/1/b~1c", "/d"]


def test_the_ends_of_the_bigint_range_are_read():
    assert strict_json.parse(b"[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]
