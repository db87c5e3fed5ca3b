"""What is remembered of commits: in doubt more than was written, never less."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import InvalidInput
from tenantry.kernel.position import Place, format_place, parse_place
from tenantry.kernel.writes import Writes

_TENANTS = [uuid4() for _ in range(6)]


def test_who_has_written_nothing_needs_nothing() -> None:
    writes = Writes()
    writes.note(_TENANTS[1])
    assert writes.last(_TENANTS[0]).position == 0
    assert writes.last(_TENANTS[1]).position is None


@given(st.lists(st.sampled_from([*_TENANTS, None]), max_size=60), st.integers(1, 8))
def test_nobodys_commit_is_forgotten(commits: list[UUID | None], remembered: int) -> None:
    writes = Writes(remembered=remembered)
    last = dict.fromkeys(_TENANTS, 0)
    for serial, tenant in enumerate(commits, start=1):
        writes.note(tenant)
        last.update(dict.fromkeys(_TENANTS if tenant is None else [tenant], serial))
        assert len(writes._marks) <= remembered
        for one in _TENANTS:
            assert writes.last(one).serial >= last[one]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_a_place_is_read_as_it_was_written(timeline: int, position: int) -> None:
    place = Place(timeline, position)
    assert parse_place(format_place(place)) == place


@pytest.mark.parametrize(
    "given", [7, None, "", "1-1", "1-1/", "1/2", "1-1/2/3", "-1/2", "1-1/2 ", "1-G/1"]
)
def test_what_is_no_place_is_refused(given: object) -> None:
    with pytest.raises(InvalidInput):
        parse_place(given)
