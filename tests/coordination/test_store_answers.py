"""A call that ran out of time leaves nothing behind that another would take for its answer."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tenantry.coordination import Coordination, Keys
from tenantry.errors import CoordinationUnavailable


async def test_late_answers_are_nobodys(coordination: Coordination) -> None:
    store, key = coordination.lasting, Keys(uuid4()).name("stream", "late")

    async def number(n: int) -> None:
        assert await store.command("ECHO", f"{n}") == b"%d" % n

    for _ in range(5):
        with pytest.raises(CoordinationUnavailable, match="in time"):
            await store.wait("BLPOP", key, 5, timeout=0.05)
        await store.command("RPUSH", key, "late")
        await asyncio.gather(*(number(n) for n in range(20)))
        await store.command("DEL", key)
