"""Ids carry their time, never run backwards, and agree with the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry import ids
from tests.fixtures.database import Place

moments = st.datetimes(
    min_value=datetime(1970, 1, 2),
    max_value=datetime(9999, 1, 1),
    timezones=st.just(UTC),
)


def test_ids_of_one_process_strictly_increase() -> None:
    made = [ids.uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(i.version, i.variant) for i in made} == {(7, "specified in RFC 4122")}


@given(moments)
def test_an_id_made_for_a_moment_carries_it(moment: datetime) -> None:
    made = ids.uuid7_at(moment)
    assert abs(ids.time_of(made) - moment) <= timedelta(milliseconds=1)
    assert ids.lower_bound(moment) <= made < ids.lower_bound(moment + timedelta(milliseconds=2))


def test_a_moment_without_a_timezone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        ids.uuid7_at(datetime(2026, 1, 1))


async def test_the_database_makes_and_reads_the_same_ids(place: Place) -> None:
    connection = await place.connection("app")
    try:
        made = await connection.fetchval("SELECT tenantry.uuidv7()")
        assert (made.version, made.variant) == (7, "specified in RFC 4122")
        assert abs(ids.time_of(made) - datetime.now(UTC)) < timedelta(minutes=1)
        many = [
            r[0]
            for r in await connection.fetch(
                "SELECT tenantry.uuidv7() FROM generate_series(1, 5000)"
            )
        ]
        assert many == sorted(many)
        moment = datetime(2026, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)
        assert await connection.fetchval("SELECT tenantry.uuid_at($1)", moment) == ids.lower_bound(
            moment
        )
        assert (
            await connection.fetchval("SELECT tenantry.time_of($1)", ids.uuid7_at(moment)) == moment
        )
    finally:
        await connection.close()
