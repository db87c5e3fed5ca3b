"""What is checked where Citus is installed.

No Citus runs here. These tests put a stand-in of its catalog where the real one would be, in a transaction
that is undone: `pg_dist_partition` with the columns Citus 8 to 13 give it, filled in as Citus would. So they
show that the queries are right about that catalog, not that Citus behaves as they say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import asyncpg
import pytest

from tenantry.isolation.checks import run_checks
from tenantry.isolation.subject import recognise
from tenantry.models import metadata

pytestmark = pytest.mark.postgres("wheel")

Connection: TypeAlias = "asyncpg.Connection[Any]"

_CATALOG = """
    SET LOCAL allow_system_table_mods = on;
    CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL, partmethod "char" NOT NULL,
        partkey text, colocationid int NOT NULL DEFAULT 0, repmodel "char" NOT NULL DEFAULT 'c',
        autoconverted bool NOT NULL DEFAULT false);
    SET LOCAL allow_system_table_mods = off"""
_LOCAL = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET citus.propagate_set_commands = local', current_database()); END $$"
#: A distribution key as Citus keeps it: a parsed Var.
_KEY = "{VAR :varno 1 :varattno %s :vartype 2950 :vartypmod -1 :varcollid 0 :varlevelsup 0 :varnoold 1 :varoattno %s :location -1}"


async def _distribute(admin: Connection) -> None:
    """Every tenant's table, by its tenant's column, as it should be."""
    subject = await recognise(admin, metadata)
    for table in subject.tables:
        await admin.execute(
            "INSERT INTO pg_catalog.pg_dist_partition VALUES ($1::oid, 'h', replace($2, '%s', $3), 1, 's')",
            table.oid, _KEY, str(table.attnum),
        )  # fmt: skip


async def _found(admin: Connection, *, sealed: bool = False) -> dict[str, str]:
    subject = replace(await recognise(admin, metadata), sealed=sealed)
    found = await run_checks(admin, subject)
    return {f.key: f.detail for f in found if f.check.startswith("citus-")}


@pytest.fixture
async def citus(admin: Connection) -> Connection:
    assert await _found(admin, sealed=True) == {}  # where there is no Citus, nothing is said of it
    await admin.execute(_CATALOG)
    await admin.execute(_LOCAL)
    await _distribute(admin)
    return admin


async def test_tables_spread_by_tenant_are_as_they_should_be(citus: Connection) -> None:
    subqueries = [k for k in await _found(citus) if not k.startswith("citus-policies:")]
    assert subqueries == []


async def test_policies_with_subqueries_are_told(citus: Connection) -> None:
    before = await _found(citus)
    await citus.execute(
        "CREATE POLICY more ON tenantry.tasks AS RESTRICTIVE TO tenantry_app"
        " USING (tenant_id = (SELECT tenantry.current_tenant_id()))"
    )
    await citus.execute(
        "CREATE POLICY plain ON tenantry.tasks AS RESTRICTIVE TO tenantry_app"
        " USING (tenant_id = tenantry.current_tenant_id() AND title <> 'SUBLINK ( SELECT 1)')"
    )
    assert set(await _found(citus)) - set(before) == {"citus-policies:tenantry.tasks.more"}


async def test_a_table_that_is_not_distributed_is_told(citus: Connection) -> None:
    await citus.execute(
        "DELETE FROM pg_catalog.pg_dist_partition WHERE logicalrelid = 'tenantry.tasks'::regclass"
    )
    found = await _found(citus)
    assert found["citus-distribution:tenantry.tasks"] == "It is not distributed, and others are."
    assert "citus-distribution:tenantry.projects" not in found


async def test_a_table_distributed_by_another_column_is_told(citus: Connection) -> None:
    await citus.execute(
        "UPDATE pg_catalog.pg_dist_partition SET partkey = replace($1, '%s', (SELECT attnum::text FROM pg_attribute"
        " WHERE attrelid = logicalrelid AND attname = 'id')) WHERE logicalrelid = 'tenantry.tasks'::regclass",
        _KEY,
    )  # fmt: skip
    found = await _found(citus)
    assert (
        found["citus-distribution:tenantry.tasks"] == "It is distributed by id, not by tenant_id."
    )


async def test_where_nothing_is_distributed_it_is_said_once(citus: Connection) -> None:
    await citus.execute("TRUNCATE pg_catalog.pg_dist_partition")
    assert list(await _found(citus)) == ["citus-distribution:the tenants' tables"]


async def test_a_reference_table_with_tenants_rows_is_told(citus: Connection) -> None:
    await citus.execute(
        "UPDATE pg_catalog.pg_dist_partition SET partmethod = 'n', partkey = NULL, repmodel = 't'"
        " WHERE logicalrelid = 'tenantry.tasks'::regclass"
    )
    found = await _found(citus)
    assert "citus-reference-tables:tenantry.tasks" in found
    assert "citus-distribution:tenantry.tasks" not in found
    # A tenant's schema on one node, as Citus 12 has it, is neither.
    await citus.execute(
        "UPDATE pg_catalog.pg_dist_partition SET repmodel = 's'"
        " WHERE logicalrelid = 'tenantry.tasks'::regclass"
    )
    assert "citus-reference-tables:tenantry.tasks" not in await _found(citus)


async def test_a_sealed_context_is_told(citus: Connection) -> None:
    assert "citus-context" not in {k.partition(":")[0] for k in await _found(citus)}
    assert "citus-context" in {k.partition(":")[0] for k in await _found(citus, sealed=True)}


async def test_a_role_whose_context_stays_on_the_coordinator_is_told(citus: Connection) -> None:
    async def roles() -> dict[str, str]:
        found = await _found(citus)
        return {
            k.rpartition(" ")[2]: v for k, v in found.items() if k.startswith("citus-settings:")
        }

    assert await roles() == {}
    # What is said for one role goes before what is said for the database.
    await citus.execute("ALTER ROLE tenantry_app SET citus.propagate_set_commands = 'none'")
    assert await roles() == {"tenantry_app": "citus.propagate_set_commands is 'none' for it."}
    await citus.execute("ALTER ROLE tenantry_app RESET citus.propagate_set_commands")
    await citus.execute(_LOCAL.replace("SET citus.propagate_set_commands = local", "RESET ALL"))
    assert set(await roles()) == {"tenantry_app", "tenantry_readonly"}
    await citus.execute("ALTER ROLE tenantry_app SET citus.propagate_set_commands = 'local'")
    assert set(await roles()) == {"tenantry_readonly"}
