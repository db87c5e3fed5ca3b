"""What the application's roles cannot do at all, whatever the context and whatever the SQL."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from sqlalchemy import Column

from tenantry.models import Access, Partitioned, metadata
from tenantry.models.base import model_of
from tenantry.schema.roles import DEFINERS, OWNER, SERVICE

from .world import APPEND_ONLY, DENIED, TABLES, World, attempt

_SECRETS = [
    (table.name, column.name)
    for table in metadata.sorted_tables
    for column in table.columns
    if column.info.get("secret")
]


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize(("table", "secret"), _SECRETS)
async def test_secrets_cannot_be_read(world: World, role: str, table: str, secret: str) -> None:
    changed = next(iter(world.changeable(table)), secret)
    async with world.acting(role, world.acme.id, world.acme.rows["users"]["id"]) as connection:
        for sql in (
            f"SELECT {secret} FROM tenantry.{table}",
            f"SELECT * FROM tenantry.{table}",
            f"SELECT t FROM tenantry.{table} AS t",
            f"SELECT to_jsonb(t) FROM tenantry.{table} AS t",
            f"SELECT 1 FROM tenantry.{table} WHERE {secret} IS NOT NULL",
            f"SELECT 1 FROM tenantry.{table} ORDER BY {secret}",
            f"SELECT count({secret}) FROM tenantry.{table}",
            f"COPY tenantry.{table} ({secret}) TO STDOUT",
            f"UPDATE tenantry.{table} SET {changed} = DEFAULT RETURNING {secret}",
            f"DELETE FROM tenantry.{table} RETURNING {secret}",
        ):
            assert await attempt(connection, sql) == DENIED, sql
        sampled = "SELECT 1 FROM pg_stats WHERE tablename = $1 AND attname = $2"
        assert await attempt(connection, sampled, table, secret) == "SELECT 0"


@pytest.mark.parametrize("table", TABLES)
async def test_only_the_columns_of_the_model_can_be_changed(world: World, table: str) -> None:
    """Never one's plan, status, quotas, usage, billing or role."""
    allowed = world.changeable(table)
    async with world.acting("app", world.acme.id, world.acme.rows["users"]["id"]) as connection:
        for column in world.tables[table].columns:
            tag = await attempt(connection, f"UPDATE tenantry.{table} SET {column.name} = DEFAULT")
            if column.name not in allowed:
                assert tag == DENIED, column.name
            else:
                assert tag != DENIED, column.name


@pytest.mark.parametrize("table", TABLES)
async def test_only_the_columns_of_the_model_can_be_given(world: World, table: str) -> None:
    """Never a total or a state that triggers keep."""
    access = world.access(table)
    row = world.fresh(table, world.acme)
    async with world.acting("app", world.acme.id) as connection:
        for column in world.tables[table].columns:
            given = {name: value for name, value in row.items() if name != column.name}
            places = [f"${number}" for number in range(1, len(given) + 1)]
            # DEFAULT, whatever its type: the rights on it are what is asked here.
            sql = (
                f"INSERT INTO tenantry.{table} ({', '.join([*given, column.name])})"
                f" VALUES ({', '.join([*places, 'DEFAULT'])})"
            )
            tag = await attempt(connection, sql, *given.values())
            if not _insertable(access, column):
                assert tag == DENIED, column.name
            else:
                assert tag != DENIED, column.name


def _insertable(access: Access, column: Column[Any]) -> bool:
    if isinstance(access.insert, tuple):
        return column.name in access.insert
    return access.insert and not column.info.get("kept")


def test_what_decides_over_a_tenant_is_not_the_tenants_to_change(world: World) -> None:
    assert set(world.changeable("tenants")) == {"name", "settings"}
    assert set(world.changeable("users")) == {"username", "name", "preferences"}
    for table in ("tenant_quotas", "tenant_usage", "memberships", "audit_logs", "platform_log"):
        access = world.access(table)
        assert not (access.insert or access.update or access.delete), table


async def test_another_member_cannot_be_changed(world: World) -> None:
    async with world.acting("app", world.acme.id, world.beta.rows["users"]["id"]) as connection:
        assert await attempt(connection, "UPDATE tenantry.users SET name = 'x'") == "UPDATE 0"
    async with world.acting("app", world.acme.id) as connection:
        assert await attempt(connection, "UPDATE tenantry.users SET name = 'x'") == "UPDATE 0"


@pytest.mark.parametrize("role", ["app", "readonly", "service"])
@pytest.mark.parametrize("table", TABLES)
async def test_no_table_is_emptied_altered_or_extended(world: World, table: str, role: str) -> None:
    async with world.acting(role, world.acme.id) as connection:
        policy = await connection.fetchval(
            "SELECT min(policyname) FROM pg_policies WHERE schemaname = 'tenantry' AND tablename = $1",
            table,
        )
        for sql in (
            "TRUNCATE {}",
            "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE {} DISABLE TRIGGER ALL",
            "ALTER TABLE {} ADD COLUMN more int",
            "ALTER TABLE {} OWNER TO CURRENT_USER",
            "CREATE POLICY more ON {} USING (true)",
            f"DROP POLICY {policy} ON {{}}",
            "CREATE TRIGGER more BEFORE INSERT ON {} EXECUTE FUNCTION tenantry.refuse_change()",
            "CREATE RULE more AS ON INSERT TO {} DO INSTEAD NOTHING",
            "CREATE INDEX ON {} ((1))",
            "COMMENT ON TABLE {} IS 'mine'",
            "DROP TABLE {}",
        ):
            assert await attempt(connection, sql.format(f"tenantry.{table}")) == DENIED, sql


@pytest.mark.parametrize("role", ["app", "readonly", "service"])
@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE tenantry.mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
        "SELECT 1 AS x INTO TEMP mine",
        "CREATE TEMP SEQUENCE mine",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION tenantry.current_tenant_id(x int) RETURNS uuid LANGUAGE sql RETURN NULL",
        "CREATE FUNCTION pg_temp.current_tenant_id() RETURNS uuid LANGUAGE sql RETURN NULL",
        "CREATE FUNCTION public.nullif(text, text) RETURNS text LANGUAGE sql RETURN NULL",
        "CREATE VIEW public.mine AS SELECT 1",
        "CREATE OPERATOR public.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = uuid_ne)",
        "CREATE SEQUENCE public.mine",
        "CREATE TYPE public.mine AS (x int)",
        "CREATE EXTENSION hstore",
        "CREATE ROLE mine",
        "CREATE PUBLICATION mine",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "ALTER ROLE tenantry_owner PASSWORD 'x'",
        "SET session_replication_role = replica",
        "SET log_statement = 'all'",
        "GRANT tenantry_owner TO CURRENT_USER",
    ],
)
async def test_nothing_is_created_or_raised(world: World, role: str, sql: str) -> None:
    async with world.acting(role, world.acme.id) as connection:
        assert await attempt(connection, sql) == DENIED


@pytest.mark.parametrize("role", ["app", "readonly", "service"])
async def test_nothing_is_done_outside_a_transaction_either(world: World, role: str) -> None:
    connection = await world.place.connection(role)
    try:
        await connection.execute("SET default_transaction_read_only = off")
        for sql in ("ALTER SYSTEM SET log_statement = 'all'", "CREATE DATABASE mine", "CHECKPOINT"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["app", "readonly"])
@pytest.mark.parametrize("other", [OWNER, SERVICE, *DEFINERS, "postgres", "pg_read_all_data"])
async def test_no_role_becomes_another(world: World, role: str, other: str) -> None:
    async with world.acting(role, world.acme.id) as connection:
        for sql in (f"SET ROLE {other}", f"SET SESSION AUTHORIZATION {other}"):
            assert await attempt(connection, sql) in {DENIED, "22023"}, sql


@pytest.mark.parametrize("role", ["app", "readonly", "service"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_get(1)",
        "SELECT lo_open(1, 262144)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_binary_file('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "SELECT pg_stat_file('.')",
        "SELECT pg_reload_conf()",
        "COPY (SELECT 1) TO '/tmp/mine'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "DO LANGUAGE plpython3u $$ pass $$",
    ],
)
async def test_the_server_and_its_files_are_out_of_reach(world: World, role: str, sql: str) -> None:
    async with world.acting(role, world.acme.id) as connection:
        assert await attempt(connection, sql) in {DENIED, "42704"}  # there is no such language


@pytest.mark.parametrize("role", ["app", "readonly"])
async def test_other_sessions_are_neither_watched_nor_ended(world: World, role: str) -> None:
    other = await world.place.connection(role)
    try:
        secret = "SELECT 'a secret of another tenant'"
        await other.execute(secret)
        pid = other.get_server_pid()
        async with world.acting(role, world.acme.id) as connection:
            for sql in (
                "SELECT query FROM pg_stat_activity",
                "SELECT * FROM pg_stat_get_activity(NULL)",
                "SELECT pg_stat_get_backend_activity(n) FROM generate_series(1, 50) AS n",
                f"SELECT pg_cancel_backend({pid})",
                f"SELECT pg_terminate_backend({pid})",
            ):
                assert await attempt(connection, sql) == DENIED, sql
        assert await other.fetchval("SELECT 1") == 1
    finally:
        await other.close()


async def test_partitions_are_reached_through_their_parents_only(world: World) -> None:
    admin = await world.place.connection("superuser")
    try:
        rows = await admin.fetch(
            "SELECT relname, relrowsecurity AND relforcerowsecurity AS secured FROM pg_class"
            " WHERE relispartition AND relkind = 'r' AND relnamespace = 'tenantry'::regnamespace"
        )
    finally:
        await admin.close()
    parents = [t for t in world.tables.values() if issubclass(model_of(t), Partitioned)]
    assert len(rows) >= len(parents) * 5  # now, three periods ahead and the rest
    assert all(row["secured"] for row in rows)
    for role in ("app", "readonly", "service"):
        async with world.acting(role, world.acme.id) as connection:
            for row in rows:
                child = f"tenantry.{row['relname']}"
                for sql in (
                    f"SELECT FROM {child}",
                    f"INSERT INTO {child} DEFAULT VALUES",
                    f"UPDATE {child} SET created_at = now()",
                    f"DELETE FROM {child}",
                    f"TRUNCATE {child}",
                ):
                    assert await attempt(connection, sql) == DENIED, sql


@pytest.mark.parametrize("table", ["audit_logs", "platform_log"])
async def test_the_record_is_changed_by_nobody(world: World, table: str) -> None:
    admin = await world.place.connection("superuser")
    try:
        children = await admin.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass",
            f"tenantry.{table}",
        )
    finally:
        await admin.close()
    relations = [f"tenantry.{table}", *(row[0] for row in children)]
    for role, refusal in (
        ("app", DENIED),
        ("service", DENIED),
        ("owner", APPEND_ONLY),
        ("superuser", APPEND_ONLY),
    ):
        async with world.acting(role, world.acme.id) as connection:
            for relation in relations:
                for sql in (
                    f"UPDATE {relation} SET action = 'x'",
                    f"DELETE FROM {relation}",
                    f"TRUNCATE {relation}",
                ):
                    assert await attempt(connection, sql) == refusal, (role, sql)


@pytest.mark.parametrize("table", ["audit_logs", "platform_log"])
async def test_the_record_is_not_forged(world: World, table: str) -> None:
    sql = f"INSERT INTO tenantry.{table} (tenant_id, action, resource_type) VALUES ($1, 'x', 'x')"
    for role in ("app", "service", "owner"):
        async with world.acting(role, world.acme.id) as connection:
            assert await attempt(connection, sql, world.acme.id) == DENIED


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_is_locked_only_by_those_who_write_to_it(world: World, table: str) -> None:
    access = world.access(table)
    async with world.acting("app", world.acme.id) as connection:
        sql = f"LOCK TABLE tenantry.{table} IN ACCESS EXCLUSIVE MODE NOWAIT"
        if not (access.update is True or access.delete):
            assert await attempt(connection, sql) == DENIED
