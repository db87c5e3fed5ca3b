"""Backfills and indexes that are built while the table is written to."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

import pytest

from tenantry import Database
from tenantry.isolation.proof import prove
from tenantry.migrations import backfilling
from tenantry.migrations.runner import Migrator
from tenantry.models import Tenant, metadata
from tests.fixtures.database import Place, make_tenant

from .test_plan import write_revision

pytestmark = pytest.mark.postgres("wheel")

_FILL = "backfill('projects', 'shade = coalesce(shade, 0) + 1', 'name <> \\'p7\\'', batch=7)"
_WAITING = (
    "+ CASE WHEN name = \\'p20\\' THEN 1 + length(pg_advisory_xact_lock(42)::text) ELSE 1 END"
)
_ADD = "run(('ALTER TABLE tenantry.projects ADD COLUMN shade int',))"
_SHADES = "SELECT shade, count(*) FROM tenantry.projects GROUP BY 1 ORDER BY 1"
_BATCHES = "SELECT batches, rows, finished_at IS NOT NULL FROM tenantry_upkeep.backfills"


def _migrator(place: Place, folder: Path) -> Migrator:
    return Migrator(place.url("owner"), metadata, locations=(folder,))


async def _fill(db: Database, *tenants: Tenant) -> None:
    for tenant in tenants:
        await db.tenant(tenant.id).projects.create_many([{"name": f"p{n}"} for n in range(30)])


async def test_a_backfill_reaches_every_row_that_it_means_once(
    place: Place, folder: Path, db: Database, acme: Tenant, beta: Tenant
) -> None:
    await _fill(db, acme, beta)
    write_revision(folder, 1, _ADD)
    write_revision(folder, 2, _FILL)
    assert await _migrator(place, folder).up() == ("app_0001", "app_0002")
    admin = await place.connection("superuser")
    assert [tuple(r) for r in await admin.fetch(_SHADES)] == [(1, 58), (None, 2)]
    assert [tuple(r) for r in await admin.fetch(_BATCHES)] == [(9, 58, True)]
    opened = (
        "SELECT count(*) FROM pg_policy WHERE polname = 'tenantry_backfill'"
        " OR polname = 'owner_floor' AND pg_get_expr(polqual, polrelid) <> 'false'"
    )
    assert await admin.fetchval(opened) == 0
    # Run again, as after an interruption right before the revision was noted: nothing is left to do.
    await admin.execute(
        "UPDATE tenantry.schema_version SET version_num = 'app_0001' WHERE version_num = 'app_0002'"
    )
    assert await _migrator(place, folder).up() == ("app_0002",)
    assert [tuple(r) for r in await admin.fetch(_SHADES)] == [(1, 58), (None, 2)]
    await admin.close()


async def test_a_table_that_is_yet_to_be_adopted_and_a_proof_that_does_not_mind_the_notes(
    place: Place, folder: Path
) -> None:
    admin = await place.connection("superuser")
    await admin.execute(
        "CREATE TABLE public.orders (id serial PRIMARY KEY, shade int);"
        "GRANT CREATE ON SCHEMA public TO tenantry_owner;"
        "ALTER TABLE public.orders OWNER TO tenantry_owner;"
        "INSERT INTO public.orders (shade) SELECT NULL FROM generate_series(1, 30)"
    )
    write_revision(folder, 1, "backfill('public.orders', 'shade = t.id', 'id <> 7', batch=7)")
    write_revision(
        folder, 2, "build_indexes(['CREATE UNIQUE INDEX orders_key ON public.orders (shade, id)'])"
    )
    assert await _migrator(place, folder).up() == ("app_0001", "app_0002")
    assert await admin.fetchval("SELECT count(*) FROM public.orders WHERE shade = id") == 29
    assert await admin.fetchval("SELECT to_regclass('public.orders_key') IS NOT NULL")
    await admin.execute("DROP TABLE public.orders")
    await admin.close()
    proof = await prove(place.url("superuser"), metadata, attacks=False)
    assert [f.key for f in proof.findings] == []


async def test_it_steps_back_for_who_holds_a_row_and_for_a_replica_that_falls_behind(
    place: Place, folder: Path, db: Database, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _fill(db, acme)
    admin, holder = await place.connection("superuser"), await place.connection("superuser")
    # As a replica's lag is told, without one.
    await admin.execute("CREATE TABLE tenantry.lag AS SELECT 99 * 1024^2 AS bytes")
    await admin.execute("GRANT SELECT ON tenantry.lag TO tenantry_owner")
    monkeypatch.setattr(backfilling, "_BEHIND", "SELECT bytes FROM tenantry.lag")
    write_revision(folder, 1, _ADD)
    await _migrator(place, folder).up()
    write_revision(folder, 2, _FILL)
    said: list[str] = []
    migrator = Migrator(place.url("owner"), metadata, locations=(folder,), progress=said.append)
    filling = asyncio.create_task(asyncio.to_thread(asyncio.run, migrator.up()))
    page = "Backfilling tenantry.projects: "
    await _said(said, f"{page}waiting for a replica 99 MB behind", filling)
    assert f"{page}0 rows in 0 batches" in said
    await holder.execute("BEGIN; UPDATE tenantry.projects SET name = name WHERE name = 'p20'")
    await admin.execute("UPDATE tenantry.lag SET bytes = 0")
    await _said(said, f"{page}13 rows in 2 batches", filling)
    # The batch that comes to the held row lets go of the others again and again.
    await admin.execute("SET lock_timeout = '20s'")
    for _ in range(3):
        await admin.execute("UPDATE tenantry.projects SET description = 'y' WHERE name = 'p19'")
    assert not filling.done()
    await holder.execute("COMMIT")
    assert await filling == ("app_0002",)
    assert said[-1] == f"{page}29 rows in 5 batches"
    assert [tuple(r) for r in await admin.fetch(_SHADES)] == [(1, 29), (None, 1)]
    await admin.close()
    await holder.close()


async def _said(said: list[str], what: str, doing: asyncio.Task[object]) -> None:
    while what not in said:
        assert not doing.done()
        await asyncio.sleep(0.02)


async def test_the_page_is_right(place: Place, folder: Path, db: Database, acme: Tenant) -> None:
    await _fill(db, acme)
    page = (Path(__file__).parents[2] / "docs" / "migrations.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    write_revision(folder, 1, "pass")
    path = folder / "0001_test.py"
    path.write_text(path.read_text().replace("def upgrade():\n    pass", block))
    assert await _migrator(place, folder).up() == ("app_0001",)
    admin = await place.connection("superuser")
    filled = "SELECT count(*) FROM tenantry.projects WHERE description = name"
    assert await admin.fetchval(filled) == 30
    assert await admin.fetchval("SELECT to_regclass('tenantry.projects_about_idx') IS NOT NULL")
    await admin.close()


async def test_a_killed_backfill_goes_on_where_it_was(
    place: Place, folder: Path, db: Database, acme: Tenant
) -> None:
    await _fill(db, acme)
    other = await make_tenant(db, "other")
    write_revision(folder, 1, _ADD)
    assert await _migrator(place, folder).up() == ("app_0001",)
    # It comes to a row at which it waits for somebody: a moment to be killed in.
    holder = await place.connection("superuser")
    await holder.execute("SELECT pg_advisory_lock(42)")
    write_revision(folder, 2, _FILL.replace("+ 1", _WAITING))
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from tenantry.migrations.runner import Migrator; from tenantry.models import metadata\n"
        "m = Migrator(sys.argv[1], metadata, locations=(Path(sys.argv[2]),), lock_timeout=60)\n"
        "asyncio.run(m.up())"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, place.url("owner"), str(folder)
    )
    admin = await place.connection("superuser")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
    while await admin.fetchval(waiting) == 0:
        assert process.returncode is None
        await asyncio.sleep(0.05)
    assert [tuple(r) for r in await admin.fetch(_BATCHES)] == [(2, 13, False)]
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'tenantry-migrate' AND datname = current_database()"
    )
    assert [tuple(r) for r in await admin.fetch(_SHADES)] == [(1, 13), (None, 17)]
    # The owner alone sees more meanwhile.
    assert await db.tenant(other.id).projects.count() == 0
    await holder.close()
    assert await _migrator(place, folder).up() == ("app_0002",)
    assert [tuple(r) for r in await admin.fetch(_SHADES)] == [(1, 29), (None, 1)]
    assert [tuple(r) for r in await admin.fetch(_BATCHES)] == [(5, 29, True)]
    await admin.close()


async def test_indexes_are_built_beside_writers_and_again_where_one_was_left_half_built(
    place: Place, folder: Path, db: Database, acme: Tenant
) -> None:
    await _fill(db, acme)
    admin = await place.connection("superuser")
    await admin.execute("CREATE INDEX projects_name_too ON tenantry.projects (name)")
    await admin.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tenantry.projects_name_too'::regclass"
    )
    half_built = await admin.fetchval("SELECT 'tenantry.projects_name_too'::regclass::oid")
    write_revision(
        folder, 1, "build_indexes(['CREATE INDEX projects_name_too ON tenantry.projects (name)',"
        " 'CREATE INDEX messages_role_idx ON tenantry.messages (tenant_id, role)'])",
    )  # fmt: skip
    writer = await place.connection("superuser")
    async with writer.transaction():
        # Whoever writes is waited for; and goes on writing.
        await writer.execute("UPDATE tenantry.projects SET description = 'x' WHERE name = 'p1'")
        building = asyncio.create_task(_migrator(place, folder).up())
        progress = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INDEX CONCURRENTLY%'"
        while await admin.fetchval(progress) == 0:
            assert not building.done()
            await asyncio.sleep(0.05)
        await writer.execute("UPDATE tenantry.projects SET description = 'y' WHERE name = 'p2'")
    assert await building == ("app_0001",)
    await writer.close()
    states = await admin.fetch(
        "SELECT i.indexrelid <> $1, indisvalid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
        " WHERE c.relname IN ('projects_name_too', 'messages_role_idx')", half_built,
    )  # fmt: skip
    assert [tuple(r) for r in states] == [(True, True), (True, True)]
    assert (
        await admin.fetchval(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'tenantry.messages_role_idx'::regclass"
        )
        == 5
    )
    await admin.close()
