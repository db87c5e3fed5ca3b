"""`@cached`: an answer is kept for the tenant it was given to."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from datetime import date
from threading import Thread, get_ident
from typing import Any
from uuid import UUID, uuid4

import pytest

import tenantry
import tenantry.sync
from tenantry import Database, cached
from tenantry.coordination import Cache, Coordination
from tenantry.errors import InvalidInput
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer

from .conftest import cache_of


class Handle:
    """All that a cached function needs of a tenant's handle."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.calls: list[Any] = []


@pytest.fixture
def t(cache: Cache) -> Handle:
    return Handle(cache)


@cached(ttl=60)
async def report(t: Handle, year: int, *, wide: bool = False, since: date | None = None) -> Any:
    """A report."""
    t.calls.append((year, wide, since))
    return {"year": year, "wide": wide}


async def test_the_same_call_is_computed_once(t: Handle) -> None:
    assert await report(t, 2026) == {"year": 2026, "wide": False}
    assert await report(t, 2026, wide=False) == {"year": 2026, "wide": False}
    assert await report(t, year=2026, since=None) == {"year": 2026, "wide": False}
    assert t.calls == [(2026, False, None)]
    await report(t, 2026, wide=True)
    await report(t, 2025)
    await report(t, 2026, since=date(2026, 1, 1))
    assert len(t.calls) == 4


async def test_each_tenant_has_its_own(t: Handle, coordination: Coordination) -> None:
    other = Handle(cache_of(coordination))
    await report(t, 2026)
    await report(other, 2026)
    assert len(other.calls) == 1
    assert await report.invalidate(other, 2026)
    await report(t, 2026)
    assert len(t.calls) == 1


async def test_invalidate_forgets_one_call(t: Handle) -> None:
    await report(t, 2025)
    await report(t, 2026)
    assert await report.invalidate(t, year=2026)
    assert not await report.invalidate(t, year=2026)
    await report(t, 2025)
    await report(t, 2026)
    assert [year for year, *_ in t.calls] == [2025, 2026, 2026]


async def test_tags_and_keys_of_the_arguments(t: Handle) -> None:
    @cached(tags=lambda user, **_: [f"user:{user}"], key=lambda user, page=1: f"u:{user}:{page}")
    async def page(t: Handle, user: str, page: int = 1) -> str:
        t.calls.append(page)
        return f"{user} {page}"

    @cached(tags=["all"], key="users")
    async def users(t: Handle) -> int:
        t.calls.append("users")
        return 7

    assert await page(t, "ann", page=2) == "ann 2"
    assert await t.cache.get("u:ann:2") == "ann 2"
    assert page.name(t, "ann", page=2) == "u:ann:2"
    assert users.name(t).startswith("users:")
    await t.cache.invalidate_tag("user:bob")
    await page(t, "ann", page=2)
    await t.cache.invalidate_tag("user:ann")
    await page(t, "ann", page=2)
    assert t.calls == [2, 2]
    await users(t)
    await t.cache.invalidate_tag("all")
    await users(t)
    assert t.calls == [2, 2, "users", "users"]


async def test_none_is_an_answer(t: Handle) -> None:
    @cached()
    async def nothing(t: Handle) -> str | None:
        t.calls.append(1)
        return None

    assert await nothing(t) is None
    assert await nothing(t) is None
    assert len(t.calls) == 1


async def test_positional_rest_and_dicts_make_keys(t: Handle) -> None:
    @cached()
    async def count(t: Handle, *words: str, **options: Any) -> int:
        t.calls.append(words)
        return len(words)

    assert await count(t, "a", "b", x={"p": 1, "q": 2}) == 2
    assert await count(t, "a", "b", x={"q": 2, "p": 1}) == 2
    assert len(t.calls) == 1
    await count(t, "ab", x={"p": 1, "q": 2})
    assert len(t.calls) == 2


async def test_what_cannot_be_a_key_or_a_handle_is_said(t: Handle) -> None:
    with pytest.raises(InvalidInput) as caught:
        await report(t, object())  # type: ignore[arg-type]
    assert caught.value.field == "arguments"
    assert "report" in str(caught.value)
    with pytest.raises(InvalidInput, match="was given a str"):
        await report("0199", 2026)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="was given nothing"):
        await report()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        await report(t, 2026, 2027)  # type: ignore[arg-type, call-arg]
    with pytest.raises(InvalidInput):
        cached(ttl=0)

    @cached()
    async def odd(t: Handle) -> object:
        return object()

    with pytest.raises(InvalidInput, match="object"):
        await odd(t)


async def test_it_stays_the_function_it_was() -> None:
    assert inspect.iscoroutinefunction(report)
    assert report.__doc__ == "A report."
    assert list(inspect.signature(report).parameters) == ["t", "year", "wide", "since"]


# ---- with a database --------------------------------------------------------------------------

pg = pytest.mark.postgres("wheel")


@pytest.fixture
async def cached_db(place: Place, kv_server: KeyValueServer) -> AsyncIterator[Database]:
    settings = place.settings(redis_url=kv_server.url)
    async with await tenantry.connect(settings=settings) as database:
        yield database


@cached(ttl=60)
async def project_count(t: tenantry.Tenant | tenantry.TenantTransaction) -> int:
    return await t.projects.count()


@pg
async def test_with_real_handles(cached_db: Database) -> None:
    async with cached_db.service("test set-up") as s:
        tenant = await s.tenants.create(name="Acme", slug="acme", status="active")
    t = cached_db.tenant(tenant.id)
    assert await project_count(t) == 0
    async with cached_db.tenant(tenant.id) as inside:
        await inside.projects.create(name="Apollo")
        await project_count.invalidate(inside)
    assert await project_count(cached_db.tenant(str(tenant.id))) == 1
    await t.projects.create(name="Gemini")
    assert await project_count(t) == 1


@pg
def test_plain_functions(place: Place, kv_server: KeyValueServer) -> None:
    calls: list[int] = []

    @cached(ttl=60, key="names")
    def names(t: Any) -> list[str]:
        calls.append(get_ident())
        return [project.name for project in t.projects.list()]

    @cached(ttl=60, key="outer")
    def outer(t: Any) -> list[str]:
        return names(t)

    @cached(key="fails")
    def fails(t: Any) -> None:
        raise LookupError("plain")

    settings = place.settings(redis_url=kv_server.url)
    with tenantry.sync.connect(settings=settings) as db:
        with db.service("test set-up") as s:
            tenant = s.tenants.create(name="Acme", slug=f"acme-{uuid4().hex[:8]}", status="active")
        t = db.tenant(tenant.id)
        assert outer(t) == []
        assert names(t) == []
        # In the thread that asked: what it has of its own (a connection, a request) is there.
        assert calls == [get_ident()]
        with db.tenant(tenant.id) as inside:
            inside.projects.create(name="Apollo")
            names.invalidate(inside)
            assert names(inside) == ["Apollo"]
        assert names(t) == ["Apollo"]
        with pytest.raises(LookupError, match="plain"):
            fails(t)
        t.cache.set("x", 1)
        assert t.cache.get_many(["x", "y"]) == {"x": 1}
        assert t.cache.get_or_compute("z", get_ident) == get_ident()
        with pytest.raises(InvalidInput, match="was given a"):
            asyncio.run(project_count(t))
        asked: list[Any] = []
        threads = [Thread(target=lambda: asked.append(outer(t))) for _ in range(40)]
        outer.invalidate(t)
        names.invalidate(t)
        calls.clear()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert asked == [["Apollo"]] * 40
        assert len(calls) == 1


@pg
def test_a_thread_that_is_interrupted_leaves_the_others(
    place: Place, kv_server: KeyValueServer
) -> None:
    settings = place.settings(redis_url=kv_server.url)
    with tenantry.sync.connect(settings=settings) as db:
        t = db.tenant(UUID(int=uuid4().int))
        answers: list[Any] = []

        def interrupted() -> str:
            second.start()
            while not t.cache.stats.waited:
                pass
            raise KeyboardInterrupt

        second = Thread(
            target=lambda: answers.append(t.cache.get_or_compute("x", lambda: "second"))
        )
        with pytest.raises(KeyboardInterrupt):
            t.cache.get_or_compute("x", interrupted)
        second.join()
        assert answers == ["second"]
