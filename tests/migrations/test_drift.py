"""`check` tells every difference between a database and the models, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tenantry.migrations.compare import essential, find_changes
from tenantry.migrations.generate import generate
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tests.fixtures.database import Place

from .dump import dump_schema

#: What somebody did by hand -> what `check` calls it.
DRIFT = {
    "DROP POLICY tenant_floor ON projects": "missing: policy projects.tenant_floor",
    "ALTER POLICY tenant ON projects USING (true)": "differs: policy projects.tenant",
    "ALTER POLICY tenant ON projects TO PUBLIC": "differs: policy projects.tenant",
    "CREATE POLICY more ON projects USING (true)": "not in the models: policy projects.more",
    "ALTER TABLE projects DISABLE ROW LEVEL SECURITY": "differs: row security projects.row security",
    "ALTER TABLE projects NO FORCE ROW LEVEL SECURITY": "differs: row security projects.row security",
    "GRANT TRUNCATE ON projects TO tenantry_app": "differs: grant projects.tenantry_app",
    "GRANT UPDATE (plan) ON tenants TO tenantry_app": "differs: grant tenants.tenantry_app",
    "GRANT SELECT ON projects TO PUBLIC": "not in the models: grant projects.PUBLIC",
    "REVOKE SELECT ON projects FROM tenantry_readonly": "missing: grant projects.tenantry_readonly",
    "DROP TRIGGER audit_update ON projects": "missing: trigger projects.audit_update",
    "ALTER TABLE projects DISABLE TRIGGER audit_update": "differs: trigger projects.audit_update",
    "ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER refuse_change": (
        "differs: trigger audit_logs.refuse_change"
    ),
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'": "differs: function refuse_change()",
    "ALTER FUNCTION current_tenant_id() IMMUTABLE": "differs: function current_tenant_id()",
    "ALTER FUNCTION open_tenant() RESET search_path": "differs: function open_tenant()",
    "ALTER FUNCTION open_tenant() OWNER TO tenantry_owner": "differs: function open_tenant()",
    "ALTER FUNCTION open_tenant() SECURITY INVOKER": "differs: function open_tenant()",
    "GRANT EXECUTE ON FUNCTION authenticate_key TO PUBLIC": (
        "differs: function authenticate_key(hash bytea, OUT api_key_id uuid,"
    ),
    "CREATE FUNCTION more() RETURNS int LANGUAGE sql RETURN 1": "not in the models: function more()",
    "DROP INDEX projects_status_idx": "missing: index projects.projects_status_idx",
    "CREATE INDEX more ON projects (name)": "not in the models: index projects.more",
    "ALTER TABLE projects DROP COLUMN path": "missing: column projects.path",
    "ALTER TABLE projects ADD COLUMN more int": "not in the models: column projects.more",
    "ALTER TABLE projects ALTER COLUMN status SET DEFAULT 'archived'": (
        "differs: column projects.status"
    ),
    "ALTER TABLE projects ALTER COLUMN name DROP NOT NULL": "differs: column projects.name",
    "ALTER TABLE projects ALTER COLUMN path TYPE varchar(9)": "differs: column projects.path",
    "ALTER TABLE projects DROP CONSTRAINT projects_name_check": (
        "missing: check projects.projects_name_check"
    ),
    "ALTER TABLE projects DROP CONSTRAINT projects_tenant_id_slug_key": (
        "missing: key projects.projects_tenant_id_slug_key"
    ),
    "ALTER TABLE projects DROP CONSTRAINT projects_owner_id_fkey": (
        "missing: foreign key projects.projects_owner_id_fkey"
    ),
    "CREATE TABLE more (tenant_id uuid)": "not in the models: table more",
    "DROP TABLE user_identities": "missing: table user_identities",
}


def _apart() -> list[list[str]]:
    """The drifts, those of the same thing apart: each list can be done to one database."""
    groups: list[dict[str, str]] = []
    for sql, said in DRIFT.items():
        thing = said.partition(": ")[2].partition(" ")[2]
        group = next((group for group in groups if thing not in group), None)
        if group is None:
            groups.append(group := {})
        group[thing] = sql
    return [list(group.values()) for group in groups]


#: The event trigger would refuse some of it.
_GUARD = "ALTER EVENT TRIGGER tenantry_refuse_open_tables"
_PAST_THE_GUARD = f"{_GUARD} DISABLE; SET ROLE tenantry_owner"


async def test_a_migrated_database_is_what_the_models_mean(migrator: Migrator) -> None:
    report = await migrator.check()
    assert report.at_head
    assert [str(change) for change in report.changes] == []


async def _by_hand(place: Place, sql: str) -> None:
    admin = await place.connection("superuser")
    try:
        await admin.execute(_PAST_THE_GUARD)
        await admin.execute(f"SET search_path = tenantry; {sql}")
        await admin.execute(f"RESET ROLE; {_GUARD} ENABLE ALWAYS")
    finally:
        await admin.close()


async def test_every_kind_of_difference_is_found(place: Place) -> None:
    connection = await place.connection("superuser")
    try:
        await connection.execute(_PAST_THE_GUARD)
        for drifts in _apart():
            said = await _differences(connection, ";".join(drifts))
            assert [sql for sql in drifts if not _begins(said, DRIFT[sql])] == []
    finally:
        await connection.close()


async def _differences(connection: asyncpg.Connection[Any], sql: str) -> list[str]:
    """What is said after these were done by hand, in a transaction that is undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"SET search_path = tenantry; {sql}; RESET search_path")
        return [str(c) for c in essential(await find_changes(connection, metadata))]
    finally:
        await transaction.rollback()


def _begins(said: list[str], expected: str) -> bool:
    return any(line.startswith(expected) for line in said)


@pytest.mark.postgres("wheel")
@pytest.mark.parametrize("drifts", _apart(), ids=len)
async def test_a_generated_revision_mends_them(
    place: Place, folder: Path, drifts: list[str]
) -> None:
    migrator = Migrator(place.url("owner"), metadata, locations=(folder,))
    before = await dump_schema(place)
    await _by_hand(place, ";".join(drifts))
    # Nothing else is said to differ but what hangs on them.
    changes = await migrator.changes()
    touched = {change.object.table or change.object.name.split("(")[0] for change in changes}
    assert touched == {_touches(DRIFT[sql]) for sql in drifts}
    written = await generate(migrator, "mend", folder)
    assert await migrator.up() == ("app_0001", "app_0002")[: len(written)]
    assert [str(change) for change in await migrator.changes()] == []
    # A column that comes again comes last.
    assert _lines(await dump_schema(place)) == _lines(before)


def _touches(said: str) -> str:
    """`differs: grant projects.PUBLIC` -> projects"""
    named = re.search(r"(\w+)[.(]", said)
    return named[1] if named else said.rsplit(maxsplit=1)[-1]


async def test_looking_changes_nothing(place: Place, migrator: Migrator) -> None:
    await _by_hand(place, "ALTER TABLE projects ADD COLUMN more int")
    before = await dump_schema(place)
    await migrator.check()
    assert await dump_schema(place) == before


async def test_a_database_without_the_schema_is_not_at_head(empty_migrator: Migrator) -> None:
    report = await empty_migrator.check()
    assert not report.at_head
    assert report.current == ()
    assert any(str(change) == "missing: table projects" for change in report.changes)


def _lines(dump: str) -> list[str]:
    """Grants and constraints keep no order of their own."""
    return sorted(dump.splitlines())
