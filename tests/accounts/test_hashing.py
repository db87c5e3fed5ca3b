"""Argon2 runs beside the event loop, and only a few at a time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tenantry import Database, passwords
from tenantry.accounts import attempts
from tenantry.accounts.hashing import Hashing
from tenantry.errors import PasswordsBusy

from .conftest import PASSWORD, sign_up


async def test_who_would_wait_for_long_is_told_so(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_up(db)
    with monkeypatch.context() as patch:
        patch.setattr("tenantry.accounts.hashing._QUEUE", 0)
        for _ in range(attempts.ALLOWED + 1):
            with pytest.raises(PasswordsBusy):
                await db.accounts.sign_in("ann@x.org", "wrong")
        with pytest.raises(PasswordsBusy):
            await sign_up(db, "bob@x.org", "hooli")
    assert await db.accounts.sign_in("ann@x.org", PASSWORD)  # none of them counted


async def test_who_stops_waiting_makes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    hashing = Hashing()
    bound = hashing._threads._max_workers
    gate, counting = threading.Event(), threading.Lock()
    loop, full = asyncio.get_running_loop(), asyncio.Event()
    running, most = 0, 0

    def slow(password: str, kept: str) -> bool:
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
            if running == bound:
                loop.call_soon_threadsafe(full.set)
        gate.wait(30)
        with counting:
            running -= 1
        return True

    monkeypatch.setattr(passwords, "verify_password", slow)
    tasks = [asyncio.create_task(hashing.verify("x", "kept")) for _ in range(bound * 4)]
    await full.wait()
    for task in tasks[:bound]:
        task.cancel()
    tasks += [asyncio.create_task(hashing.verify("x", None)) for _ in range(bound)]
    await asyncio.wait(tasks[:bound])
    assert running == bound
    gate.set()
    answers = await asyncio.gather(*tasks[bound:])
    assert most == bound
    # With nothing kept the answer is no, whatever was typed.
    assert answers == [True] * bound * 3 + [False] * bound
