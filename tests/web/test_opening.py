"""The database of an application: opened with it, and closed with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import DatabaseUnavailable
from tenantry.web import TenantryMiddleware
from tests.fixtures.database import Place

from .conftest import client


async def _open(scope: Any, receive: Any, send: Any) -> None:
    """An application of one public path, and without a lifespan."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


class _Living:
    """One with a lifespan, and what is said in it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        for word in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{word}"
            await send({"type": f"lifespan.{word}.complete"})


async def _lived(door: TenantryMiddleware, said: list[Any]) -> None:
    words = ["startup", "shutdown"]

    async def receive() -> dict[str, Any]:
        return {"type": f"lifespan.{words.pop(0)}"}

    async def send(message: Any) -> None:
        said.append(message)

    await door({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)


async def test_a_server_is_told_of_the_end_when_it_is_one(place: Place) -> None:
    """It waits for nothing that comes after."""
    said: list[Any] = []
    closed: list[int] = []

    async def connect() -> Database:
        database = await tenantry.connect(settings=place.settings())
        close = database.close

        async def closing() -> None:
            await close()
            closed.append(len(said))

        database.close = closing  # type: ignore[assignment, method-assign]
        return database

    await _lived(TenantryMiddleware(_Living(), connect), said)
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert closed == [1]


@pytest.mark.parametrize("error", [DatabaseUnavailable("It is away."), OSError("secret")])
async def test_an_application_without_its_database_does_not_start(error: Exception) -> None:
    """A server takes an error of the lifespan for one that is not there, and would go on."""
    said: list[Any] = []

    async def connect() -> Database:
        raise error

    await _lived(TenantryMiddleware(_Living(), connect), said)
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert "secret" not in said[0]["message"]


async def test_a_database_of_others_is_left_open(db: Database) -> None:
    said: list[Any] = []
    await _lived(TenantryMiddleware(_Living(), db), said)
    assert (await db.health()).database.ok


async def test_without_a_lifespan_the_first_requests_open_it_once(place: Place) -> None:
    opened: list[Database] = []
    tries = 0

    async def connect() -> Database:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0.05)
        if tries == 1:
            raise DatabaseUnavailable("It is away.")
        opened.append(await tenantry.connect(settings=place.settings()))
        return opened[-1]

    async with client(TenantryMiddleware(_open, connect, public=["/open"])) as http:
        # All that wait fare alike, and the next try anew.
        answers = await asyncio.gather(*(http.get("/open") for _ in range(5)))
        assert [answer.status_code for answer in answers] == [503] * 5
        first = asyncio.create_task(http.get("/open"))
        others = [asyncio.create_task(http.get("/open")) for _ in range(4)]
        await asyncio.sleep(0.01)
        # Who goes away does not take it from the others.
        first.cancel()
        assert [(await other).status_code for other in others] == [204] * 4
        assert (await http.get("/open")).status_code == 204
    assert (tries, len(opened)) == (2, 1)
    await opened[0].close()


def test_a_loop_that_is_gone_takes_its_database_along(place: Place) -> None:
    """As with test clients that tell of no lifespan: each request has a loop of its own."""
    opened: list[Database] = []

    async def connect() -> Database:
        opened.append(await tenantry.connect(settings=place.settings()))
        return opened[-1]

    door = TenantryMiddleware(_open, connect)

    async def ask() -> int:
        async with client(door) as http:
            status = (await http.get("/", headers={"x-api-key": "tnt_" + "x" * 43})).status_code
        await opened[-1].close()
        return status

    assert [asyncio.run(ask()) for _ in range(2)] == [401, 401]
    assert len(opened) == 2
