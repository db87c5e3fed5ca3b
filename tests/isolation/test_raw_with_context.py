"""A connection of the application's role in one tenant's context, with any SQL: injected, say."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg
import pytest

from tenantry.ids import uuid7

from .world import (
    DENIED,
    HIDDEN,
    NOTHING,
    REFUSED,
    SHARED,
    TABLES,
    TENANTS,
    Connection,
    World,
    attempt,
    insertion,
)

#: A foreign key found nothing to point at.
NOT_THERE = "23503"
#: A user belongs to every tenant that has a membership of theirs.
_OWN = [table for table in TENANTS if table != "users"]


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize("table", _OWN)
async def test_only_rows_of_the_tenant_are_seen(world: World, table: str, role: str) -> None:
    column = world.owner(table)
    async with world.acting(role, world.acme.id) as connection:
        seen = await connection.fetch(f"SELECT {column} FROM tenantry.{table}")
        assert {row[0] for row in seen} == {world.acme.id}


@pytest.mark.parametrize("role", ["app", "readonly"])
async def test_only_users_who_are_members_are_seen(world: World, role: str) -> None:
    async with world.acting(role, world.acme.id, world.acme.rows["users"]["id"]) as connection:
        seen = await connection.fetch("SELECT id FROM tenantry.users")
        assert [row["id"] for row in seen] == [world.acme.rows["users"]["id"]]


@pytest.mark.parametrize("table", sorted(HIDDEN))
async def test_what_is_the_platforms_is_not_for_tenants(world: World, table: str) -> None:
    for role in ("app", "readonly"):
        async with world.acting(role, world.acme.id) as connection:
            assert await attempt(connection, f"SELECT FROM tenantry.{table}") == DENIED


@pytest.mark.parametrize("table", sorted(SHARED))
async def test_what_is_shared_is_read_by_all_and_changed_by_none(world: World, table: str) -> None:
    key = world.key(table)
    rows = {party.rows[table][key] for party in (world.acme, world.beta)}
    for role in ("app", "readonly"):
        async with world.acting(role, world.acme.id) as connection:
            seen = await connection.fetch(f"SELECT {key} FROM tenantry.{table}")
            assert {row[key] for row in seen} == rows
            for sql in (
                f"UPDATE tenantry.{table} SET {world.assignment(table)}",
                f"DELETE FROM tenantry.{table}",
                f"SELECT FROM tenantry.{table} FOR UPDATE",
            ):
                assert await attempt(connection, sql) == DENIED, sql


@pytest.mark.parametrize("table", TENANTS)
async def test_anothers_row_is_out_of_reach_by_its_id(world: World, table: str) -> None:
    key = world.key(table)
    other = world.beta.rows[table][key]
    async with world.acting("app", world.acme.id, world.beta.rows["users"]["id"]) as connection:
        for sql in (
            f"SELECT 1 FROM tenantry.{table} WHERE {key} = $1",
            f"SELECT 1 FROM tenantry.{table} WHERE {key} = $1 FOR UPDATE",
            f"SELECT 1 FROM tenantry.{table} WHERE {key} = $1 FOR KEY SHARE",
            f"UPDATE tenantry.{table} SET {world.assignment(table)} WHERE {key} = $1",
            f"UPDATE tenantry.{table} SET {world.assignment(table)} WHERE {key} = $1 RETURNING {key}",
            f"DELETE FROM tenantry.{table} WHERE {key} = $1",
            f"DELETE FROM tenantry.{table} WHERE {key} = $1 RETURNING {key}",
            f"MERGE INTO tenantry.{table} AS t USING (SELECT $1::uuid AS id) AS s"
            f" ON t.{key} = s.id WHEN MATCHED THEN DELETE",
        ):
            assert await attempt(connection, sql, other) in NOTHING | {DENIED}, sql


@pytest.mark.parametrize("table", TABLES)
async def test_nothing_is_added_for_another_tenant(world: World, table: str) -> None:
    async with world.acting("app", world.acme.id) as connection:
        sql, args = insertion(table, world.fresh(table, world.beta))
        assert await attempt(connection, sql, *args) == DENIED
        # The same key as a row that is there: not even a conflict may tell of it.
        sql, args = insertion(table, {**_given(world, table)})
        assert await attempt(connection, sql, *args) == DENIED
        quietly = f"{sql} ON CONFLICT DO NOTHING"
        assert await attempt(connection, quietly, *args) == DENIED


def _given(world: World, table: str) -> dict[str, object]:
    """Another tenant's row as it is, as far as it can be given."""
    row = world.beta.rows[table]
    return {name: row[name] for name in world.fresh(table, world.beta)}


@pytest.mark.parametrize("context", ["none", "acme"])
@pytest.mark.parametrize("table", _OWN)
async def test_a_refusal_says_no_more_of_a_tenant_than_of_none(
    world: World, table: str, context: str
) -> None:
    """Triggers ask about a new row before row security does: what they find is not to be told."""
    theirs, owner = world.fresh(table, world.beta), world.owner(table)
    rows = [theirs, _given(world, table)]
    for column in sorted(set(theirs) - {owner}):
        rows.append({name: value for name, value in theirs.items() if name != column})
        if column in world.references(table):
            rows.append({**theirs, column: uuid7()})
        elif isinstance(theirs[column], str):
            rows.append({**theirs, column: "nothing of the kind"})
    async with world.acting("app", world.acme.id if context == "acme" else None) as connection:
        for row in rows:
            for_beta, for_nobody = [
                await _said(connection, *insertion(table, {**row, owner: tenant}))
                for tenant in (world.beta.id, uuid7())
            ]
            assert for_beta == for_nobody, row


async def _said(connection: Connection, sql: str, args: list[object]) -> Mapping[str, object]:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as caught:
        async with connection.transaction():
            await connection.execute(sql, *args)
    error = caught.value
    return error.as_dict() if isinstance(error, asyncpg.PostgresError) else {"said": str(error)}


@pytest.mark.parametrize("table", _OWN)
async def test_no_row_moves_to_another_tenant(world: World, table: str) -> None:
    column = world.owner(table)
    async with world.acting("app", world.acme.id) as connection:
        sql = f"UPDATE tenantry.{table} SET {column} = $1"
        assert await attempt(connection, sql, world.beta.id) == DENIED


@pytest.mark.parametrize("table", TABLES)
async def test_no_reference_points_at_another_tenants_row(world: World, table: str) -> None:
    """Foreign-key checks ignore row security, so the keys themselves carry the tenant."""
    mine, other = world.fresh(table, world.acme), world.fresh(table, world.beta)
    access = world.access(table)
    async with world.acting("app", world.acme.id) as connection:
        for column in sorted(world.references(table)):
            foreign = other.get(column, world.beta.rows[table][column])
            if foreign is None:
                continue  # one of several that exclude each other: its own tests try the rest
            expected = {NOT_THERE} if access.insert and column in other else {DENIED}
            sql, args = insertion(table, {**mine, column: foreign})
            assert await attempt(connection, sql, *args) in expected, column
            expected = {NOT_THERE} if column in world.changeable(table) else {DENIED}
            sql = f"UPDATE tenantry.{table} SET {column} = $1"
            assert await attempt(connection, sql, foreign) in expected, column


@pytest.mark.parametrize("table", [t for t in TABLES if t not in {"tenants", "users"}])
async def test_a_row_of_ones_own_is_added_changed_and_removed(world: World, table: str) -> None:
    """The near-miss of all of the above: what is refused is refused for the tenant's sake."""
    access = world.access(table)
    async with world.acting("app", world.acme.id) as connection:
        row = world.fresh(table, world.acme)
        sql, args = insertion(table, row)
        added = await attempt(connection, sql, *args)
        assert added == ("INSERT 0 1" if access.insert else DENIED)
        if access.insert:
            sql = f"UPDATE tenantry.{table} SET {world.assignment(table)} WHERE id = $1"
            assert await attempt(connection, sql, row["id"]) == "UPDATE 1"
            sql = f"DELETE FROM tenantry.{table} WHERE id = $1"
            removed = "DELETE 1" if access.delete else DENIED
            assert await attempt(connection, sql, row["id"]) == removed


@pytest.mark.parametrize("table", TENANTS)
async def test_cursors_copies_and_plans_show_only_ones_own(world: World, table: str) -> None:
    column = world.owner(table)
    mine = {world.acme.rows[table][column]}
    async with world.acting("app", world.acme.id) as connection:
        await connection.execute(f"DECLARE c CURSOR FOR SELECT {column} FROM tenantry.{table}")
        assert {row[0] for row in await connection.fetch("FETCH ALL FROM c")} == mine
        copied = bytearray()

        async def keep(data: bytes) -> None:
            copied.extend(data)

        await connection.copy_from_query(f"SELECT {column} FROM tenantry.{table}", output=keep)
        assert set(copied.decode().split()) == {str(value) for value in mine}
        plan = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT {column} FROM tenantry.{table}"
        )
        assert str(world.beta.id) not in plan
        # A leaky function of one's own filter meets no row that the policy hides.
        leaky = f"SELECT 1 / (CASE WHEN {column} = $1 THEN 0 ELSE 1 END) FROM tenantry.{table}"
        other = world.beta.rows[table][column]
        assert (await attempt(connection, leaky, other)).startswith("SELECT")


@pytest.mark.parametrize("table", TENANTS)
async def test_a_plan_made_for_one_tenant_serves_another_its_own(world: World, table: str) -> None:
    """Past the sixth execution the server may keep one plan for all: the tenant is not in it."""
    column = world.owner(table)
    connection = await world.place.connection("app")
    try:
        statement = await connection.prepare(f"SELECT {column} FROM tenantry.{table}")
        for number in range(16):
            party = (world.acme, world.beta)[number % 2 if number > 8 else 0]
            async with connection.transaction():
                await _enter(connection, party.id)
                seen = {row[0] for row in await statement.fetch()}
                assert seen == {party.rows[table][column]}
    finally:
        await connection.close()


async def _enter(connection: Connection, tenant: object) -> None:
    await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))


async def test_copy_in_is_refused(world: World) -> None:
    async with world.acting("app", world.acme.id) as connection:
        for table in TABLES:
            state = await attempt(connection, f"COPY tenantry.{table} FROM STDIN")
            assert state not in NOTHING, table
            assert state in REFUSED | {"0A000"}, table


async def test_a_function_that_runs_sql_runs_it_for_the_caller(world: World) -> None:
    hidden = "SELECT to_tsvector(''simple'', replace(tenant_id::text, ''-'', ''x'')) FROM tenantry.projects"
    async with world.acting("app", world.acme.id) as connection:
        said = await connection.fetch(f"SELECT word FROM ts_stat('{hidden}')")
        assert [row["word"] for row in said] == [str(world.acme.id).replace("-", "x")]
