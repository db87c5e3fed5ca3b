"""`migrate plan`: what a revision would do to those who use the database meanwhile."""

from __future__ import annotations

import asyncio
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from tenantry import Database
from tenantry.errors import DangerousMigration, MigrationError
from tenantry.migrations.planning import Big, Plan
from tenantry.migrations.planning.lint import ASKED
from tenantry.migrations.runner import Migrator
from tenantry.models import Tenant, metadata
from tests.fixtures.database import Place

ROWS = 60
_BIG = Big(rows=50)
_P = "tenantry.projects"

#: Each statement, and what it is told to be. They stand in revisions of their own, in this order, so
#: that what one does is there for the next.
DANGERS = {
    f"ALTER TABLE {_P} ALTER COLUMN name TYPE varchar(300)": "type-change",
    f"ALTER TABLE {_P} ADD COLUMN token uuid DEFAULT gen_random_uuid()": "volatile-default",
    f"ALTER TABLE {_P} ADD COLUMN twice int GENERATED ALWAYS AS (length(name) * 2) STORED": "volatile-default",
    f"ALTER TABLE {_P} ADD COLUMN seen timestamptz DEFAULT clock_timestamp()": "volatile-default",
    f"ALTER TABLE {_P} ADD COLUMN number bigserial": "volatile-default",
    f"ALTER TABLE {_P} ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY": "volatile-default",
    f"CLUSTER {_P} USING projects_pkey": "rewrite",
    f"REINDEX TABLE {_P}": "rewrite",
    f"ALTER TABLE {_P} SET TABLESPACE pg_default": "rewrite",
    "ALTER TABLE tenantry.loose SET LOGGED": "rewrite",
    f"DO $$ BEGIN ALTER TABLE {_P} ALTER COLUMN description TYPE varchar(900); END $$": "rewrite",
    f"ALTER TABLE {_P} ALTER COLUMN description SET NOT NULL": "not-null",
    f"CREATE INDEX slow ON {_P} (name)": "index",
    f"ALTER TABLE {_P} ADD CONSTRAINT named CHECK (name <> 'x')": "check",
    f"ALTER TABLE {_P} ADD CONSTRAINT one_name UNIQUE (tenant_id, name)": "unique",
    f"ALTER TABLE {_P} ADD CONSTRAINT one_more EXCLUDE USING btree (tenant_id WITH =, name WITH =)": "unique",
    f"ALTER TABLE {_P} ADD COLUMN other uuid, ADD FOREIGN KEY (tenant_id, other) REFERENCES {_P} (tenant_id, id)": "foreign-key",
    f"LOCK TABLE {_P}": "lock",
    f"LOCK TABLE {_P} IN SHARE MODE": "lock",
    f"UPDATE {_P} SET description = name": "bulk-write",
    f"DELETE FROM {_P} WHERE name = 'x'": "bulk-write",
    f"WITH gone AS (DELETE FROM {_P} RETURNING 1) SELECT count(*) FROM gone": "bulk-write",
    f"INSERT INTO {_P} (tenant_id, name) SELECT tenant_id, name FROM {_P}": "bulk-write",
    f"CREATE INDEX CONCURRENTLY inside ON {_P} (name)": "transaction",
    f"ALTER TABLE {_P} DROP COLUMN status CASCADE": "still-read",
    f"ALTER TABLE {_P} RENAME COLUMN default_branch TO main_branch": "still-read",
    "SELECT 1 FROM tenantry.nothing_of_this_name": "unknown",
}  # fmt: skip
HARMLESS = (
    "ALTER TABLE tenantry.tenants ADD COLUMN shade text",
    f"ALTER TABLE {_P} ALTER COLUMN name SET DEFAULT 'unnamed'",
    f"ALTER TABLE {_P} ADD COLUMN colour text DEFAULT 'blue' NOT NULL",
    f"ALTER TABLE {_P} ADD COLUMN short varchar(10)",
    f"ALTER TABLE {_P} ALTER COLUMN short TYPE varchar(20)",
    f"ALTER TABLE {_P} ADD CONSTRAINT has_short CHECK (short IS NOT NULL) NOT VALID",
    f"ALTER TABLE {_P} VALIDATE CONSTRAINT has_short",
    f"ALTER TABLE {_P} ALTER COLUMN short SET NOT NULL",
    f"ALTER TABLE {_P} DROP COLUMN colour",
    f"ALTER TABLE {_P} ADD COLUMN since timestamptz DEFAULT now()",
    f"ALTER TABLE {_P} SET (fillfactor = 70), ALTER COLUMN name SET STATISTICS 500",
    f"ALTER TABLE {_P} ADD COLUMN lead uuid, ADD CONSTRAINT led FOREIGN KEY (tenant_id, lead) REFERENCES {_P} (tenant_id, id) NOT VALID",
    f"ALTER TABLE {_P} VALIDATE CONSTRAINT led",
    f"CREATE TRIGGER watch AFTER INSERT ON {_P} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    f"ALTER TABLE {_P} DISABLE TRIGGER watch",
    f"CREATE POLICY more ON {_P} USING (false)",
    f"CREATE STATISTICS tenantry.more ON name, description FROM {_P}",
    f"COMMENT ON TABLE {_P} IS 'it''s -- ours'",
    f"LOCK TABLE {_P} IN ROW EXCLUSIVE MODE",
    f"SELECT count(*) FROM {_P}",
    f"ALTER TABLE tenantry.lessons ADD COLUMN project_too uuid, ADD FOREIGN KEY (tenant_id, project_too) REFERENCES {_P} (tenant_id, id)",
    "CREATE TABLE tenantry.fresh (id uuid PRIMARY KEY); ",
    "CREATE INDEX fresh_idx ON tenantry.fresh (id)",
)  # fmt: skip


def write_revision(folder: Path, number: int, body: str) -> None:
    folder.mkdir(exist_ok=True)
    parent = f"app_{number - 1:04}" if number > 1 else None
    label = '("app",)' if number == 1 else None
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    (folder / f"{number:04}_test.py").write_text(
        f"from alembic import op\nfrom tenantry.migrations import backfill, build_indexes, run\n"
        f'revision = "app_{number:04}"\ndown_revision = {parent!r}\nbranch_labels = {label}\n'
        f"depends_on = None\n\ndef upgrade():\n{lines}\n\ndef downgrade():\n    pass\n"
    )


def _runs(*statements: str) -> str:
    return f"run({statements!r})"


def _told(plan: Plan) -> Mapping[str, list[str]]:
    told: dict[str, list[str]] = {revision: [] for revision in plan.revisions}
    for step in plan.steps:
        told[step.revision] += [d.kind for d in step.dangers if not d.allowed]
    return told


def _migrator(place: Place, folder: Path, big: Big = _BIG) -> Migrator:
    return Migrator(place.url("owner"), metadata, locations=(folder,), big=big)


@pytest.fixture
async def full(db: Database, acme: Tenant, place: Place) -> None:
    await db.tenant(acme.id).projects.create_many([{"name": f"p{n}"} for n in range(ROWS)])
    admin = await place.connection("superuser")
    await admin.execute(
        "CREATE UNLOGGED TABLE tenantry.loose AS SELECT generate_series(1, 60) AS n;"
        "ALTER TABLE tenantry.loose OWNER TO tenantry_owner"
    )
    await admin.execute(f"ANALYZE {_P}, tenantry.loose")
    await admin.close()


async def test_every_danger_is_told_on_a_big_table_alone(
    place: Place, folder: Path, full: None
) -> None:
    for number, statement in enumerate([*DANGERS, *HARMLESS], 1):
        write_revision(folder, number, _runs(statement))
    told = await _migrator(place, folder).plan()
    kinds = list(_told(told).values())
    assert dict(zip(DANGERS, kinds, strict=False)) == {s: [kind] for s, kind in DANGERS.items()}
    assert dict(zip(HARMLESS, kinds[len(DANGERS) :], strict=True)) == {s: [] for s in HARMLESS}
    touched = told.steps[0].tables[0]
    assert (touched.table, touched.lock, touched.rows) == ("projects", "ACCESS EXCLUSIVE", ROWS)
    assert touched.rewritten
    assert touched.bytes >= 8192
    small = await _migrator(place, folder, Big(rows=ROWS + 1)).plan()
    assert {d.kind for d in small.dangers} == {"transaction", "unknown"}  # of any size


@pytest.mark.postgres("wheel")
async def test_up_refuses_and_may_be_told_to_go_on(place: Place, folder: Path, full: None) -> None:
    statement = f"ALTER TABLE {_P} ALTER COLUMN name TYPE varchar(300)"
    write_revision(folder, 1, _runs(statement))
    migrator = _migrator(place, folder)
    with pytest.raises(DangerousMigration) as refused:
        await migrator.up()
    assert refused.value.dangers == ["type-change: projects"]
    assert "app_0001" not in await migrator.current()
    write_revision(folder, 1, _runs(f"-- tenantry: allow type-change, index\n{statement}"))
    assert (await migrator.plan()).ok
    assert await migrator.up() == ("app_0001",)
    write_revision(folder, 2, _runs(f"CREATE INDEX slow ON {_P} (name)"))
    assert await migrator.up(allow_dangerous=True) == ("app_0002",)


async def test_what_stands_outside_of_the_transaction_is_judged_by_its_own_lock(
    place: Place, folder: Path, full: None
) -> None:
    outside = {
        f"CREATE INDEX CONCURRENTLY beside ON {_P} (name)": [],
        "REINDEX INDEX CONCURRENTLY tenantry.beside": [],
        f"REINDEX TABLE CONCURRENTLY {_P}": [],
        "DROP INDEX CONCURRENTLY tenantry.beside": [],
        f"VACUUM (ANALYZE) {_P}": [],
        f"VACUUM FULL {_P}": ["rewrite"],
        f"VACUUM (FREEZE, FULL) {_P}": ["rewrite"],
        f"CREATE INDEX slow ON {_P} (name)": ["index"],
        "REINDEX INDEX tenantry.slow": ["rewrite"],
        f"ALTER TABLE {_P} ADD CONSTRAINT named CHECK (name <> 'x')": ["check"],
        f"UPDATE {_P} SET description = name": ["bulk-write"],
    }
    for number, statement in enumerate(outside, 1):
        body = f"with op.get_context().autocommit_block():\n    {_runs(statement)}"
        write_revision(folder, number, body)
    told = await _migrator(place, folder).plan()
    assert dict(zip(outside, _told(told).values(), strict=True)) == outside


@pytest.mark.postgres("wheel")
async def test_a_lock_is_not_held_while_a_big_table_is_worked_on(
    place: Place, folder: Path, full: None
) -> None:
    mild = (
        "ALTER TABLE tenantry.tenants ADD COLUMN colour text",
        f"ALTER TABLE {_P} ADD CONSTRAINT x CHECK (name <> 'x') NOT VALID",
        f"ALTER TABLE {_P} VALIDATE CONSTRAINT x",
    )
    write_revision(folder, 1, _runs(*mild))
    told = await _migrator(place, folder).plan()
    assert [(d.kind, d.table) for d in told.dangers] == [("held", "projects"), ("held", "tenants")]


@pytest.mark.postgres("wheel")
async def test_a_plan_changes_nothing_even_of_tables_it_does_not_copy(
    place: Place, folder: Path, full: None, tmp_path: Path
) -> None:
    admin = await place.connection("superuser")
    await admin.execute(
        "CREATE TABLE public.theirs (id int); ALTER TABLE public.theirs OWNER TO tenantry_owner"
    )
    state = "SELECT relname, relfilenode, relnatts FROM pg_class WHERE relkind IN ('r', 'p', 'i') ORDER BY oid"
    before = await admin.fetch(state)
    write_revision(folder, 1, _runs("ALTER TABLE public.theirs ALTER COLUMN id TYPE bigint"))
    write_revision(folder, 2, _runs("UPDATE theirs SET id = 1"))
    write_revision(folder, 3, _runs(f"DROP TABLE {_P} CASCADE"))
    told = await _migrator(place, folder).plan()
    assert list(_told(told).values()) == [["unknown"], ["unknown"], ["still-read"]]
    # A file that is not in the folder yet is planned by itself.
    write_revision(tmp_path / "draft", 1, _runs(f"CREATE INDEX slow ON {_P} (name)"))
    told = await _migrator(place, folder).plan(str(tmp_path / "draft" / "0001_test.py"))
    assert _told(told) == {"app_0001": ["index"]}
    assert await admin.fetch(state) == before
    await admin.close()


#: What would lead out of the rehearsal, in which the real tables have another name.
ESCAPES = (
    "run(('COMMIT',))",
    f"run(('-- well\\n  commit AND CHAIN;', 'DROP TABLE {_P} CASCADE'))",
    f"run(('ROLLBACK', 'DROP TABLE {_P} CASCADE'))",
    "run(('DO $$ BEGIN COMMIT; END $$',))",
    "run(('DO $$ BEGIN DELETE FROM public.theirs; END $$',))",
    "run(('DELETE FROM tenantry_live.projects',))",
    "run((\"SELECT nextval('public.steps')\",))",
)
#: What ends it all the same, and with it the plan.
ENDS = (
    "op.get_bind().commit()",
    "op.get_bind().rollback()",
    # Past everything but the server.
    f"""
import contextlib, sqlalchemy.util
with contextlib.suppress(Exception):
    sqlalchemy.util.await_only(op.get_bind().connection.driver_connection.execute('COMMIT'))
run(('DROP TABLE {_P} CASCADE',))""",
)


async def test_no_revision_leads_out_of_its_rehearsal(
    place: Place, tmp_path: Path, full: None
) -> None:
    admin = await place.connection("superuser")
    await admin.execute(
        "CREATE SEQUENCE public.steps; CREATE TABLE public.theirs (id int);"
        "GRANT ALL ON public.steps, public.theirs TO tenantry_owner"
    )

    async def check() -> None:
        assert await admin.fetchval("SELECT to_regnamespace('tenantry_live')") is None
        assert await admin.fetchval(f"SELECT count(*) FROM {_P}") == ROWS
        assert not await admin.fetchval("SELECT is_called FROM public.steps")

    for number, body in enumerate(ESCAPES, 1):
        write_revision(tmp_path / "escapes", number, body)
    told = await _migrator(place, tmp_path / "escapes").plan()
    assert list(_told(told).values()) == [["unknown"]] * len(ESCAPES)
    await check()
    for number, body in enumerate(ENDS):
        write_revision(tmp_path / f"end{number}", 1, body)
        with pytest.raises(MigrationError, match=r"ends its transaction|left the rehearsal"):
            await _migrator(place, tmp_path / f"end{number}").plan()
        await check()
    await admin.close()


@pytest.mark.postgres("wheel")
async def test_a_plan_holds_up_nobody(place: Place, folder: Path, full: None) -> None:
    holder, other = await place.connection("superuser"), await place.connection("owner")
    await holder.execute("SELECT pg_advisory_lock(42)")
    write_revision(
        folder, 1, _runs(f"ALTER TABLE {_P} ADD COLUMN x int", "SELECT pg_advisory_xact_lock(42)")
    )
    migrator = Migrator(
        place.url("owner"), metadata, locations=(folder,), big=_BIG, lock_timeout=60
    )
    planning = asyncio.create_task(migrator.plan())
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
    while await holder.fetchval(waiting) == 0:
        assert not planning.done()
        await asyncio.sleep(0.05)
    await other.execute("SET statement_timeout = '20s'")
    await holder.execute("SET statement_timeout = '20s'")
    await holder.execute(f"UPDATE {_P} SET description = 'x'")
    await other.execute(f"VACUUM (ANALYZE) {_P}")
    await other.execute(f"ALTER TABLE {_P} ADD COLUMN y int")
    await other.execute("CREATE TABLE tenantry.beside (id int)")
    await holder.execute("SELECT pg_advisory_unlock(42)")
    assert (await planning).ok
    await holder.close()
    await other.close()


@pytest.mark.postgres("wheel")
async def test_helpers_are_no_danger_and_do_nothing_in_a_plan(
    place: Place, folder: Path, full: None
) -> None:
    write_revision(
        folder, 1, f"run(('ALTER TABLE {_P} ADD COLUMN shade text',))\n"
        "backfill('projects', \"shade = 'dark'\", 'shade IS NULL')\n"
        f"build_indexes(['CREATE INDEX projects_shade_idx ON {_P} (shade)'])",
    )  # fmt: skip
    told = await _migrator(place, folder).plan()
    assert told.ok
    assert ["in batches" in s.sql or "CONCURRENTLY" in s.sql for s in told.steps] == [
        False,
        True,
        True,
    ]


@pytest.mark.postgres("wheel")
async def test_the_linter_remarks_on_what_no_rehearsal_sees(
    place: Place, folder: Path, full: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_revision(
        folder, 1, _runs("SELECT 1;", f"ALTER TABLE {_P}\n DROP COLUMN description -- gone\n",
                         "CREATE TABLE tenantry.fresh (at timestamp)", f"CREATE INDEX slow ON {_P} (name)"),
    )  # fmt: skip
    told = await _migrator(place, folder).plan()
    assert told.linted
    rules = [[remark.partition(":")[0] for remark in step.remarks] for step in told.steps]
    assert rules == [[], ["ban-drop-column"], ["prefer-timestamp-tz"], []]
    # One that does not answer is as good as none.
    (tmp_path / "squawk").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "squawk").chmod(0o755)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    told = await _migrator(place, folder).plan()
    assert not told.linted


async def test_the_linter_knows_each_rule_by_this_name(tmp_path: Path) -> None:
    (tmp_path / "well.sql").write_text("SELECT 1;")
    program = await asyncio.create_subprocess_exec(
        Path(sysconfig.get_path("scripts"), "squawk"), str(tmp_path / "well.sql"),
        *(f"--exclude={rule}" for rule in sorted(ASKED - {"syntax-error"})),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await program.communicate()
    assert (program.returncode, said) == (0, b"")
