"""Where a superuser could install it, the server refuses a tenant table that is open to the app."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.fixtures.database import Place

from .world import Connection, attempt

_REFUSED = "TN006"
_OPEN = "CREATE TABLE {} (tenant_id uuid, x int)"


@pytest.fixture
async def owner(place: Place) -> AsyncIterator[Connection]:
    """In a transaction that is undone."""
    connection = await place.connection("superuser")
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("GRANT CREATE ON SCHEMA public TO tenantry_owner")
    await connection.execute("SET LOCAL ROLE tenantry_owner")
    yield connection
    connection.terminate()


async def _make(owner: Connection, *statements: str) -> None:
    for statement in statements:
        await owner.execute(statement)


@pytest.mark.parametrize("table", ["tenantry.leaky", "public.leaky"])
@pytest.mark.parametrize(
    "grant",
    [
        "GRANT SELECT ON {} TO tenantry_app",
        "GRANT SELECT ON {} TO tenantry_readonly",
        "GRANT SELECT ON {} TO PUBLIC",
        "GRANT SELECT (x) ON {} TO tenantry_app",
        "GRANT INSERT ON {} TO tenantry_app",
        "GRANT UPDATE (x) ON {} TO tenantry_app",
        "GRANT DELETE ON {} TO tenantry_app",
        "GRANT TRUNCATE ON {} TO tenantry_app",
        "GRANT ALL ON {} TO tenantry_service, tenantry_app WITH GRANT OPTION",
        "DO $$ BEGIN EXECUTE 'GRANT SELECT ON {} TO tenantry_app'; END $$",
    ],
)
async def test_granting_an_open_table_is_refused(owner: Connection, table: str, grant: str) -> None:
    await owner.execute(_OPEN.format(table))
    assert await attempt(owner, grant.format(table)) == _REFUSED


@pytest.mark.parametrize(
    "security",
    ["ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"],
)
async def test_half_of_row_security_is_not_enough(owner: Connection, security: str) -> None:
    await _make(owner, _OPEN.format("public.leaky"), f"ALTER TABLE public.leaky {security}")
    assert await attempt(owner, "GRANT SELECT ON public.leaky TO tenantry_app") == _REFUSED


async def test_granting_a_whole_schema_is_refused(owner: Connection) -> None:
    await owner.execute(_OPEN.format("public.leaky"))
    sql = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO tenantry_app"
    assert await attempt(owner, sql) == _REFUSED


@pytest.mark.parametrize(
    "sql",
    [
        _OPEN.format("public.leaky"),
        "CREATE TABLE public.leaky AS SELECT gen_random_uuid() AS tenant_id",
        "SELECT gen_random_uuid() AS tenant_id INTO public.leaky",
        "CREATE TABLE public.leaky (LIKE tenantry.projects)",
        "CREATE TABLE public.leaky (tenant_id uuid) PARTITION BY LIST (tenant_id)",
    ],
)
async def test_making_a_table_that_default_privileges_open_is_refused(
    owner: Connection, sql: str
) -> None:
    await owner.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO tenantry_app"
    )
    assert await attempt(owner, sql) == _REFUSED


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE tenantry.projects DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE tenantry.projects NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE tenantry.audit_logs DISABLE ROW LEVEL SECURITY",
    ],
)
async def test_opening_a_table_that_is_granted_is_refused(owner: Connection, sql: str) -> None:
    assert await attempt(owner, sql) == _REFUSED


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE public.shared ADD COLUMN tenant_id uuid",
        "ALTER TABLE public.shared RENAME COLUMN owner TO tenant_id",
        "ALTER TABLE public.shared RENAME owner TO tenant_id",
    ],
)
async def test_making_a_granted_table_a_tenants_table_is_refused(
    owner: Connection, sql: str
) -> None:
    await _make(
        owner,
        "CREATE TABLE public.shared (owner uuid)",
        "GRANT SELECT ON public.shared TO tenantry_app",
    )
    assert await attempt(owner, sql) == _REFUSED


async def test_giving_the_table_itself_to_the_application_is_refused(
    owner: Connection, place: Place
) -> None:
    await owner.execute(_OPEN.format("public.leaky"))
    await owner.execute("RESET ROLE")
    sql = "ALTER TABLE public.leaky OWNER TO tenantry_app"
    assert await attempt(owner, sql) == _REFUSED


async def test_the_refusal_names_the_table_and_says_what_to_do(owner: Connection) -> None:
    await owner.execute(_OPEN.format("public.leaky"))
    with pytest.raises(asyncpg.PostgresError) as caught:
        await owner.execute("GRANT SELECT ON public.leaky TO tenantry_app")
    assert "public.leaky" in str(caught.value)
    assert "ROW LEVEL SECURITY" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "statements",
    [
        # nobody is granted anything
        [_OPEN.format("public.safe")],
        [_OPEN.format("public.safe"), "GRANT ALL ON public.safe TO tenantry_service"],
        # closed before it is granted
        [
            _OPEN.format("public.safe"),
            "ALTER TABLE public.safe ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            "GRANT SELECT, INSERT ON public.safe TO tenantry_app",
        ],
        # no tenant's data
        ["CREATE TABLE public.safe (x int)", "GRANT SELECT ON public.safe TO tenantry_app"],
        [
            _OPEN.format("public.safe"),
            "ALTER TABLE public.safe DROP COLUMN tenant_id",
            "GRANT SELECT ON public.safe TO tenantry_app",
        ],
        # a right that shows no row
        [_OPEN.format("public.safe"), "GRANT TRIGGER ON public.safe TO tenantry_app"],
        # other commands of the same tags
        ["GRANT USAGE ON SCHEMA public TO tenantry_app"],
        ["ALTER TABLE tenantry.projects ADD COLUMN more int"],
        ["ALTER TABLE tenantry.projects ENABLE ROW LEVEL SECURITY"],
        ["REVOKE SELECT ON tenantry.projects FROM tenantry_app"],
    ],
    ids=lambda statements: statements[-1],
)
async def test_what_is_safe_passes(owner: Connection, statements: list[str]) -> None:
    await _make(owner, *statements)


async def test_the_owner_cannot_take_the_guard_away(owner: Connection) -> None:
    for sql in (
        "DROP EVENT TRIGGER tenantry_refuse_open_tables",
        "ALTER EVENT TRIGGER tenantry_refuse_open_tables DISABLE",
        "DROP FUNCTION tenantry_guard.refuse_open_tables() CASCADE",
        "DROP SCHEMA tenantry_guard CASCADE",
        "CREATE OR REPLACE FUNCTION tenantry_guard.refuse_open_tables() RETURNS event_trigger"
        " LANGUAGE plpgsql AS 'BEGIN END'",
    ):
        assert await attempt(owner, sql) == "42501", sql


async def test_it_stands_where_other_triggers_are_spared(owner: Connection) -> None:
    await owner.execute("SET session_replication_role = replica")
    await _make(owner, _OPEN.format("public.leaky"))
    assert await attempt(owner, "GRANT SELECT ON public.leaky TO tenantry_app") == _REFUSED


async def test_a_grant_inside_another_statement_is_refused(owner: Connection) -> None:
    sql = "CREATE SCHEMA sneaky CREATE TABLE leaky (tenant_id uuid) GRANT SELECT ON leaky TO tenantry_app"
    assert await attempt(owner, sql) == _REFUSED
