"""Seals: what they cover, that nothing is late for them, and that writers never notice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from tenantry import Database
from tenantry.errors import AppendOnly, LockTimeout, PermissionDenied
from tenantry.ids import lower_bound
from tenantry.models import LEAF_SIZE, Tenant
from tenantry.ops import seals
from tests.fixtures.database import Place

from .record import entries_of, fill, seal_all

_AT_ONCE = timedelta(0)


async def test_seals_follow_each_other_and_cover_everything(
    db: Database, place: Place, acme: Tenant
) -> None:
    await fill(db, acme, 30)
    await seal_all(db, size=10)
    await fill(db, acme, 2)
    await seal_all(db, size=10)
    made = [seal async for seal in db.tenant(acme.id).seals.iterate()]
    assert [seal.sequence for seal in made] == list(range(1, len(made) + 1))
    assert all(b.previous == a.hash and b.from_id == a.to_id for a, b in pairwise(made))
    assert sum(seal.entries for seal in made) == len(await entries_of(place, acme))
    report = await seals.verify(db, tenant_id=acme.id)
    assert (report.ok, report.seals, report.unsealed) == (True, len(made), 0)


async def test_nothing_new_needs_no_seal(db: Database, acme: Tenant, beta: Tenant) -> None:
    await seal_all(db)
    await fill(db, acme, 1)
    run = await seal_all(db)
    # The platform's log has at least this very use of the service role.
    assert {seal.tenant_id for seal in run.seals} == {acme.id, None}
    assert (await seals.verify(db)).ok


async def test_what_is_young_waits(db: Database, acme: Tenant) -> None:
    await fill(db, acme, 5)
    run = await seals.seal(db)
    assert run.seals == []
    report = await seals.verify(db)
    assert report.ok
    assert report.unsealed >= 5


async def test_one_tenant_by_itself(db: Database, acme: Tenant, beta: Tenant) -> None:
    await fill(db, acme, 1)
    run = await seal_all(db, tenant_id=acme.id)
    assert {seal.tenant_id for seal in run.seals} == {acme.id}
    assert (await seals.verify(db)).ok


async def test_an_open_transaction_is_waited_for(db: Database, acme: Tenant) -> None:
    """Its entries have ids of before the seal, and are seen only when it commits."""
    async with db.tenant(acme.id) as t:
        late = await t.audit.record("late", "things")
        with pytest.raises(LockTimeout):
            await seal_all(db, patience=0.05)
    run = await seal_all(db)
    assert lower_bound(run.until) > late
    report = await seals.verify(db, tenant_id=acme.id)
    assert (report.ok, report.unsealed) == (True, 0)


async def test_a_transaction_that_only_reads_holds_nothing_up(db: Database, acme: Tenant) -> None:
    async with db.tenant(acme.id) as t:
        await t.projects.list()
        await seal_all(db, patience=5)
    assert (await seals.verify(db)).ok


async def test_sixteen_writers_and_a_sealer_do_not_wait_for_each_other(
    db: Database, acme: Tenant
) -> None:
    """All are in the middle of their transactions at once: whoever waited for another would never
    get there."""
    async with db.tenant(acme.id) as t:
        made = await t.projects.create_many([{"name": f"P{n}"} for n in range(16)])
        await t.tasks.create(title="X")
    written, tried = asyncio.Barrier(17), asyncio.Barrier(17)

    async def write(number: int) -> None:
        async with db.tenant(acme.id) as t:
            await t.execute("SET LOCAL lock_timeout = '5s'")
            await t.projects.update(made[number].id, name=f"Q{number}")
            await t.audit.record("seen", "projects", made[number].id)
            await written.wait()
            await tried.wait()

    async def seal() -> None:
        await written.wait()
        with pytest.raises(LockTimeout):
            await seals.seal(db, lag=_AT_ONCE, patience=0.2)
        await tried.wait()

    await asyncio.wait_for(asyncio.gather(seal(), *map(write, range(16))), 60)
    await seal_all(db)
    report = await seals.verify(db, tenant_id=acme.id)
    assert (report.ok, report.unsealed) == (True, 0)


async def test_nothing_is_late_while_everyone_writes(db: Database, acme: Tenant) -> None:
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            async with db.tenant(acme.id) as t:
                await t.audit.record("a", "things")
                await asyncio.sleep(0.1)  # longer than a seal takes
                await t.audit.record("b", "things")

    writers = [asyncio.create_task(write()) for _ in range(8)]
    for _ in range(8):
        await seals.seal(db, lag=_AT_ONCE, size=50)
        assert (await seals.verify(db)).ok
    stop.set()
    await asyncio.gather(*writers)
    await seal_all(db)
    report = await seals.verify(db, tenant_id=acme.id)
    assert (report.ok, report.unsealed) == (True, 0)


async def test_two_sealers_at_once(db: Database, acme: Tenant, beta: Tenant) -> None:
    await fill(db, acme, 60)
    await fill(db, beta, 60)
    runs = await asyncio.gather(*(seal_all(db, size=7) for _ in range(3)))
    made = [(s.tenant_id, s.sequence) for run in runs for s in run.seals]
    assert len(made) == len(set(made))
    report = await seals.verify(db)
    assert report.ok


async def test_somebody_else_was_faster(
    db: Database, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform's seal says that everyone's entries are sealed, so they have to be."""
    await fill(db, acme, 3)
    await seal_all(db)
    await fill(db, acme, 3)
    newest, asked = seals.Chain.newest, []

    async def overtaken(chain: seals.Chain, s: Any) -> Any:
        asked.append(chain)
        return None if asked.count(chain) == 1 and chain.tenant_id else await newest(chain, s)

    monkeypatch.setattr(seals.Chain, "newest", overtaken)
    await seal_all(db)
    monkeypatch.undo()
    report = await seals.verify(db, tenant_id=acme.id)
    assert (report.ok, report.unsealed, report.seals) == (True, 0, 2)


async def test_one_that_was_stopped_goes_on(
    db: Database, acme: Tenant, beta: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(db, acme, 20)
    await fill(db, beta, 20)
    monkeypatch.setattr("tenantry.ops.seals.sealing._WORK", 5)

    def stop(run: seals.Run) -> None:
        if run.entries >= 10:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await seal_all(db, size=5, tell=stop)
    assert (await seals.verify(db)).ok
    await seal_all(db, size=5)
    report = await seals.verify(db, tenant_id=beta.id)
    assert (report.ok, report.unsealed) == (True, 0)


async def test_seals_are_the_service_role_s_to_set_and_nobody_s_to_change(
    db: Database, place: Place, acme: Tenant, beta: Tenant
) -> None:
    await fill(db, acme, 1)
    await seal_all(db)
    assert await db.tenant(acme.id).seals.count() == 1
    (seal,) = await db.tenant(acme.id).seals.list()
    assert "leaves" not in vars(seal)
    assert await db.tenant(beta.id).seals.exists(id=seal.id) is False
    for sql in ("DELETE FROM tenantry.audit_seals", "SELECT * FROM tenantry.platform_seals"):
        with pytest.raises(PermissionDenied):
            await db.tenant(acme.id).execute(sql)
    with pytest.raises(PermissionDenied):
        async with db.service("forge") as s:
            await s.execute("UPDATE tenantry.audit_seals SET sequence = 2")
    admin = await place.connection("superuser")
    for table in ("audit_seals", "platform_seals", "audit_logs", "platform_log"):
        for sql in (
            f"UPDATE tenantry.{table} SET id = id",
            f"DELETE FROM tenantry.{table}",
            f"TRUNCATE tenantry.{table}",
        ):
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await admin.execute(sql)
    await admin.close()
    assert AppendOnly.code
    assert LEAF_SIZE == 48


async def test_a_deeply_nested_value_is_sealed_like_any_other(db: Database, acme: Tenant) -> None:
    deep = '{"a":' * 1500 + "1" + "}" * 1500
    await db.tenant(acme.id).execute(
        "SELECT tenantry.record_event('deep', 'things', NULL, convert_from($1, 'UTF8')::jsonb)",
        deep.encode(),
    )
    await seal_all(db)
    report = await seals.verify(db, tenant_id=acme.id)
    assert (report.ok, report.unsealed) == (True, 0)


async def test_nor_does_a_clock_that_is_set_back_seal_twice(db: Database, acme: Tenant) -> None:
    await fill(db, acme, 3)
    await seal_all(db)
    run = await seals.seal(db, lag=timedelta(hours=1))
    assert run.until < datetime.now(UTC)
    assert run.seals == []
    assert (await seals.verify(db)).ok
