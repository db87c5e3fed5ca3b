"""Expenses: prices have ranges, sums are exact, and views are a tenant's own."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tenantry import Database
from tenantry.errors import PermissionDenied, RuleViolated
from tenantry.models import ModelPrice, Tenant

_JAN, _FEB, _MAR = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))


async def price(db: Database, input_price: int, valid_from: datetime | None = None) -> ModelPrice:
    async with db.service("prices") as s:
        return await s.prices.set_price(
            "p", "m", input_price=Decimal(input_price), output_price=Decimal(10),
            cached_input_price=Decimal(1), valid_from=valid_from,
        )  # fmt: skip


async def test_a_cost_is_that_of_the_tokens_at_the_price_of_the_moment(
    db: Database, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    await price(db, 2, _JAN)
    await price(db, 4, _MAR)
    for when, expected in ((_JAN, "2.21"), (_FEB, "2.21"), (_MAR, "4.21"), (None, "4.21")):
        dated = {"created_at": when} if when else {}
        entry = await t.costs.record(
            provider="p", model="m", input_tokens=1_000_000, output_tokens=20_000,
            cached_tokens=10_000, **dated,  # type: ignore[arg-type]
        )  # fmt: skip
        assert entry.cost_usd == Decimal(expected)
    given = await t.costs.record(provider="none", model="x", cost_usd=Decimal("0.5"))
    assert given.cost_usd == Decimal("0.5")


async def test_without_a_price_it_says_so(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    await price(db, 2, _FEB)
    for values in (
        {"provider": "p", "model": "other"},
        {"provider": "p", "model": "m", "created_at": _JAN},
    ):
        with pytest.raises(RuleViolated) as caught:
            await t.costs.record(input_tokens=1, **values)
        assert (caught.value.constraint, caught.value.table) == ("price_known", "cost_entries")
        assert "no price" in caught.value.message
    assert await t.costs.count() == 0


async def test_a_price_just_set_holds_at_once(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    for step in range(1, 6):
        await price(db, step)
        entry = await t.costs.record(provider="p", model="m", input_tokens=1_000_000)
        assert entry.cost_usd == step


async def test_prices_follow_one_another_without_gap_or_overlap(db: Database) -> None:
    mar, jan, feb = [await price(db, n, when) for n, when in enumerate((_MAR, _JAN, _FEB))]
    assert jan.valid_until == _MAR
    async with db.service("prices") as s:
        ranges = {p.valid_from: p.valid_until for p in await s.prices.list()}
        assert ranges == {_JAN: _FEB, _FEB: _MAR, _MAR: None}
        for when, expected in (
            (_JAN, jan),
            (_FEB, feb),
            (_FEB - timedelta(seconds=1), jan),
            (None, mar),
        ):
            found = await s.prices.at("p", "m", when)
            assert found is not None
            assert found.id == expected.id
        assert await s.prices.at("p", "m", _JAN - timedelta(seconds=1)) is None
    corrected = await price(db, 9, _FEB)
    assert (corrected.id, corrected.input_price, corrected.valid_until) == (
        feb.id,
        Decimal(9),
        _MAR,
    )


async def test_prices_set_at_once_leave_one_open(db: Database) -> None:
    await asyncio.gather(*(price(db, n, _JAN + timedelta(days=n)) for n in range(8)))
    async with db.service("prices") as s:
        ranges = sorted(
            (p.valid_from, p.valid_until) for p in await s.prices.list() if p.valid_until
        )
        assert len(ranges) == 7
        assert all(until == start + timedelta(days=1) for start, until in ranges)


async def test_tenants_read_prices_and_change_none(db: Database, acme: Tenant) -> None:
    await price(db, 2, _JAN)
    t = db.tenant(acme.id)
    found = await t.prices.at("p", "m")
    assert found is not None
    with pytest.raises(PermissionDenied):
        await t.prices.update(found.id, input_price=Decimal(0))
    with pytest.raises(PermissionDenied):
        await t.prices.set_price("p", "x", input_price=Decimal(0), output_price=Decimal(0))


async def test_sums_by_month_desk_and_model_and_within_a_time(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    t = db.tenant(acme.id)
    desk = await t.desks.create(code="d", title="D")
    task = await t.tasks.create(title="T")
    await t.costs.create_many(
        [
            {"created_at": when, "desk_id": owner, "task_id": task.id if n else None,
             "provider": "p", "model": f"m{n % 2}", "input_tokens": n, "cost_usd": Decimal(n)}
            for when in (_JAN, _FEB, _MAR - timedelta(milliseconds=1))
            for n, owner in enumerate((desk.id, None, desk.id))
        ]
    )  # fmt: skip
    await db.tenant(beta.id).costs.record(cost_usd=Decimal(100), created_at=_JAN)
    assert (await t.costs.total()).cost_usd == 9
    assert (await t.costs.total(since=_FEB, until=_MAR)).entries == 6
    assert (await t.costs.total(task_id=task.id, until=_FEB)).cost_usd == 3
    months = [(m.month, m.entries, m.input_tokens, m.cost_usd) for m in await t.costs.by_month()]
    assert months == [
        (date(2026, 1, 1), 3, 3, Decimal(3)),
        (date(2026, 2, 1), 6, 6, Decimal(6)),
    ]
    assert {d.desk_id: d.cost_usd for d in await t.costs.by_desk()} == {desk.id: 6, None: 3}
    models = [(m.provider, m.model, m.cost_usd) for m in await t.costs.by_model(since=_FEB)]
    assert models == [("p", "m0", Decimal(4)), ("p", "m1", Decimal(2))]
    assert (await t.costs.total(since=_MAR)).cost_usd == 0


async def test_months_are_those_of_utc_whatever_the_session_s_timezone(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        await t.execute("SET LOCAL timezone = 'Pacific/Kiritimati'")
        last = await t.costs.record(cost_usd=Decimal(1), created_at=_FEB - timedelta(seconds=1))
        first = await t.costs.record(cost_usd=Decimal(1), created_at=_FEB)
    assert (last.billing_month, first.billing_month) == (date(2026, 1, 1), date(2026, 2, 1))


async def test_views_are_refreshed_beside_readers_and_show_only_one_s_own(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    a, b = db.tenant(acme.id), db.tenant(beta.id)
    desk = await a.desks.create(code="d", title="D")
    await b.desks.create(code="b", title="B")
    await a.tasks.create(title="T", assigned_to_desk_id=desk.id)
    session = await a.sessions.open(desk_id=desk.id)
    await a.executions.create(session_id=session.id, status="success", cost_usd=Decimal(2))
    await a.sessions.close(session.id)
    await b.costs.record(cost_usd=Decimal(7), provider="p", model="m", input_tokens=1)

    async def refresh() -> None:
        async with db.service("figures") as s:
            await s.refresh_views()

    await refresh()
    [figures] = await a.desks.performance()
    assert (figures.desk_id, figures.tasks_open, figures.sessions) == (desk.id, 1, 1)
    assert figures.cost_usd == 2
    assert [d.code for d in await b.desks.performance()] == ["b"]
    [line] = await b.costs.summary()
    assert (line.provider, line.model, line.entries, line.cost_usd) == ("p", "m", 1, Decimal(7))
    await asyncio.gather(*(refresh() for _ in range(3)), *(a.costs.summary() for _ in range(10)))
    await a.costs.record(cost_usd=Decimal(1), provider="q")
    assert len(await a.costs.summary()) == 1
    await refresh()
    assert len(await a.costs.summary()) == 2
    async with db.service("as one tenant") as s:
        assert [d.code for d in await s.tenant(beta.id).desks.performance()] == ["b"]
    for view in ("desk_performance", "tenant_cost_summary"):
        with pytest.raises(PermissionDenied):
            await a.fetch(f"SELECT * FROM tenantry.{view}")
    with pytest.raises(PermissionDenied):
        await a.fetch("SELECT tenantry.refresh_all_views()")
