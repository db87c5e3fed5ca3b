"""The synchronous face does what the asynchronous one does, from plain code."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import tenantry.sync
from tenantry.errors import NotFound, PoolClosed, TransactionError
from tenantry.ids import uuid7
from tests.fixtures.database import Place


@pytest.fixture
def sync_db(place: Place) -> Iterator[tenantry.sync.Database]:
    with tenantry.sync.connect(settings=place.settings()) as database:
        yield database


@pytest.fixture
def tenant(sync_db: tenantry.sync.Database) -> Any:
    with sync_db.service("test set-up") as s:
        return s.tenants.create(name="Acme", slug="acme", status="active")


def test_direct_calls_and_transactions(sync_db: tenantry.sync.Database, tenant: Any) -> None:
    made = sync_db.tenant(tenant.id).projects.create(name="Direct")
    with sync_db.tenant(tenant.id) as t:
        t.projects.create(name="In a transaction")
        assert t.fetch_value("SELECT count(*) FROM tenantry.projects") == 2
        assert [
            row["name"] for row in t.stream("SELECT name FROM tenantry.projects ORDER BY id")
        ] == [
            "Direct",
            "In a transaction",
        ]
    assert sync_db.tenant(tenant.id).projects.get(made.id).name == "Direct"
    assert next(p.name for p in sync_db.tenant(tenant.id).projects.iterate()) == "Direct"


def test_an_error_undoes_the_block_and_a_savepoint_only_its_own(
    sync_db: tenantry.sync.Database, tenant: Any
) -> None:
    with pytest.raises(RuntimeError), sync_db.tenant(tenant.id) as t:
        t.projects.create(name="gone")
        raise RuntimeError
    with sync_db.tenant(tenant.id) as t:
        t.projects.create(name="kept")
        with pytest.raises(NotFound), t.savepoint():
            t.projects.create(name="undone")
            t.projects.get(uuid7())
    assert [p.name for p in sync_db.tenant(tenant.id).projects.list()] == ["kept"]


def test_run_repeats_a_plain_function(sync_db: tenantry.sync.Database, tenant: Any) -> None:
    assert sync_db.run(tenant.id, lambda t: t.projects.create(name="R").name) == "R"


def test_many_threads_share_one_handle(sync_db: tenantry.sync.Database, tenant: Any) -> None:
    def work(n: int) -> None:
        with sync_db.tenant(tenant.id) as t:
            t.projects.create(name=f"P{n}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sync_db.tenant(tenant.id).projects.count() == 16


def test_works_inside_a_program_that_runs_an_event_loop(place: Place) -> None:
    async def main() -> bool:
        with tenantry.sync.connect(settings=place.settings()) as database:
            return database.health().ok

    assert asyncio.run(main())


def test_closed_is_closed(place: Place) -> None:
    database = tenantry.sync.connect(settings=place.settings())
    database.close()
    database.close()
    with pytest.raises(PoolClosed):
        database.health()


@pytest.mark.postgres("wheel")
def test_a_forked_process_is_told_and_leaves_the_parents_connections(
    sync_db: tenantry.sync.Database, tenant: Any
) -> None:
    sync_db.tenant(tenant.id).projects.create(name="Before")
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            sync_db.close()  # closes nothing that is not its own
            sync_db.tenant(tenant.id).projects.count()
        except TransactionError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert "after forking" in told.read()
    assert sync_db.tenant(tenant.id).projects.count() == 1
