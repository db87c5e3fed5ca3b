"""Every revision is reversible, and going there and back leaves nothing and loses nothing."""

from __future__ import annotations

import pytest

from tenantry.migrations import revisions
from tenantry.migrations.runner import Migrator
from tenantry.schema.roles import DEFINERS, LOGINS
from tests.fixtures.database import Place

from .dump import dump_schema


@pytest.mark.postgres("wheel", "system")
async def test_up_down_and_up_again_give_the_same_database_and_down_an_empty_schema(
    empty_place: Place, empty_migrator: Migrator
) -> None:
    before = await dump_schema(empty_place)
    assert await empty_migrator.up() == revisions()
    first = await dump_schema(empty_place)
    assert await empty_migrator.down("base") == revisions()[::-1]
    assert await empty_migrator.current() == ()
    nothing = await dump_schema(empty_place)
    new = set(nothing.splitlines()) - set(before.splitlines())
    assert {line.split()[2] for line in new if line.startswith("CREATE ")} == {
        "tenantry.schema_version"
    }
    for made in ("FUNCTION", "TRIGGER", "POLICY", "INDEX"):
        assert nothing.count(f"CREATE {made} ") == before.count(f"CREATE {made} ")
    await empty_migrator.up()
    assert await dump_schema(empty_place) == first
    await empty_migrator.down("base")
    assert await dump_schema(empty_place) == nothing


async def test_going_down_keeps_the_roles_that_other_databases_use(
    place: Place, migrator: Migrator
) -> None:
    await migrator.down("base")
    connection = await place.connection("owner")
    try:
        rows = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname ~ '^tenantry_'")
        assert {row[0] for row in rows} >= {*LOGINS, *DEFINERS}
    finally:
        await connection.close()


async def test_going_up_twice_changes_nothing(place: Place, migrator: Migrator) -> None:
    before = await dump_schema(place)
    assert await migrator.up() == ()
    assert await dump_schema(place) == before
    history = await migrator.history()
    assert tuple(revision.id for revision in history) == revisions()
    assert all(revision.applied for revision in history)


async def test_the_script_for_running_by_hand_does_the_same(
    empty_place: Place, empty_migrator: Migrator, place: Place
) -> None:
    script = empty_migrator.sql()
    owner = await empty_place.connection("owner")
    try:
        await owner.execute(script)
    finally:
        await owner.close()
    report = await empty_migrator.check()
    assert report.at_head
    assert [str(change) for change in report.changes] == []
