"""What is given is written so that it comes back, or refused by name."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import InvalidInput
from tenantry.graph.parameters import DEEPEST, MOST_BYTES, encode, encode_properties

from .spelling import PLAIN, kinds


class Status(StrEnum):
    OPEN = "open"


class Level(IntEnum):
    HIGH = 3


class Price(Enum):
    FULL = Decimal("1.50")
    NONE = None
    ODD = b"x"


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,62}", fullmatch=True)


@given(st.dictionaries(NAMES, PLAIN, max_size=4))
def test_it_is_json_that_says_the_same(params: dict[str, Any]) -> None:
    written = json.loads(encode(params))
    assert written == params
    assert kinds(written) == kinds(params)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_have_a_point_and_no_exponent(number: float) -> None:
    text = encode({"x": number}).removeprefix('{"x":').removesuffix("}")
    assert "." in text and "e" not in text
    assert float(text) == number


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000+00:00"),
        (
            datetime(2026, 1, 2, 3, 4, 5, 67, tzinfo=timezone(timedelta(hours=5))),
            "2026-01-01T22:04:05.000067+00:00",
        ),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("1.50"), 1.5),
        (Decimal("7"), 7.0),
        (Decimal("0.1"), 0.1),
        (Status.OPEN, "open"),
        (Level.HIGH, 3),
        (Price.FULL, 1.5),
        (Price.NONE, None),
        ((1, (2,)), [1, [2]]),
        ({"a": [UUID(int=2), True]}, {"a": ["00000000-0000-0000-0000-000000000002", True]}),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
    ],
)
def test_what_the_graph_has_no_type_for(value: Any, written: Any) -> None:
    read = json.loads(encode({"x": value}))["x"]
    assert read == written
    assert kinds(read) == kinds(written)


@given(
    st.lists(
        st.datetimes(
            datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(timezone(timedelta(hours=3)))
        )
    )
)
def test_texts_of_moments_compare_as_the_moments_do(moments: list[datetime]) -> None:
    texts = {moment: json.loads(encode({"x": moment}))["x"] for moment in moments}
    assert sorted(moments) == sorted(moments, key=texts.__getitem__)


def _holding_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def _lists(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _doubled(depth: int) -> Any:
    value: Any = "x" * 100
    for _ in range(depth):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (2**63, "64 bits"),
        (-(2**63) - 1, "64 bits"),
        (10**5000, "64 bits"),
        (math.nan, "finite"),
        (-math.inf, "finite"),
        (Decimal("NaN"), "Decimal"),
        (Decimal("sNaN"), "Decimal"),
        (Decimal("Infinity"), "Decimal"),
        (Decimal("1e400"), "Decimal"),
        (Decimal("1e-400"), "Decimal"),
        (Decimal("0.1000000000000000000001"), "Decimal"),
        ("a\0b", "NUL"),
        ("\ud83d", "surrogate"),
        ({"a\0": 1}, "NUL"),
        ({"\udc00": 1}, "surrogate"),
        ({1: 2}, "key that is a int"),
        ({None: 2}, "key that is a NoneType"),
        (b"bytes", "bytes"),
        ({1, 2}, "set"),
        (object(), "object"),
        (Price.ODD, "bytes"),
        (time(1), "time"),
        (timedelta(1), "timedelta"),
        (1j, "complex"),
        (datetime(2026, 1, 1), "time zone"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "year"),
        (_lists(DEEPEST + 1), "nested"),
        (_holding_itself(), "nested"),
        ({"a": _lists(DEEPEST)}, "nested"),
        ("x" * MOST_BYTES, "bytes"),
        ("é" * (MOST_BYTES // 2), "bytes"),
        (_doubled(DEEPEST - 1), "bytes"),
        ([None] * MOST_BYTES, "bytes"),
    ],
    ids=lambda value: type(value).__name__,  # some are too long to print
)
def test_what_cannot_be_given_is_refused_by_name(value: Any, why: str) -> None:
    for write, what in ((encode, "parameter"), (encode_properties, "property")):
        for given_value in (value, [value]):
            with pytest.raises(InvalidInput, match=why) as caught:
                write({"fine": 1, "guilty": given_value})
            assert caught.value.field == "guilty"
            assert f"The {what} 'guilty'" in caught.value.message
            assert caught.value.hint


def test_as_much_as_is_allowed() -> None:
    assert json.loads(encode({"x": _lists(DEEPEST)}))["x"] == _lists(DEEPEST)
    assert len(encode({"x": "x" * (MOST_BYTES - 20)})) <= MOST_BYTES


@given(st.dictionaries(NAMES, PLAIN, max_size=4))
def test_no_text_is_longer_than_was_counted(params: dict[str, Any]) -> None:
    # Where counting is off, it is off on the side of caution.
    from tenantry.graph.parameters import _Writer

    writer = _Writer("parameter")
    text = "{" + ",".join(writer.member(*pair) for pair in params.items()) + "}"
    assert len(text.encode()) - 2 <= MOST_BYTES - writer._room


@pytest.mark.parametrize(
    "name",
    ["", "1a", "a-b", "a b", "é", "a" * 64, 'a"', "a\n", "$a", "\ud83d", 7, 10**5000, None],
    ids=lambda name: ascii(name) if isinstance(name, str) else type(name).__name__,
)
def test_names(name: Any) -> None:
    for write in (encode, encode_properties):
        with pytest.raises(InvalidInput, match="no name") as caught:
            write({name: 1})
        assert caught.value.field.isascii()
    assert encode({"a" * 63: 1, "_B2": 2})


def test_a_property_is_not_called_id_and_none_is_no_property() -> None:
    assert encode({"id": 1}) == '{"id":1}'
    with pytest.raises(InvalidInput) as caught:
        encode_properties({"id": 1})
    assert caught.value.field == "id"
    assert encode_properties({"a": None, "b": [None]}) == '{"b":[null]}'
    assert encode({"a": None}) == '{"a":null}'


def test_nothing_given_says_nothing_of_the_value() -> None:
    with pytest.raises(InvalidInput) as caught:
        encode({"token": "secret\0"})
    assert "secret" not in str(caught.value.to_dict())
