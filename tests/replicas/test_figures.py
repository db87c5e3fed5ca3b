"""How far a standby is behind, as its primary sees it and as it does itself."""

from __future__ import annotations

from tenantry import Settings
from tenantry.ops.figures import REPLICATION, TRAFFIC, Replication, gather_all, watching
from tenantry.ops.setup import in_database

from .conftest import Pair, until


async def _seen(settings: Settings) -> Replication:
    async with watching(settings) as source:
        return await REPLICATION.look(source)


async def test_a_standby_that_is_behind(pair: Pair) -> None:
    there = pair.settings(monitor_url=pair.primary.url("superuser"))
    here = pair.settings(monitor_url=in_database(pair.standby.superuser_url, pair.primary.name))
    await pair.caught_up()
    await pair.on_standby("SELECT pg_wal_replay_pause()")
    await pair.on_primary(
        "CREATE TABLE public.behind AS SELECT g FROM generate_series(1, 10000) AS g"
    )

    async def has_arrived() -> bool:
        behind = (await _seen(here)).behind
        assert behind is not None
        assert behind.state == "streaming"
        return behind.lag_bytes > 100_000

    await until(has_arrived)
    seen = await _seen(there)
    assert seen.behind is None
    (standby,) = seen.standbys
    assert (standby.name, standby.state, standby.sync) == ("standby", "streaming", "async")
    assert standby.lag_bytes > 100_000
    # A standby can be looked at like any other server.
    async with watching(here) as source:
        assert (await TRAFFIC.look(source)).is_standby
        names = [
            "connections",
            "ages",
            "locks",
            "slow",
            "tables",
            "indexes",
            "bloat",
            "sizes",
            "disk",
        ]
        unseen = [one for one in (await gather_all(source, names)).values() if one.why]
    assert unseen == []
    await pair.on_standby("SELECT pg_wal_replay_resume()")
    await pair.caught_up()

    async def has_caught_up() -> bool:
        (standby,) = (await _seen(there)).standbys
        return standby.lag_bytes < 100_000

    await until(has_caught_up)
    await pair.on_primary("DROP TABLE public.behind")
