"""The story behind the demo, without a database: its dates, its shape, its words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.ops.demo import Demo
from tenantry.ops.demo.plot import tell
from tenantry.ops.demo.story import LENGTH, Story

_PRESETS = ("basic", "aigentflow", "agentdesk", "issue")
#: What depends on the date, wherever it stands.
_DATED = (datetime, date, UUID)


def told(as_of: date) -> dict[str, list[dict[str, Any]]]:
    story = Story(Demo(as_of))
    flows = {name: UUID(int=place) for place, name in enumerate(_PRESETS)}
    tell(story, {"acme": flows, "globex": flows})
    return {model.__tablename__: rows for model, rows in story.rows.items()}


def _moments(row: dict[str, Any]) -> list[datetime]:
    return [value for value in row.values() if isinstance(value, datetime)]


@pytest.mark.parametrize(
    "as_of", [date(2024, 2, 29), date(2026, 1, 1), *(date(2026, 3, day) for day in range(2, 9))]
)
def test_another_date_is_the_same_story_on_other_days(as_of: date) -> None:
    one, other = told(date(2026, 3, 1)), told(as_of)
    assert one.keys() == other.keys()
    for table, rows in one.items():
        assert len(rows) == len(other[table])
        for mine, theirs in zip(rows, other[table], strict=True):
            for column, value in mine.items():
                assert isinstance(theirs[column], type(value))
                # Texts of JSON may quote an id; all other words and numbers are the same.
                if not isinstance(value, (*_DATED, dict, list)):
                    assert theirs[column] == value, (table, column)


def test_twice_is_the_same() -> None:
    assert told(date(2026, 3, 1)) == told(date(2026, 3, 1))


@pytest.mark.parametrize("as_of", [date(2026, 3, 1), date(2026, 3, 4)])
def test_nothing_happens_after_its_date_and_no_id_comes_twice(as_of: date) -> None:
    ends = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    for table, rows in told(as_of).items():
        assert len({row["id"] for row in rows}) == len(rows), table
        assert all(moment < ends for row in rows for moment in _moments(row)), table


def test_the_words_are_all_there() -> None:
    for table, rows in told(date(2026, 3, 1)).items():
        for row in rows:
            for value in row.values():
                if isinstance(value, str):
                    assert "{" not in value, (table, value)
                    assert "lorem" not in value.lower()


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.lists(st.floats(0, LENGTH), min_size=2, max_size=20, unique=True),
)
@settings(max_examples=200, deadline=None)
def test_work_is_done_on_weekdays_and_what_is_further_back_is_earlier(
    as_of: date, backs: list[float]
) -> None:
    demo = Demo(as_of)
    moments = [demo.at(back) for back in sorted(backs)]
    for moment in moments:
        assert moment.weekday() < 5
        assert 9 <= moment.hour <= 17
        assert moment.date() < as_of
    assert all(later >= earlier for later, earlier in pairwise(moments))
    assert demo.at(0) - demo.at(LENGTH) == timedelta(days=LENGTH / 5 * 7)
