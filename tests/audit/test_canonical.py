"""One spelling for one entry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.ops.seals.canonical import _piece_by_piece, canonical, canonical_json

_scalars = st.none() | st.booleans() | st.integers() | st.text()
documents = st.recursive(
    _scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(documents)
def test_how_a_server_prints_json_makes_no_difference(document: Any) -> None:
    spelt = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for printed in (
        json.dumps(document),
        json.dumps(document, ensure_ascii=False, indent=3),
        json.dumps(document, sort_keys=True, separators=(" , ", " : ")),
    ):
        assert canonical_json(printed) == spelt
        assert _piece_by_piece(printed) == spelt


@pytest.mark.parametrize(
    ("printed", "spelt"),
    [
        ('{"b": 1.10, "a": 0.1000000000000000055}', '{"a":0.1000000000000000055,"b":1.10}'),
        ("-12345678901234567890.5", "-12345678901234567890.5"),
        ("9" * 5000, "9" * 5000),
        ('["1.5", 1.5, "a, b: {c}"]', '["1.5",1.5,"a, b: {c}"]'),
        ('"\\u00e9\\n"', '"é\\n"'),
    ],
)
def test_no_digit_is_lost_and_no_string_passes_for_a_number(printed: str, spelt: str) -> None:
    assert canonical_json(printed) == spelt


def test_any_depth_is_spelt() -> None:
    deep = '{"a": [' * 5000 + "1" + "]}" * 5000
    assert canonical_json(deep) == deep.replace(" ", "")


def test_what_is_null_is_left_out() -> None:
    assert canonical({"b": "é", "a": '"1"', "c": None}) == '{"a":"\\"1\\"","b":"é"}'.encode()
