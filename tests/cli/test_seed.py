"""The demo: the same for everyone, and the same again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

import tenantry
from tenantry import Database
from tenantry.errors import InvalidInput
from tenantry.ids import time_of
from tenantry.ops import demo
from tests.fixtures.database import Place, make_tenant

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")
DAY = date(2026, 3, 1)


async def everything(place: Place) -> dict[str, Any]:
    connection = await asyncpg.connect(place.url("superuser"))
    try:
        tables = ("users", "tenants", "tenant_quotas", "memberships", "projects", "audit_logs")
        return {
            table: await connection.fetch(f"SELECT * FROM tenantry.{table} ORDER BY 1, 2")
            for table in tables
        }
    finally:
        await connection.close()


async def test_again_changes_nothing(db: Database, place: Place) -> None:
    first = await demo.seed(db, as_of=DAY)
    assert first.created == {"users": 10, "tenants": 2, "memberships": 11, "projects": 6}
    before = await everything(place)
    again = await demo.seed(db)
    assert again.as_of == DAY
    assert not any(again.created.values())
    assert await everything(place) == before


async def test_what_is_missing_is_added(db: Database) -> None:
    await demo.seed(db, as_of=DAY)
    async with db.service("test") as s:
        acme = await s.tenants.by_slug("acme")
        assert acme is not None
        projects = s.tenant(acme.id).projects
        lost = (await projects.list())[0]
        await projects.delete(lost.id)
    assert (await demo.seed(db)).created["projects"] == 1
    assert (await db.tenant(acme.id).projects.get(lost.id)).slug == lost.slug


async def test_ids_follow_from_the_date(db: Database) -> None:
    await demo.seed(db, as_of=DAY)
    async with db.service("test") as s:
        users = await s.users.list(limit=100)
        tenants = await s.tenants.list()
    evening = datetime(2026, 3, 1, 18, tzinfo=UTC)
    for made_id, made in [(r.id, r.created_at) for r in users] + [
        (r.id, r.created_at) for r in tenants
    ]:
        assert time_of(made_id) == made < evening
    assert {t.id for t in tenants} == {demo.Demo(DAY).tenant(slug) for slug in ("acme", "globex")}
    assert demo.Demo(date(2025, 1, 1)).tenant("acme") != demo.Demo(DAY).tenant("acme")


async def test_one_person_is_in_both(db: Database) -> None:
    await demo.seed(db, as_of=DAY)
    shown = demo.Demo(DAY)
    lena = shown.person("lena.fischer")
    for slug, role in (("acme", "viewer"), ("globex", "admin")):
        membership = await db.tenant(shown.tenant(slug)).memberships.of(lena)
        assert membership is not None
        assert membership.role == role
    fellows = await db.tenant(shown.tenant("globex")).users.list()
    assert len(fellows) == 4


async def test_a_tenant_of_ones_own_is_left_alone(db: Database) -> None:
    await make_tenant(db, "globex")
    with pytest.raises(InvalidInput, match="not the demo's"):
        await demo.seed(db, as_of=DAY)
    async with db.service("test") as s:
        assert await s.users.list() == []


async def test_two_at_once_make_one_demo(place: Place) -> None:
    import asyncio

    async def one() -> int:
        async with await tenantry.connect(settings=place.settings()) as db:
            return sum((await demo.seed(db, as_of=DAY)).created.values())

    assert sorted(await asyncio.gather(one(), one())) == [0, 29]


def test_the_command(cli: Cli) -> None:
    assert cli("seed", "--as-of", "2026-03-01").out == (
        "Created 10 users, 2 tenants, 11 memberships, 6 projects. It is as of 2026-03-01.\n"
    )
    assert cli("seed").out == "The demo is there already. It is as of 2026-03-01.\n"
    assert cli.json("seed", "--as-of", "2026-03-01")["as_of"] == "2026-03-01"
    assert cli.json("seed", "--as-of", "2026-03-02", code=2)["field"] == "as_of"
    for wrong in ("soon", "1066-10-14", "2026-02-30"):
        cli("seed", "--as-of", wrong, code=2)
