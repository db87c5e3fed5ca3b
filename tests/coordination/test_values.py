"""A value comes out as it went in, or does not go in."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.coordination.entry import seal, unseal
from tenantry.coordination.values import canonical, pack, unpack
from tenantry.errors import InvalidInput

ZONES = st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(1) / 2)]
)
HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.uuids(),
    st.dates(),
    st.datetimes(timezones=ZONES, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),
    st.timedeltas(),
    st.decimals(allow_nan=False),
)
HASHABLE = st.recursive(HASHABLE, lambda s: st.lists(s, max_size=3).map(tuple), max_leaves=5)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
    ),
    max_leaves=12,
)


def _shape(value: Any) -> Any:
    """The types of it all: 1, True and 1.0 are equal, and not the same."""
    if isinstance(value, dict):
        return dict, sorted(repr((_shape(k), _shape(v))) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), [_shape(v) for v in value]
    return type(value)


@given(VALUES)
def test_what_goes_in_comes_out(value: Any) -> None:
    again = unpack(pack(value))
    assert again == value
    assert _shape(again) == _shape(value)


@given(st.dictionaries(HASHABLE, VALUES, max_size=5), st.randoms())
def test_equal_arguments_make_equal_keys(value: dict[Any, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical(dict(items)) == canonical(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        (b"a", "a"),
        ([1], (1,)),
        ({1: 2}, [(1, 2)]),
        (["a", "b"], ["ab"]),
        (None, ""),
        ({1}, frozenset({1})),
        (2**64, str(2**64)),
    ],
)
def test_unlike_arguments_make_unlike_keys(one: Any, other: Any) -> None:
    assert canonical(one) != canonical(other)


class Colour(StrEnum):
    RED = "red"


class Pair(NamedTuple):
    a: int


class OwnDict(dict[str, int]):
    pass


class OwnUuid(UUID):
    """As the database driver has one."""


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (object(), "object"),
        ({"deep": [{"in": Colour.RED}]}, "Colour"),
        (Pair(1), "Pair"),
        (OwnDict(), "OwnDict"),
        (datetime(2026, 1, 1), "datetime"),
        (lambda: None, "function"),
        ("\ud800", "str"),
        ({1, object()}, "object"),
    ],
)
def test_what_cannot_be_kept_is_named(value: Any, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pack(value)
    assert (caught.value.field, caught.value.fields["type"]) == ("value", name)
    assert name in str(caught.value)


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InvalidInput):
        pack(endless)


def test_the_drivers_uuid_is_one() -> None:
    own = OwnUuid(str(uuid4()))
    assert type(unpack(pack(own))) is UUID
    assert unpack(pack([own])) == [own]


@given(st.binary())
def test_any_bytes_are_an_entry_or_a_value_error(data: bytes) -> None:
    for head in (b"", b"\xc1\x01", b"\xc1\x02"):
        with suppress(ValueError):
            unseal(head + data)


@given(VALUES, st.data())
def test_no_change_of_the_bytes_is_more_than_a_value_error(value: Any, data: st.DataObject) -> None:
    sealed = bytearray(seal(pack(value), {"tag": b"12345678"}, 1.0))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with suppress(ValueError):
        unseal(bytes(sealed))


def test_what_others_wrote_is_no_entry() -> None:
    for foreign in (b"", b"\xc1", b"hello", pack({"a": 1}), b"\xc1\x03" + pack(1), b"\x80\x04N."):
        with pytest.raises(ValueError, match=r".*"):
            unseal(foreign)


def test_dates_and_sums_stay_exact() -> None:
    value = {"d": date(2026, 11, 21), "sum": Decimal("1.10"), "nan": Decimal("NaN")}
    again = unpack(pack(value))
    assert str(again["sum"]) == "1.10"
    assert again["nan"].is_nan()
