"""What is kept, and under which names: the tenant first, and an end to whatever is temporary."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.coordination import (
    Cache,
    Coordination,
    Keys,
    Limits,
    Locks,
    Pace,
    Rate,
    Share,
    UserSessions,
)
from tenantry.coordination.keys import Kind
from tenantry.errors import InvalidInput

_LASTS = {"fence", "stream", "dead"}


@given(st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=50), st.uuids(), st.uuids())
def test_no_name_of_one_tenant_is_a_key_of_another(a: str, b: str, one: UUID, other: UUID) -> None:
    if any("\ud800" <= c <= "\udfff" for c in a + b) or one == other:
        return
    mine, theirs = Keys(one), Keys(other)
    kinds: tuple[Kind, ...] = ("cache", "lock", "limit")
    found = {mine.name(kind, a) for kind in kinds} & {theirs.name(kind, b) for kind in kinds}
    assert not found
    assert mine.name("cache", a) != mine.name("lock", b)
    assert mine.read("cache", mine.name("cache", a).encode()) == a
    assert mine.name("cache", a).startswith(f"tenantry:{{{one}}}:")


@pytest.mark.parametrize("name", ["", "x" * 1025, "\ud800"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InvalidInput):
        Keys(uuid4()).name("cache", name)
    with pytest.raises(InvalidInput):
        Keys(None).pattern("cache", name)


async def test_whatever_is_temporary_ends_by_itself(coordination: Coordination) -> None:
    share = Share.of(coordination, uuid4())
    await Cache(share).set("a", 1, tags=["t"])
    await Cache(share).get_or_compute("b", _one, tags=["t", "u"])
    await Limits(share).hit("x", Rate(5, per=10), Pace(5, per=10))
    await UserSessions(share).create(uuid4(), {"a": 1})
    store = coordination.lasting
    async with Locks(share).hold("job"):
        found = {
            key
            async for some in store.scan(share.keys.pattern(), share.keys.prefix)
            for key in some
        }
        kinds = {share.keys.kind(key) for key in found}
        assert {"cache", "tag", "limit", "session", "sessions", "lock", "fence"} <= kinds
        for key in found:
            ends = await store.command("PTTL", key)
            assert ends > 0 or share.keys.kind(key) in _LASTS, key


async def _one() -> int:
    return 1
