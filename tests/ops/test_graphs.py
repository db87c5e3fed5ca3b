"""Graphs kept by the service role, a transaction for each tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import DeadlockDetected, GraphUnavailable
from tenantry.handles import ServiceTransaction
from tenantry.ops import features, graphs
from tests.fixtures.database import Place, make_tenant

wheel = pytest.mark.postgres("wheel")


@pytest.fixture
async def kept(place: Place) -> AsyncIterator[Database]:
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
    async with await tenantry.connect(settings=place.settings(statement_timeout=20)) as db:
        yield db


async def _differing(db: Database, place: Place) -> UUID:
    """A tenant whose graph lacks its only task."""
    tenant = await make_tenant(db, "acme")
    await db.tenant(tenant.id).tasks.create(title="Lost")
    await graphs.rebuild(await db.serving("test"), tenant.id)
    root = await place.connection("superuser")
    await root.execute(f'DELETE FROM tg_{tenant.id.hex}."Task"')
    await root.close()
    return tenant.id


@wheel
async def test_comparing_changes_nothing_and_mending_does(kept: Database, place: Place) -> None:
    begin = await kept.serving("test")
    tenant = await _differing(kept, place)
    lacks = [graphs.Difference("Task", 1, 0)]
    for _ in range(2):
        found = await graphs.compare(begin, tenant)
        assert (found.differences, found.mended, found.ok) == (lacks, False, False)
    found = await graphs.compare(begin, tenant, mend=True)
    assert (found.differences, found.mended, found.ok) == (lacks, True, True)
    assert await graphs.compare(begin, tenant, mend=True) == graphs.Comparison([])


@wheel
async def test_what_is_not_mended_is_not_said_to_be(
    kept: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(s: ServiceTransaction, tenant_id: UUID) -> None:
        pass

    tenant = await _differing(kept, place)
    monkeypatch.setattr(graphs, "_rebuild", nothing)
    found = await graphs.compare(await kept.serving("test"), tenant, mend=True)
    assert not found.ok
    assert not found.mended


@wheel
async def test_the_timeout_of_applications_does_not_hold(
    kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    async def look(s: ServiceTransaction, tenant_id: UUID) -> None:
        seen.append(await s.fetch_value("SELECT current_setting('statement_timeout')"))

    tenant = await make_tenant(kept, "acme")
    begin = await kept.serving("test")
    monkeypatch.setattr(graphs, "_rebuild", look)
    await graphs.rebuild(begin, tenant.id)
    async with begin() as s:
        seen.append(await s.fetch_value("SELECT current_setting('statement_timeout')"))
    assert seen == ["0", "20s"]


@wheel
async def test_a_deadlock_with_a_writer_is_tried_again(
    kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuild, tries = graphs._rebuild, []

    async def once(s: ServiceTransaction, tenant_id: UUID) -> None:
        tries.append(tenant_id)
        if len(tries) == 1:
            raise DeadlockDetected("a writer was there")
        await rebuild(s, tenant_id)

    tenant = await make_tenant(kept, "acme")
    begin = await kept.serving("test")
    monkeypatch.setattr(graphs, "_rebuild", once)
    await graphs.rebuild(begin, tenant.id)
    assert len(tries) == 2
    assert [x.tenant_id for x in await graphs.standing(begin)] == [tenant.id]


@wheel
async def test_standing_of_one_of_many_and_dropping(kept: Database) -> None:
    begin = await kept.serving("test")
    one, two, three = [await make_tenant(kept, slug) for slug in ("one", "two", "three")]
    for tenant in (one, two):
        await graphs.rebuild(begin, tenant.id)
    assert [x.tenant for x in await graphs.standing(begin)] == ["one", "two"]
    assert [x.tenant for x in await graphs.standing(begin, two.id)] == ["two"]
    assert await graphs.lacking(begin) == [(three.id, "three")]
    assert await graphs.drop(begin, one.id)
    assert not await graphs.drop(begin, one.id)
    assert [x.tenant for x in await graphs.standing(begin)] == ["two"]


async def test_without_the_feature(db: Database) -> None:
    begin = await db.serving("test")
    with pytest.raises(GraphUnavailable) as caught:
        await graphs.standing(begin)
    assert caught.value.reason == "feature"
    assert not await graphs.kept(begin)
