"""What is remembered of commits: in doubt more than was written, never less."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import InvalidInput
from tenantry.kernel.position import format_position, parse_position
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


@given(st.integers(0, 2**64 - 1))
def test_a_position_is_read_as_it_was_written(position: int) -> None:
    assert parse_position(format_position(position)) == position


@pytest.mark.parametrize("given", [7, None, "", "1", "1/", "1/2/3", "-1/2", "1/2 ", "G/1"])
def test_what_is_no_position_is_refused(given: object) -> None:
    with pytest.raises(InvalidInput):
        parse_position(given)
