"""What a program's metrics say, and that they say it as they should."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry

import tenantry
from tenantry.errors import NotFound, PoolExhausted, QueryError, TenantryError
from tenantry.models import Tenant
from tenantry.observing.metrics import PROGRAM
from tenantry.observing.prometheus import PrometheusMetrics
from tests.fixtures.database import Place, make_tenant

from .conftest import Watched
from .specification import checked, gone_back, written

COUNT = "tenantry_operation_seconds_count"


async def test_work_is_counted(watched: Watched, acme: Tenant) -> None:
    before = watched.value(COUNT, kind="one_shot", role="app", server="primary", outcome="ok") or 0
    project = await watched.db.tenant(acme.id).projects.create(name="Apollo")
    for _ in range(3):
        await watched.db.tenant(acme.id).projects.get(project.id)
    at = {"role": "app", "server": "primary", "outcome": "ok"}
    one_shots = watched.value(COUNT, kind="one_shot", **at) or 0
    assert one_shots >= before + 3
    statements = watched.value(COUNT, kind="statement", **at) or 0
    async with watched.db.tenant(acme.id) as t:
        await t.fetch("SELECT generate_series(1, 100)")
    assert watched.value(COUNT, kind="statement", **at) == statements + 1
    assert (watched.value("tenantry_rows_total", role="app", server="primary") or 0) >= 100
    # The service role, by which the tenant was made, is told apart.
    assert watched.value(COUNT, kind="transaction", role="service", server="primary", outcome="ok")


async def test_errors_are_counted_by_their_code(watched: Watched, acme: Tenant) -> None:
    with pytest.raises(TenantryError):
        await watched.db.tenant(acme.id).fetch("SELECT no_such_column")
    with pytest.raises(ZeroDivisionError):
        async with watched.db.tenant(acme.id):
            raise ZeroDivisionError
    counted = "tenantry_errors_total"
    assert watched.value(counted, kind="statement", role="app", error=QueryError.code) == 1
    assert watched.value(counted, kind="transaction", role="app", error=QueryError.code) == 1
    assert watched.value(counted, kind="transaction", role="app", error="application") == 1


async def test_retries_are_counted(watched: Watched, acme: Tenant) -> None:
    tries: list[int] = []

    async def work(t: tenantry.TenantTransaction) -> None:
        tries.append(1)
        if len(tries) < 3:
            await t.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    await watched.db.run(acme.id, work)
    assert watched.value("tenantry_retries_total", error="serialization_failure") == 2


async def test_pools(place: Place, registry: CollectorRegistry) -> None:
    settings = place.settings(pool_max=1, acquire_timeout=0.02)
    observers = [PrometheusMetrics(registry)]
    async with await tenantry.connect(settings=settings, observe=observers) as db:
        tenant = (await make_tenant(db, "one")).id
        at = {"role": "app", "server": "primary"}
        async with db.tenant(tenant):
            assert (
                registry.get_sample_value("tenantry_pool_connections", {**at, "state": "in_use"})
                == 1
            )
            with pytest.raises(PoolExhausted):
                await db.tenant(tenant).fetch("SELECT 1")
        assert registry.get_sample_value("tenantry_pool_max_connections", at) == 1
        assert registry.get_sample_value("tenantry_pool_exhausted_total", at) == 1
        assert registry.get_sample_value("tenantry_connection_wait_seconds_count", at) == 1
        waited = registry.get_sample_value("tenantry_connection_wait_seconds_sum", at)
        assert waited is not None
        assert waited >= 0.02
        counted = {"kind": "transaction", "role": "app", "error": "pool_exhausted"}
        assert registry.get_sample_value("tenantry_errors_total", counted) == 1


async def test_counters_never_go_back(place: Place, registry: CollectorRegistry) -> None:
    """Neither by a second database, nor when one is closed, nor under load."""
    metrics = PrometheusMetrics(registry)

    async def read(db: tenantry.Database, tenant: object, times: int) -> None:
        for _ in range(times):
            with suppress(NotFound):
                await db.tenant(tenant).projects.get(tenant)  # type: ignore[arg-type]

    seen = checked(*written(registry))
    for round_ in range(2):
        async with await tenantry.connect(settings=place.settings(), observe=[metrics]) as db:
            tenant = (await make_tenant(db, f"number-{round_}")).id
            work = asyncio.gather(*(read(db, tenant, 20) for _ in range(5)))
            while not work.done():
                await asyncio.sleep(0.005)
                now = checked(*written(registry))
                assert gone_back(seen, now) == []
                seen = now
            await work
        now = checked(*written(registry))
        assert gone_back(seen, now) == []
        seen = now
    place_ = ("tenantry_pool_opened_total", (("role", "app"), ("server", "primary")))
    assert seen[place_] >= 2


async def test_every_metric_is_told(watched: Watched, acme: Tenant) -> None:
    """Whether or not there is a figure for it, so that a dashboard finds what it asks for."""
    families = {family.name for family in watched.registry.collect()}
    assert families == {metric.family for metric in PROGRAM}
    checked(*written(watched.registry))


async def test_two_of_them_in_one_registry_are_refused(registry: CollectorRegistry) -> None:
    PrometheusMetrics(registry)
    with pytest.raises(ValueError, match="Duplicated"):
        PrometheusMetrics(registry)


async def test_limits_and_locks(watched: Watched, acme: Tenant) -> None:
    async with (
        watched.db.tenant(acme.id, readonly=False) as t,
        t.locks.in_database("night run"),
        watched.db.tenant(acme.id).locks.in_database("another"),
    ):
        with pytest.raises(TenantryError):
            async with watched.db.tenant(acme.id).locks.in_database("night run"):
                pass
    assert watched.value("tenantry_locks_total", result="acquired") == 2
    assert watched.value("tenantry_locks_total", result="refused") == 1
    assert (watched.value("tenantry_lock_wait_seconds_total") or 0) > 0


async def test_who_comes_later_sees_what_comes_later(place: Place) -> None:
    registry = CollectorRegistry()
    async with await tenantry.connect(settings=place.settings()) as db:
        tenant = (await make_tenant(db, "late")).id
        db.observe(PrometheusMetrics(registry))
        await db.tenant(tenant).fetch("SELECT 1")
        async with db.service("a pool that was open already"):
            pass
    at = {"kind": "statement", "server": "primary", "outcome": "ok"}
    assert registry.get_sample_value(COUNT, {**at, "role": "app"}) == 1
    assert registry.get_sample_value(COUNT, {**at, "role": "service"}) == 1
