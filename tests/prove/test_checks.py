"""Each check: silent where nothing is wrong, and of what comes near; and told of what it is for."""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg
import pytest

from tenantry.isolation.checks import CHECKS, run_checks
from tenantry.isolation.checks.check import PRELUDE
from tenantry.isolation.subject import Subject, recognise
from tenantry.models import metadata

#: What is tested here is our own program's; the servers' differences are tested elsewhere.
pytestmark = pytest.mark.postgres("wheel")

Connection: TypeAlias = "asyncpg.Connection[Any]"

#: Check -> what breaks it.
VIOLATIONS = (
    ("row-security", "ALTER TABLE tenantry.tasks NO FORCE ROW LEVEL SECURITY"),
    ("open-tables", "CREATE TABLE public.board (note text); GRANT INSERT ON public.board TO tenantry_app"),
    ("open-tables", "CREATE TABLE tenantry.list (word text); GRANT SELECT ON tenantry.list TO tenantry_readonly"),
    ("partitions", "GRANT DELETE ON tenantry.messages_default TO tenantry_app"),
    ("policies-permissive", "CREATE POLICY more ON tenantry.tasks FOR DELETE TO tenantry_app USING (false)"),
    ("policies-missing", "DROP POLICY tenant ON tenantry.tasks"),
    ("policies-floor", "ALTER POLICY tenant_floor ON tenantry.tasks TO tenantry_readonly"),
    ("policies-everyone", "ALTER POLICY service ON tenantry.tasks TO PUBLIC"),
    ("policies-everything", "ALTER POLICY service ON tenantry.tasks TO tenantry_service, tenantry_app"),
    ("policies-text", "ALTER POLICY tenant ON tenantry.tasks USING (tenant_id::text = tenantry.current_tenant_id()::text)"),
    ("settings", "ALTER POLICY tenant ON tenantry.tasks USING (tenant_id = current_setting('my.tenant')::uuid)"),
    ("policy-functions", "ALTER FUNCTION tenantry.current_user_id() IMMUTABLE; CREATE POLICY more ON tenantry.tasks AS RESTRICTIVE TO tenantry_app USING (creator_id = tenantry.current_user_id())"),
    ("foreign-keys", "CREATE UNIQUE INDEX ON tenantry.agents (id); ALTER TABLE tenantry.tasks ADD CONSTRAINT x FOREIGN KEY (assigned_to_agent_id) REFERENCES tenantry.agents (id)"),
    ("shared-references", "ALTER TABLE tenantry.tasks ADD CONSTRAINT x FOREIGN KEY (creator_id) REFERENCES tenantry.users (id)"),
    ("unique-rules", "CREATE UNIQUE INDEX ON tenantry.tasks (lower(title))"),
    ("unique-rules", "ALTER TABLE tenantry.tasks ADD CONSTRAINT x EXCLUDE (title WITH =)"),
    ("privileges", "GRANT TRIGGER ON tenantry.tasks TO tenantry_service"),
    ("grants", "GRANT UPDATE (id) ON tenantry.tasks TO tenantry_app"),
    ("grants", "GRANT DELETE ON tenantry.tenants TO tenantry_app"),
    ("record", "GRANT UPDATE (action) ON tenantry.platform_log TO tenantry_service"),
    ("record", "ALTER TABLE tenantry.audit_logs DISABLE TRIGGER refuse_truncate"),
    ("role-attributes", "ALTER ROLE tenantry_service REPLICATION"),
    ("role-memberships", "GRANT pg_read_all_data TO tenantry_readonly"),
    ("role-settings", "ALTER ROLE tenantry_app SET row_security = off"),
    ("ownership", "ALTER FUNCTION tenantry.acting() OWNER TO tenantry_app"),
    ("default-privileges", "ALTER DEFAULT PRIVILEGES FOR ROLE tenantry_owner GRANT USAGE ON SEQUENCES TO PUBLIC"),
    ("default-privileges", "ALTER DEFAULT PRIVILEGES FOR ROLE tenantry_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC"),
    ("creation", "GRANT CREATE ON SCHEMA public TO PUBLIC"),
    ("temporary-tables", "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$"),
    ("server-functions", "GRANT EXECUTE ON FUNCTION lo_creat(int) TO tenantry_service"),
    ("definer-search-path", "ALTER FUNCTION tenantry.refresh_all_views() SET search_path = ''"),
    ("definer-search-path", "ALTER FUNCTION tenantry.refresh_all_views() SET search_path = pg_temp, pg_catalog"),
    ("public-functions", "CREATE FUNCTION tenantry.open() RETURNS int LANGUAGE sql RETURN 1; GRANT EXECUTE ON FUNCTION tenantry.open() TO PUBLIC"),
    ("definer-owners", "CREATE FUNCTION public.all_of_it() RETURNS SETOF tenantry.tasks LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM tenantry.tasks'"),
    ("definer-roles", "ALTER ROLE tenantry_audit BYPASSRLS"),
    ("definer-roles", "CREATE ROLE somebody LOGIN; GRANT tenantry_keeper TO somebody"),
    ("parameters", "GRANT ALTER SYSTEM ON PARAMETER log_statement TO PUBLIC"),
    ("transfer-functions", "GRANT EXECUTE ON FUNCTION tenantry.tell_transfer(text, regclass, uuid, bigint) TO tenantry_service"),
    ("transfer-functions", "GRANT EXECUTE ON FUNCTION tenantry.purge_tenant(uuid, jsonb) TO tenantry_readonly"),
    ("views", "CREATE VIEW public.v AS SELECT * FROM tenantry.tasks; GRANT SELECT (id) ON public.v TO tenantry_app"),
    ("views", "CREATE VIEW public.v WITH (security_invoker = false) AS SELECT 1 AS one; GRANT SELECT ON public.v TO PUBLIC"),
    ("materialized-views", "GRANT SELECT ON tenantry.tenant_cost_summary TO tenantry_readonly"),
    ("foreign-tables", "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; GRANT USAGE ON FOREIGN SERVER s TO tenantry_app"),
    ("rewrite-rules", "CREATE RULE r AS ON DELETE TO tenantry.tasks DO INSTEAD NOTHING"),
    ("triggers", "ALTER TABLE tenantry.tasks DISABLE TRIGGER refuse_unwritable"),
    ("age", "CREATE SCHEMA IF NOT EXISTS ag_catalog; GRANT USAGE ON SCHEMA ag_catalog TO PUBLIC"),
)  # fmt: skip

#: What is like a violation and is none.
NEAR_MISSES = (
    "CREATE TABLE public.countries (code text); GRANT SELECT ON public.countries TO tenantry_app",
    "CREATE UNIQUE INDEX ON tenantry.tasks (tenant_id, lower(title))",
    "CREATE UNIQUE INDEX ON tenantry.memberships (id)",  # where tenants do not write
    "CREATE INDEX ON tenantry.tasks (title)",
    "CREATE VIEW public.v WITH (security_invoker) AS SELECT * FROM tenantry.tasks; GRANT SELECT ON public.v TO tenantry_app",
    "CREATE VIEW public.v AS SELECT * FROM tenantry.tasks",
    "CREATE POLICY more ON tenantry.tasks AS RESTRICTIVE TO tenantry_app USING (title <> '')",
    "CREATE POLICY more ON tenantry.tasks TO tenantry_keeper USING (title <> '')",
    "CREATE ROLE somebody LOGIN SUPERUSER; GRANT pg_read_all_data TO somebody",
    "CREATE FUNCTION public.fine() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1'; REVOKE ALL ON FUNCTION public.fine() FROM PUBLIC",
    "CREATE SCHEMA elsewhere; GRANT USAGE ON SCHEMA elsewhere TO tenantry_app",
    "ALTER ROLE tenantry_app SET work_mem = '8MB'",
    "GRANT SET ON PARAMETER session_replication_role TO tenantry_owner",
)  # fmt: skip


@pytest.fixture(autouse=True)
async def without_the_guard(admin: Connection) -> None:
    """It would refuse some of this before a check could see it."""
    await admin.execute("ALTER EVENT TRIGGER tenantry_refuse_open_tables DISABLE")


async def _found(admin: Connection) -> set[str]:
    subject = await recognise(admin, metadata)
    return {f.check for f in await run_checks(admin, subject)}


async def test_where_nothing_is_wrong_none_is_told(admin: Connection) -> None:
    assert await _found(admin) == set()


@pytest.mark.parametrize(("check", "sql"), VIOLATIONS)
async def test_a_violation_is_told(admin: Connection, check: str, sql: str) -> None:
    await admin.execute(sql)
    assert check in await _found(admin)


@pytest.mark.parametrize("sql", NEAR_MISSES)
async def test_a_near_miss_is_none(admin: Connection, sql: str) -> None:
    await admin.execute(sql)
    assert await _found(admin) == set()


async def test_findings_name_their_object_and_a_remedy(admin: Connection) -> None:
    await admin.execute("ALTER TABLE tenantry.tasks DISABLE ROW LEVEL SECURITY")
    subject = await recognise(admin, metadata)
    (finding,) = [f for f in await run_checks(admin, subject) if f.check == "row-security"]
    assert finding.key == "row-security:tenantry.tasks"
    assert finding.severity == "error"
    assert finding.detail == "Row security is off."
    assert "FORCE ROW LEVEL SECURITY" in finding.remediation


async def test_a_server_with_known_holes_is_told(admin: Connection, subject: Subject) -> None:
    (check,) = [c for c in CHECKS if c.name == "server-version"]
    old = check.sql.replace("current_setting('server_version_num')", "'150003'")
    rows = await admin.fetch(PRELUDE + old, *subject.arguments)
    assert len(rows) == 1
    for cve in ("CVE-2023-39418", "CVE-2024-4317", "CVE-2024-10976", "CVE-2025-8713"):
        assert cve in rows[0]["detail"]
    assert "CVE-2023-2455" not in rows[0]["detail"]


def test_checks_are_told_apart() -> None:
    assert len({c.name for c in CHECKS}) == len({c.title for c in CHECKS}) == len(CHECKS)
