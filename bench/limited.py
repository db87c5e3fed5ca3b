"""A rate limit beside the bare script, and beside the moving window of `limits`."""

from __future__ import annotations

from uuid import uuid4

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import Redis

from bench.measure import Comparison, compare
from bench.world import World
from tenantry.coordination import Limits, Pace, Rate, Share
from tenantry.coordination.script import Script


async def against_the_script(world: World, rate: Rate | Pace) -> Comparison:
    """The same script, keys and arguments, by redis-py's own EVALSHA."""
    coordination = await world.coordination()
    limits = Limits(Share.of(coordination, uuid4()))
    # As it comes: with a time limit, as ours has.
    client, script = Redis.from_url(world.local.valkey_url(tcp=True)), Script("limits")
    await client.script_load(script.text)
    key = f"tenantry:{{{uuid4()}}}:limit:{rate.tag}:calls"

    async def ours() -> None:
        assert (await limits.hit("calls", rate)).checked

    async def raw() -> None:
        await client.evalsha(script.digest, 1, key, "hit", *rate.words, 1)

    try:
        return await compare(ours, raw)
    finally:
        await client.aclose()


async def against_limits(world: World, limit: int, per: int) -> Comparison:
    """Both of them exact windows, of the same length and size."""
    coordination = await world.coordination()
    ours_ = Limits(Share.of(coordination, uuid4()))
    url = world.local.valkey_url(tcp=True)
    theirs = MovingWindowRateLimiter(RedisStorage(f"async+{url}", implementation="redispy"))
    item, rate, name = RateLimitItemPerSecond(limit, per), Rate(limit, per), str(uuid4())

    async def ours() -> None:
        await ours_.hit("calls", rate)

    async def peer() -> None:
        await theirs.hit(item, name)

    return await compare(ours, peer)
