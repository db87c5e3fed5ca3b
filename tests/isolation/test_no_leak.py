"""Whatever tenants do at the same time, and however it ends, none meets another's rows."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

import pytest

import tenantry
from tenantry.kernel import context, transaction
from tests.coordination import soak
from tests.fixtures.database import Place
from tests.fixtures.servers import Pooler

from .deeds import DEEDS, IN_BLOCKS, meddle
from .storm import Storm, open_books

_TENANTS = 50
#: In each of the ways to a server.
_OPERATIONS = soak(4_000, 20_000)
_ENDINGS = {"NoneType", "CancelledError", "TimeoutError", "TransactionAborted", "Deliberate"}
_ROLES = ("tenantry_app", "tenantry_service")


def _seed() -> int:
    """TENANTRY_TEST_SEED repeats the choices of a run."""
    return int(os.environ.get("TENANTRY_TEST_SEED") or secrets.randbits(32))


async def _storm(place: Place, operations: int, **urls: str) -> Storm:
    books = await open_books(place, _TENANTS)
    settings = place.settings(pool_max=4, acquire_timeout=60, **urls)
    async with await tenantry.connect(settings=settings) as db:
        storm = Storm(db, place, books, _seed())
        await storm.run(operations)
    return storm


def _proves(storm: Storm, operations: int) -> None:
    assert not storm.faults, storm.report()
    assert storm.operations >= operations
    # It was a storm: everything that can go wrong went wrong.
    wanted = {deed.__name__ for deed in (*DEEDS, *IN_BLOCKS, meddle)} | _ENDINGS
    assert wanted <= set(storm.happened), wanted - set(storm.happened)


async def test_tenants_on_shared_connections_never_meet(place: Place) -> None:
    operations = _OPERATIONS
    storm = await _storm(place, operations)
    _proves(storm, operations)


async def test_nor_do_they_through_pgbouncer(
    place: Place, pgbouncer: Callable[..., Pooler]
) -> None:
    """Fewer server connections than clients, so that every transaction may meet another one."""
    passwords = {role: place.server.password(role) for role in _ROLES}
    pooler = pgbouncer(place.server, passwords, {"default_pool_size": "3"})
    app, service = (pooler.url(role, place.name) for role in _ROLES)
    operations = _OPERATIONS
    storm = await _storm(place, operations, database_url=app, service_url=service)
    _proves(storm, operations)


@pytest.mark.postgres("wheel")
async def test_without_local_in_set_local_they_do(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the storm finds the leak that one missing word makes."""

    def begin(*args: object, **options: object) -> str:
        return context.begin(*args, **options).replace("SET LOCAL app.", "SET app.")  # type: ignore[arg-type]

    monkeypatch.setattr(transaction, "begin", begin)
    storm = await _storm(place, 2_000)
    assert any("carries tenant" in fault or "Leak" in fault for fault in storm.faults), (
        storm.report()
    )
