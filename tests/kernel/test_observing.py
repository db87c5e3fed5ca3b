"""What those who watch are told, on real servers."""

import asyncio
import logging
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest

from tenantry.errors import (
    AlreadyExists,
    LockTimeout,
    PoolExhausted,
    SerializationFailure,
    TenantryError,
)
from tenantry.kernel import Context, Observer, OneShot, Pool, Transaction, Watch, Work, run

from .conftest import MakePool, Place, until
from .test_transaction import INSERT


class Recorder(Observer):
    """Remembers all it is told."""

    def __init__(self) -> None:
        self.begun_work: list[Work] = []
        self.work: list[Work] = []
        self.states: list[str] = []
        self.errors: list[str] = []

    def begun(self, work: Work) -> int:
        self.begun_work.append(work)
        return len(self.begun_work)

    def ended(self, work: Work) -> None:
        self.work.append(work)
        self.states.append(work.sqlstate)

    def retried(self, error: TenantryError) -> None:
        self.errors.append(error.code)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(work.kind, work.outcome) for work in self.work]


class Broken(Observer):
    def begun(self, work: Work) -> Any:
        raise ValueError("begun")

    def ended(self, work: Work) -> None:
        raise ValueError("ended")

    def retried(self, error: TenantryError) -> None:
        raise ValueError("retried")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def watched(make_pool: MakePool, recorder: Recorder) -> Pool:
    return await make_pool(watch=Watch((recorder,)), max_size=2)


async def test_a_one_shot_call(
    watched: Pool, context: Context, tenant: UUID, recorder: Recorder
) -> None:
    await OneShot("SELECT generate_series(1, 3)").fetch(watched, context)
    (work,) = recorder.work
    assert (work.kind, work.outcome, work.rows) == ("one_shot", "ok", 3)
    assert work.sql == "SELECT generate_series(1, 3)"
    assert work.tenant_id == tenant
    assert work.readonly
    assert work.seconds > 0
    assert work.waited is None
    assert work.note(recorder) == 1


async def test_what_the_kernel_asks_for_itself_is_not_told(
    watched: Pool, context: Context, recorder: Recorder
) -> None:
    await OneShot("SELECT 1", silent=True).fetch(watched, context)
    watched.distributed = True  # the other way that a call can go
    await OneShot("SELECT 1", silent=True).fetch(watched, context)
    assert recorder.begun_work == []
    await OneShot("SELECT 1").fetch(watched, context)
    assert recorder.kinds == [("statement", "ok"), ("transaction", "ok")]


async def test_a_transaction_and_its_statements(
    watched: Pool, context: Context, tenant: UUID, recorder: Recorder
) -> None:
    async with Transaction(watched, context) as t:
        await t.fetch("SELECT generate_series(1, 3)")
        await t.execute_many(INSERT, [(tenant, "one"), (tenant, "two")])
        async for _ in t.stream("SELECT generate_series(1, 9)", batch=2):
            pass
    assert [(w.kind, w.rows) for w in recorder.work] == [
        ("statement", 3), ("statement", 0), ("statement", 9), ("transaction", 0),
    ]  # fmt: skip
    transaction = recorder.work[-1]
    assert all(w.within is transaction for w in recorder.work[:-1])
    assert not transaction.readonly
    assert {w.outcome for w in recorder.work} == {"ok"}


async def test_a_stream_that_its_reader_leaves(
    watched: Pool, context: Context, recorder: Recorder
) -> None:
    async with Transaction(watched, context) as t:
        rows = t.stream("SELECT generate_series(1, 9)", batch=2)
        async for _ in rows:
            break
        await rows.aclose()  # type: ignore[attr-defined]
    assert recorder.kinds == [("statement", "ok"), ("transaction", "ok")]


async def test_an_error_is_told_with_its_state(
    watched: Pool, context: Context, recorder: Recorder
) -> None:
    with pytest.raises(TenantryError):
        await OneShot("SELECT 1 / 0").fetch(watched, context)
    with pytest.raises(TenantryError):
        async with Transaction(watched, context) as t:
            await t.fetch("SELECT 1 / 0")
    assert recorder.kinds == [
        ("one_shot", "error"), ("statement", "error"), ("transaction", "error"),
    ]  # fmt: skip
    assert recorder.states == ["22012"] * 3
    assert {w.error_code for w in recorder.work} == {recorder.work[0].error_code}


async def test_what_the_caller_raises_is_the_applications(
    watched: Pool, context: Context, recorder: Recorder
) -> None:
    with pytest.raises(KeyError):
        async with Transaction(watched, context):
            raise KeyError("secret")
    (work,) = recorder.work
    assert (work.outcome, work.error_code, work.sqlstate) == ("error", "application", "")


async def test_a_cancellation(watched: Pool, context: Context, recorder: Recorder) -> None:
    async def sleep() -> None:
        async with Transaction(watched, context) as t:
            await t.fetch("SELECT pg_sleep(30)")

    calls = [
        asyncio.create_task(sleep()),
        asyncio.create_task(OneShot("SELECT pg_sleep(30)").fetch(watched, context)),
    ]
    await until(lambda: len(recorder.begun_work) == 3)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(recorder.kinds) == [
        ("one_shot", "cancelled"), ("statement", "cancelled"), ("transaction", "cancelled"),
    ]  # fmt: skip


async def test_waiting_for_a_connection(
    watched: Pool, context: Context, recorder: Recorder
) -> None:
    async with Transaction(watched, context), Transaction(watched, context):
        with pytest.raises(PoolExhausted):
            async with Transaction(watched, context, acquire_timeout=0.01):
                pass
    failed = recorder.work[0]
    assert (failed.outcome, failed.error_code) == ("error", "pool_exhausted")
    assert failed.waited is not None
    assert failed.waited >= 0.01


async def test_work_that_is_run_again(watched: Pool, context: Context, recorder: Recorder) -> None:
    tries: list[int] = []

    async def work(t: Transaction) -> None:
        tries.append(1)
        if len(tries) == 1:
            await t.fetch("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    await run(lambda: Transaction(watched, context), work, delay=0.001, watch=watched.watch)
    assert recorder.errors == [SerializationFailure.code]
    transactions = [(w.outcome, w.sqlstate) for w in recorder.work if w.kind == "transaction"]
    assert transactions == [("error", "40001"), ("ok", "")]


async def test_one_who_fails_is_never_felt(
    make_pool: MakePool,
    context: Context,
    tenant: UUID,
    recorder: Recorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither by the work, nor by the others who watch, nor by whoever reads the log."""
    pool = await make_pool(watch=Watch((Broken(), recorder)))
    with caplog.at_level(logging.WARNING, "tenantry.observing"):
        for _ in range(50):
            assert await OneShot("SELECT 1").fetch_value(pool, context) == 1
            async with Transaction(pool, context) as t:
                assert await t.fetch_value("SELECT 2") == 2
            with suppress(AlreadyExists, LockTimeout):
                async with Transaction(pool, context) as t:
                    raise LockTimeout("a caller's")
    assert len(recorder.work) == 200
    assert recorder.work[0].note(recorder) == 1
    assert len(caplog.records) == 1


async def test_nobody_watches(pool: Pool, context: Context, place: Place) -> None:
    assert pool.watch is None
    async with Transaction(pool, context) as t:
        assert t._work is None
