"""What the live catalog says of every table, so that none is forgotten by the tests beside this."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tenantry.schema.catalog import VERSION_TABLE

from .world import SHARED, TABLES, VIEWS, Connection, World

_TENANT_COLUMN = "SELECT attnum FROM pg_attribute WHERE attrelid = {} AND attname = 'tenant_id'"


@pytest.fixture
async def admin(world: World) -> AsyncIterator[Connection]:
    connection = await world.place.connection("superuser")
    yield connection
    await connection.close()


async def test_every_table_of_the_database_is_tested(admin: Connection) -> None:
    rows = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'tenantry'::regnamespace"
        " AND relkind NOT IN ('i', 'I', 't', 'S') AND NOT relispartition AND relname <> $1",
        VERSION_TABLE,
    )
    assert {row["relname"] for row in rows} == {*TABLES, *VIEWS}


async def test_no_sequence_tells_anybody_how_much_others_write(admin: Connection) -> None:
    rows = await admin.fetch(
        "SELECT s.relname, r FROM pg_class AS s,"
        " unnest('{tenantry_app,tenantry_readonly,tenantry_service}'::text[]) AS r"
        " WHERE s.relnamespace = 'tenantry'::regnamespace AND s.relkind = 'S'"
        " AND has_sequence_privilege(r, s.oid, 'USAGE, SELECT, UPDATE')"
    )
    assert rows == []


async def test_what_is_shared_says_nothing_of_a_tenant(world: World) -> None:
    for table in SHARED:
        assert "tenant_id" not in world.tables[table].columns
        assert not world.references(table)


async def test_every_table_has_row_security_forced(admin: Connection) -> None:
    rows = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'tenantry'::regnamespace"
        " AND relkind IN ('r', 'p') AND relname <> $1"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
        VERSION_TABLE,
    )
    assert rows == []


async def test_what_tenants_reach_has_one_policy_and_its_floor(
    admin: Connection, world: World
) -> None:
    rows = await admin.fetch(
        "SELECT polrelid::regclass::text AS relation, polcmd::text AS command,"
        " polpermissive AS permissive FROM pg_policy"
        " WHERE 'tenantry_app'::regrole = ANY (polroles) OR 0 = ANY (polroles)"
    )
    for table in TABLES:
        mine = [row for row in rows if row["relation"] == f"tenantry.{table}"]
        permissive = [row["command"] for row in mine if row["permissive"]]
        assert len(permissive) == len(set(permissive))  # they would be OR-ed
        assert "*" not in permissive or len(permissive) == 1
        floors = [row["command"] for row in mine if not row["permissive"]]
        access = world.access(table)
        assert floors == (["*"] if access.select and access.rows != "true" else [])


async def test_every_reference_between_tenants_tables_carries_the_tenant(
    admin: Connection,
) -> None:
    rows = await admin.fetch(
        f"""
        SELECT c.conname FROM pg_constraint AS c
        WHERE c.contype = 'f' AND c.connamespace = 'tenantry'::regnamespace
          AND EXISTS ({_TENANT_COLUMN.format("c.conrelid")})
          AND EXISTS ({_TENANT_COLUMN.format("c.confrelid")})
          AND NOT (({_TENANT_COLUMN.format("c.conrelid")}) = ANY (c.conkey)
                   AND ({_TENANT_COLUMN.format("c.confrelid")}) = ANY (c.confkey))
        """
    )
    assert rows == []


async def test_a_reference_to_a_shared_table_is_not_the_applications_to_write(
    admin: Connection,
) -> None:
    """It would tell whether a row exists that the tenant does not see."""
    rows = await admin.fetch(
        f"""
        SELECT c.conname FROM pg_constraint AS c
        CROSS JOIN (VALUES ('INSERT'), ('UPDATE')) AS p (privilege)
        CROSS JOIN unnest(c.conkey) AS k (attnum)
        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
        WHERE c.contype = 'f' AND c.connamespace = 'tenantry'::regnamespace
          AND NOT EXISTS ({_TENANT_COLUMN.format("c.confrelid")}) AND a.attname <> 'tenant_id'
          AND has_column_privilege('tenantry_app', c.conrelid, a.attnum, p.privilege)
        """
    )
    assert rows == []


async def test_every_unique_rule_of_the_applications_tables_begins_with_the_tenant(
    admin: Connection,
) -> None:
    """One across tenants would tell that a value exists elsewhere."""
    rows = await admin.fetch(
        f"""
        SELECT x.indexrelid::regclass::text FROM pg_index AS x
        JOIN pg_class AS c ON c.oid = x.indrelid
        WHERE x.indisunique AND c.relnamespace = 'tenantry'::regnamespace AND NOT c.relispartition
          AND has_any_column_privilege('tenantry_app', c.oid, 'INSERT')
          AND x.indkey[0] IS DISTINCT FROM ({_TENANT_COLUMN.format("x.indrelid")})
        """
    )
    assert rows == []


async def test_definer_functions_fix_their_search_path_and_are_not_public(
    admin: Connection,
) -> None:
    rows = await admin.fetch(
        "SELECT oid::regprocedure::text FROM pg_proc AS p"
        " WHERE pronamespace = 'tenantry'::regnamespace AND prosecdef"
        " AND (NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)"
        "      OR proowner = 'tenantry_owner'::regrole"
        "      OR pg_has_role('tenantry_app', proowner, 'MEMBER'))"
    )
    assert rows == []
    open_to_all = await admin.fetch(
        "SELECT oid::regprocedure::text FROM pg_proc AS p"
        " WHERE pronamespace IN ('tenantry'::regnamespace, 'tenantry_guard'::regnamespace)"
        " AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner)))"
        " WHERE grantee = 0)"
    )
    assert [row[0] for row in open_to_all if not row[0].startswith("tenantry_guard.")] == []


async def test_what_policies_call_is_stable_and_inlined(admin: Connection) -> None:
    """An immutable one in a cached plan served one tenant another's rows."""
    rows = await admin.fetch(
        "SELECT provolatile::text AS volatility, proparallel::text AS parallel, prosecdef, proconfig,"
        " (SELECT lanname FROM pg_language AS l WHERE l.oid = prolang) AS language"
        " FROM pg_proc WHERE pronamespace = 'tenantry'::regnamespace"
        " AND proname IN ('current_tenant_id', 'current_user_id')"
    )
    expected = ("s", "s", False, None, "sql")
    assert [tuple(row.values()) for row in rows] == [expected, expected]


async def test_the_applications_roles_own_nothing_and_belong_to_no_role(
    admin: Connection,
) -> None:
    for role in ("tenantry_app", "tenantry_readonly", "tenantry_service"):
        rows = await admin.fetch(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,"
            " EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid),"
            " EXISTS (SELECT FROM pg_shdepend WHERE refobjid = r.oid AND deptype = 'o')"
            " FROM pg_roles AS r WHERE rolname = $1",
            role,
        )
        assert [any(row.values()) for row in rows] == [False]
