"""Replicas, standbys and slots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tenantry.endpoints import DATABASE
from tenantry.ops.doctor import Finding
from tests.fixtures.servers import Server
from tests.fixtures.standbys import execute, promote, standby_of

from .ward import Ward, WardClinic


@pytest.fixture
async def standby(ward: WardClinic) -> AsyncIterator[Server]:
    with standby_of(ward.place.server, "second") as server:
        ward.settings["replica_urls"] = (server.url("tenantry_readonly", DATABASE),)
        ward.settings["replica_max_lag"] = 0.001
        yield server


async def _write(ward: WardClinic) -> None:
    assert isinstance(ward.place, Ward)
    await ward.place.run("CREATE TABLE public.noise AS SELECT 1", "DROP TABLE public.noise")


async def _followed_there(standby: Server, finding: Finding) -> None:
    for statement in finding.advice.sql:
        await execute(standby, statement)


async def _receives(standby: Server, *, wanted: bool) -> None:
    for _ in range(300):
        if await execute(standby, "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver)") == wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(standby.servers.logs())


async def test_a_replica(ward: WardClinic, standby: Server) -> None:
    assert await ward.find("replicas") == []

    await execute(standby, "SELECT pg_wal_replay_pause()")
    await _write(ward)
    finding = await ward.one("replicas")
    assert "paused" in finding.what
    # The primary sees it too.
    ward.limits = replace(ward.limits, replay_bytes=0)
    assert (await ward.one("standbys")).object == "second"
    await _followed_there(standby, await ward.one("standbys"))
    assert await ward.find("replicas") == []
    # Which it tells with its next word to the primary.
    for _ in range(100):
        if not await ward.find("standbys"):
            break
        await _write(ward)
    assert await ward.find("standbys") == []

    # Its log comes no more.
    known = await execute(standby, "SELECT quote_literal(current_setting('primary_conninfo'))")
    await execute(standby, "ALTER SYSTEM SET primary_conninfo = ''")
    await execute(standby, "SELECT pg_reload_conf()")
    await _receives(standby, wanted=False)
    await _write(ward)
    finding = await ward.one("replicas")
    assert "no process there receives" in finding.what
    # What it says to mend first, and then the restart it names.
    await execute(standby, f"ALTER SYSTEM SET primary_conninfo = {known}")
    assert finding.advice.shell == ("systemctl restart postgresql",)
    standby.servers.down()
    finding = await ward.one("replicas")
    assert finding.advice.shell == ("systemctl start postgresql",)
    assert "does not answer" in finding.what
    standby.servers.up(valkey=False)
    await _receives(standby, wanted=True)
    assert await ward.find("replicas") == []

    await promote(standby)
    assert (await ward.one("replicas")).severity == "critical"
    ward.settings["replica_urls"] = ()
    assert await ward.find("replicas") == []


async def test_slots_that_keep_the_log(ward: WardClinic) -> None:
    place = ward.place
    assert isinstance(place, Ward)
    assert await ward.find("replication-slots") == []
    await place.run("SELECT pg_create_physical_replication_slot('gone', true)")
    await _write(ward)
    assert await ward.find("replication-slots") == []
    ward.limits = replace(ward.limits, slot_bytes=0)
    await ward.cured("replication-slots")

    await place.run("SELECT pg_create_physical_replication_slot('gone', true)")
    await place.set(max_slot_wal_keep_size="1MB", wal_keep_size="0")
    for _ in range(3):
        await _write(ward)
        await place.run("SELECT pg_switch_wal()")
    await place.run("CHECKPOINT")
    assert "has lost" in (await ward.one("replication-slots")).what
    await ward.cured("replication-slots")


async def test_commits_that_wait_for_nobody(ward: WardClinic) -> None:
    place = ward.place
    assert isinstance(place, Ward)
    assert await ward.find("synchronous-standbys") == []
    await place.set(synchronous_standby_names="ANY 2 (a, b, c)")
    assert "2 of the standbys" in (await ward.one("synchronous-standbys")).what
    await ward.cured("synchronous-standbys")
