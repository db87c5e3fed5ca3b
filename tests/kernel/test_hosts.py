"""A URL of several hosts: the one that takes writes is found, and gone back to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tenantry.errors import AuthenticationFailed, DatabaseUnavailable
from tenantry.kernel import Context, Pool, Transaction

from .conftest import ROLE, MakePool, Place

NOWHERE = "127.0.0.1:1"


def _refusal(state: str) -> bytes:
    said = f"SFATAL\0VFATAL\0C{state}\0Mnot now\0\0".encode()
    return b"E" + (len(said) + 4).to_bytes(4, "big") + said


@asynccontextmanager
async def refusing(state: str) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that answers every login with this SQLSTATE; its address, and its visitors."""
    visits: list[int] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(4), "big")
        await reader.readexactly(length - 4)
        visits.append(length)
        writer.write(_refusal(state))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", visits


@pytest.fixture
def url(place: Place) -> Callable[..., str]:
    """`url("host:port", "")`: of these hosts, "" being the server."""

    def make(*hosts: str) -> str:
        good = urlsplit(place.server.url(ROLE, place.name, tcp=True))
        login, _, here = good.netloc.rpartition("@")
        named = ",".join(host or here for host in hosts)
        return f"postgresql://{login}@{named}{good.path}?sslmode=disable"

    return make


async def works(pool: Pool) -> bool:
    async with Transaction(pool, Context()) as t:
        return bool(await t.fetch_value("SELECT true"))


async def test_a_dead_host_is_passed_over(make_pool: MakePool, url: Callable[..., str]) -> None:
    assert await works(await make_pool(url(NOWHERE, "")))
    with pytest.raises(DatabaseUnavailable):
        await make_pool(url(NOWHERE, "127.0.0.1:2"))


async def test_the_last_that_answered_is_asked_first(
    make_pool: MakePool, url: Callable[..., str]
) -> None:
    async with refusing("57P03") as (address, visits):
        pool = await make_pool(url(address, ""), max_size=2, min_size=0)
        connection = await pool.acquire()
        assert len(visits) == 1
        assert await works(pool)  # on another
        pool.release(connection)
        assert len(visits) == 1


@pytest.mark.parametrize("state", ["57P03", "57P01", "53300", "08006"])
async def test_one_that_cannot_now_is_passed_over(
    make_pool: MakePool, url: Callable[..., str], state: str
) -> None:
    async with refusing(state) as (address, visits):
        assert await works(await make_pool(url(address, "")))
        assert visits


async def test_one_that_refuses_the_login_is_not(
    make_pool: MakePool, url: Callable[..., str]
) -> None:
    """A wrong password is wrong everywhere, and asking on would hide it."""
    async with refusing("28P01") as (address, _):
        with pytest.raises(AuthenticationFailed):
            await make_pool(url(address, ""))


async def test_which_servers_will_do_is_the_urls_to_say(
    make_pool: MakePool, url: Callable[..., str]
) -> None:
    several = url(NOWHERE, "")
    assert await works(await make_pool(f"{several}&target_session_attrs=read-write"))
    with pytest.raises(DatabaseUnavailable):
        await make_pool(f"{several}&target_session_attrs=standby")
