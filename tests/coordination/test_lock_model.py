"""Whatever several holders do, in whatever order: what the servers answer is what a model says."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tenantry.coordination import Keys, Lock, Locks, Share
from tenantry.errors import LockLost
from tests.fixtures.servers import KeyValueServer

from . import soak
from .conftest import coordination_at

WHO = st.integers(0, 3)


class Holders(RuleBasedStateMachine):
    """Locks that nothing renews: time passes only in `expire`."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.run = self.runner.run
        self.tenant_id = uuid4()
        self.held: dict[int, Lock] = {}
        #: Known to its holder to be lost.
        self.known: set[int] = set()
        self.holder: int | None = None
        #: The newest fence there was, and the one the server knows of.
        self.newest = self.remembered = 0

    @initialize()
    def open(self) -> None:
        self.coordination = coordination_at(self.url)
        self.locks = Locks(Share.of(self.coordination, self.tenant_id))

    def teardown(self) -> None:
        self.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        store, keys = self.coordination.lasting, Keys(self.tenant_id)
        for kind in ("lock", "fence", "turn"):
            await store.command("DEL", keys.name(kind, "it"))
        await self.coordination.close()

    @rule(who=WHO)
    def acquire(self, who: int) -> None:
        if who in self.held:
            return
        lock = self.run(self._new())
        if self.holder is None:
            assert self.run(lock.take()) is None
            assert lock.fence > self.newest
            self.held[who], self.holder = lock, who
            self.newest = self.remembered = lock.fence
        else:
            left = self.run(lock.take())
            assert left is not None
            assert 0 < left <= 60

    async def _new(self) -> Lock:
        return self.locks._lock("it", 60)

    @rule(who=WHO)
    def ask_again(self, who: int) -> None:
        """The answer was lost, so the same is asked once more."""
        if who == self.holder:
            lock = self.held[who]
            assert self.run(lock.take()) is None
            assert lock.fence == self.newest

    @rule(who=WHO)
    def extend(self, who: int) -> None:
        if (lock := self.held.get(who)) is None:
            return
        if who == self.holder:
            self.run(lock.extend())
            return
        with pytest.raises(LockLost):
            self.run(lock.extend())
        self.known.add(who)

    @rule(who=WHO)
    def release(self, who: int) -> None:
        if (lock := self.held.pop(who, None)) is None:
            return
        if who == self.holder:
            self.holder = None
        elif who in self.known or lock.fence != self.remembered:
            with pytest.raises(LockLost):
                self.run(lock.release())
            self.known.discard(who)
            return
        self.run(lock.release())

    @rule()
    def expire(self) -> None:
        self._forget("lock")

    @rule()
    def lose_everything(self) -> None:
        self._forget("lock", "fence", "turn")
        self.remembered = 0

    def _forget(self, *kinds: str) -> None:
        keys = Keys(self.tenant_id)
        names = [keys.name(kind, "it") for kind in kinds]  # type: ignore[arg-type]
        self.run(self.coordination.lasting.command("DEL", *names))
        self.holder = None

    @invariant()
    def the_server_knows_the_holder(self) -> None:
        if not hasattr(self, "coordination"):
            return
        key = Keys(self.tenant_id).name("lock", "it")
        value = self.run(self.coordination.lasting.command("GET", key))
        if self.holder is None:
            assert value is None
        else:
            lock = self.held[self.holder]
            assert value.decode() == f"{lock._holder}:{lock.fence}"


def test_what_holders_do_is_what_the_model_says(kv_server: KeyValueServer) -> None:
    Holders.url = kv_server.url
    run_state_machine_as_test(
        Holders,
        settings=settings(
            max_examples=soak(25, 500), stateful_step_count=soak(30, 50), deadline=None
        ),
    )
