"""Every value that the graph engine writes is read as what it is."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import AnswerUnreadable
from tenantry.graph import Edge, Path, Vertex, agtype
from tenantry.graph.agtype import DEEPEST, parse

from .spelling import VALUES, kinds, spelt

A = Vertex(844424930131969, "A", {"s": "::vertex", "k": Decimal("1.5")})
B = Vertex(1407374883553281, "B", {})
R = Edge(1125899906842625, "R", A.graph_id, B.graph_id, {"x": 1})
A_TEXT = '{"id": 844424930131969, "label": "A", "properties": {"k": 1.5::numeric, "s": "::vertex"}}'
R_TEXT = (
    '{"id": 1125899906842625, "label": "R", "end_id": 1407374883553281,'
    ' "start_id": 844424930131969, "properties": {"x": 1}}::edge'
)
B_TEXT = '{"id": 1407374883553281, "label": "B", "properties": {}}::vertex'
P_TEXT = f"[{A_TEXT}::vertex, {R_TEXT}, {B_TEXT}]::path"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("-9223372036854775808", -(2**63)),
        ("1.0", 1.0),
        ("1e-07", 1e-7),
        ("1e+300", 1e300),
        ("-Infinity", -math.inf),
        ("1.50::numeric", Decimal("1.50")),
        ("Infinity::numeric", Decimal("Infinity")),
        ("9" * 5000 + "::numeric", Decimal("9" * 5000)),
        ("[-0.5::numeric, NaN::numeric, 7]", None),
        (r'"a\"b\\c\n\t\u0001é😀::vertex"', 'a"b\\c\n\t\x01é😀::vertex'),
        ("[]", []),
        ("{}", {}),
        ('[1, {"a": [null]}]', [1, {"a": [None]}]),
        (A_TEXT + "::vertex", A),
        (R_TEXT, R),
        (P_TEXT, Path((A, B), (R,))),
        (f'{{"x": {P_TEXT}, "y": [{B_TEXT}]}}', {"x": Path((A, B), (R,)), "y": [B]}),
        (f"[{B_TEXT}]::path", Path((B,), ())),
    ],
)
def test_what_age_prints(text: str, value: Any) -> None:
    read = parse(text)
    if value is None and isinstance(read, list):  # NaN equals nothing
        assert read[0] == Decimal("-0.5")
        assert isinstance(read[1], Decimal) and read[1].is_nan()
        return
    assert read == value
    assert kinds(read) == kinds(value)


def test_not_a_number() -> None:
    read = parse("NaN")
    assert isinstance(read, float) and math.isnan(read)


@given(VALUES)
def test_any_value_is_read_as_it_was_spelt(value: Any) -> None:
    read = parse(spelt(value))
    assert read == value
    assert kinds(read) == kinds(value)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("nul", 0),
        ("1 2", 1),
        ('"open', 0),
        ("[1, 2", 5),
        (f"[{B_TEXT}", len(B_TEXT) + 1),
        (f"[{B_TEXT}; 1]", len(B_TEXT) + 1),
        ('{"a" 1::numeric}', 4),
        ("{1::numeric: 2}", 1),
        ("{}::vertex", 2),
        ("1::vertex", 1),
        ("[1]::path", 3),
        ("{}::teapot", 2),
        ('"a"::numeric', 3),
        ("true::numeric", 4),
        ("1::", 1),
        (R_TEXT.removesuffix("edge") + "path", R_TEXT.index("::edge")),
        (f"[{R_TEXT}]::path", len(R_TEXT) + 2),
    ],
)
def test_what_is_no_value_is_said_to_be_none(text: str, position: int) -> None:
    with pytest.raises(AnswerUnreadable) as caught:
        parse(text)
    assert caught.value.position == position
    assert caught.value.text == text[:200]
    assert caught.value.hint


@given(st.text('[]{}":,.\\0-ebu ') | st.text())
def test_any_text_is_a_value_or_refused(text: str) -> None:
    try:
        parse(text)
    except AnswerUnreadable as error:
        assert 0 <= error.position <= len(text)


@given(VALUES.map(spelt), st.data())
def test_a_value_cut_short_is_refused_or_another_scalar(text: str, data: st.DataObject) -> None:
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        value = parse(cut)
    except AnswerUnreadable:
        return
    assert not isinstance(value, Path)


@pytest.mark.parametrize("inner", ["", "1.5::numeric", '"[[[ \\" {{{ \\\\"'])
def test_nesting_has_an_end(inner: str) -> None:
    parse("[" * DEEPEST + inner + "]" * DEEPEST)
    parse("[" + ", ".join(["[{}]"] * 3 * DEEPEST) + "]")
    for depth in (DEEPEST + 1, 100_000):
        with pytest.raises(AnswerUnreadable, match="nested"):
            parse("[" * depth + inner + "]" * depth)
        with pytest.raises(AnswerUnreadable, match="nested"):
            parse("[" * depth)
        with pytest.raises(AnswerUnreadable, match="nested"):
            parse('{"a": ' * depth + (inner or "1") + "}" * depth)


def test_brackets_in_text_are_not_nesting() -> None:
    text = "[{" * 1000 + '\\"'
    assert parse(spelt([text, text])) == [text, text]


def test_what_is_read_twice_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each level's scan fails at its annotation, after all that the levels in it hold."""
    read = 0

    def counting(text: str, at: int) -> tuple[Any, int]:
        nonlocal read
        try:
            value, end = scan(text, at)
        except json.JSONDecodeError as error:
            read += error.pos - at
            raise
        read += end - at
        return value, end

    scan = agtype._scan
    monkeypatch.setattr(agtype, "_scan", counting)
    value: Any = [list(range(2000)), B]
    for _ in range(DEEPEST - 3):
        value = [value]
    text = spelt(value)
    assert parse(text) == value
    assert len(text) < read < 6 * len(text)
