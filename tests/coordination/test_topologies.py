"""The same calls on a Cluster, behind Sentinels, over TLS, and as a user with few rights."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from redis.exceptions import ResponseError

from tenantry.coordination import (
    Cache,
    Coordination,
    Events,
    Keys,
    Limit,
    Limits,
    Locks,
    Pace,
    Rate,
    Share,
    UserSessions,
    footprint,
)
from tenantry.coordination.acl import acl_line
from tenantry.coordination.events import Message
from tenantry.coordination.fitness import look
from tenantry.coordination.script import Script
from tenantry.coordination.streams import ADD, words_of
from tenantry.errors import (
    CoordinationError,
    CoordinationUnavailable,
    InvalidInput,
    LockNotAcquired,
)
from tenantry.local.processes import wait_until
from tests.fixtures.topologies import (
    PASSWORD,
    Authority,
    Node,
    cluster,
    encrypted,
    kv_node,
    sentinels,
)

from .conftest import coordination_at

KINDS = ("valkey", "redis")


@pytest.fixture(scope="module", params=KINDS)
def nodes(request: pytest.FixtureRequest) -> Iterator[list[Node]]:
    with cluster(request.param) as found:
        yield found


def _cluster_url(nodes: list[Node]) -> str:
    return f"redis+cluster://:{PASSWORD}@{','.join(f'127.0.0.1:{n.port}' for n in nodes)}"


async def test_a_cluster_keeps_a_tenants_keys_together(nodes: list[Node]) -> None:
    coordination = coordination_at(_cluster_url(nodes))
    store = coordination.lasting
    swap = Script.__new__(Script)
    swap.text, swap.digest = (
        "local a = redis.call('GET', KEYS[1]) redis.call('SET', KEYS[2], a) return a",
        "1" * 40,
    )
    tenants = [uuid4() for _ in range(12)]
    try:
        for tenant_id in tenants:
            keys = Keys(tenant_id)
            one, other = keys.name("session", "one"), keys.name("lock", "other{x}")
            await store.command("SET", one, tenant_id.hex)
            assert await store.script(swap, [one, other]) == tenant_id.hex.encode()
            both = await store.commands([("GET", one), ("GET", other)])
            assert both == [tenant_id.hex.encode()] * 2
        used = [node for node in nodes if node.admin.dbsize()]
        assert len(used) > 1  # so that there was something to show
        assert await footprint.count(coordination, tenants[0]) == {"lock": 1, "session": 1}
        assert await footprint.erase(coordination, tenants[0]) == 2
        assert await footprint.count(coordination, tenants[0]) == {}
        assert await footprint.count(coordination, tenants[1]) == {"lock": 1, "session": 1}
        (found,) = await look(coordination)
        assert (found.reachable, found.topology) == (True, "cluster")
    finally:
        for tenant_id in tenants:
            await footprint.erase(coordination, tenant_id)
        await coordination.close()


async def test_behind_sentinels_a_new_master_is_found() -> None:
    with sentinels("valkey") as watched:
        url = (
            f"redis+sentinel://:{PASSWORD}@127.0.0.1:{watched.sentinel.port}/main/0"
            f"?sentinel_password={PASSWORD}"
        )
        coordination = coordination_at(url)
        store, key = coordination.lasting, Keys(uuid4()).name("lock", "x")
        await store.command("SET", key, "1")
        assert watched.master.admin.get(key) == "1"
        watched.master.admin.wait(1, 5000)
        assert wait_until(lambda: _fails_over(watched.sentinel), timeout_s=30)
        async with asyncio.timeout(60):
            for n in count(2):
                # Until it steps down, the old master takes what is then lost.
                with suppress(CoordinationUnavailable, CoordinationError):
                    await store.command("SET", key, n)
                    promoted = watched.replica.admin.info("replication")["role"] == "master"
                    if promoted and watched.replica.admin.get(key) == str(n):
                        break
                await asyncio.sleep(0.1)
        await coordination.close()


def _fails_over(sentinel: Node) -> bool:
    """It may, once it has heard of the replica's state."""
    with suppress(ResponseError):
        sentinel.admin.execute_command("SENTINEL FAILOVER", "main")
        return True
    return False


async def test_over_tls_with_certificates_of_both(tmp_path: Path) -> None:
    # The embedded Valkey is built without TLS.
    authority = Authority(tmp_path)
    with encrypted("redis", authority) as node:
        place = f"127.0.0.1:{node.port}/0"
        own = f"ssl_certfile={tmp_path}/client.crt&ssl_keyfile={tmp_path}/client.key"
        good = coordination_at(f"rediss://:{PASSWORD}@{place}?{own}&ssl_ca_certs={tmp_path}/ca.crt")
        assert await good.lasting.command("PING")
        await good.close()
        for faulty in (
            f"rediss://:{PASSWORD}@{place}?{own}",  # an authority nobody knows
            f"rediss://:{PASSWORD}@{place}?ssl_ca_certs={tmp_path}/ca.crt",  # no certificate
            f"redis://:{PASSWORD}@{place}",  # no TLS
        ):
            refused = coordination_at(faulty)
            with pytest.raises(CoordinationUnavailable):
                await refused.lasting.command("PING")
            await refused.close()


# ---- rights -----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=KINDS)
def guarded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Node, UUID]]:
    """A server whose users are those of an ACL file that was generated."""
    tenant_id = uuid4()
    lines = [
        f"user default on >{PASSWORD} ~* &* +@all",
        acl_line("tenantry", "platform-password"),
        acl_line("one-tenant", "tenant-password", tenant_id),
    ]
    users = tmp_path_factory.mktemp("acl") / "users.acl"
    users.write_text("\n".join(lines) + "\n")
    with kv_node(request.param, ["port {port}", f"aclfile {users}"]) as node:
        yield node, tenant_id


def _as(node: Node, login: str) -> Coordination:
    return coordination_at(f"redis://{login}@127.0.0.1:{node.port}/0")


async def test_the_generated_rights_are_enough(guarded: tuple[Node, UUID]) -> None:
    node, tenant_id = guarded
    coordination = _as(node, "tenantry:platform-password")
    key = Keys(tenant_id).name("lock", "x")
    assert await coordination.lasting.command("SET", key, "1", "NX", "PX", 10_000)
    (found,) = await look(coordination)
    assert found.reachable
    assert await footprint.count(coordination, tenant_id) == {"lock": 1}
    assert await footprint.erase(coordination, tenant_id) == 1
    await coordination.close()


async def test_locks_and_events_need_no_more(guarded: tuple[Node, UUID]) -> None:
    node, tenant_id = guarded
    for login in ("tenantry:platform-password", "one-tenant:tenant-password"):
        coordination = _as(node, login)
        await _lock(coordination, tenant_id)
        await _tell(coordination, tenant_id)
        await coordination.close()
        platform = _as(node, "tenantry:platform-password")
        assert await footprint.erase(platform, tenant_id)
        await platform.close()


async def test_locks_and_events_on_a_cluster_with_those_rights(nodes: list[Node]) -> None:
    _, user, *rights = acl_line("tenantry", "platform-password").split()
    for node in nodes:
        node.admin.execute_command("ACL", "SETUSER", user, *rights)
    coordination = coordination_at(
        _cluster_url(nodes).replace(f":{PASSWORD}", f"{user}:platform-password")
    )
    tenants = [uuid4() for _ in range(6)]
    try:
        for tenant_id in tenants:
            await _lock(coordination, tenant_id)
            await _tell(coordination, tenant_id)
        # As the relay sends: to many streams in one round trip, also when a node lost the script.
        calls = [
            (
                Keys(t).name("stream", "sent"),
                [0, *words_of(uuid4(), datetime.now(UTC), "k", str(n))],
            )
            for n, t in enumerate(tenants)
        ]
        nodes[0].admin.execute_command("SCRIPT", "FLUSH")
        assert await coordination.lasting.scripts(ADD, calls) == [[b""]] * len(tenants)
        for n, tenant_id in enumerate(tenants):
            (event,) = await Events(Share.of(coordination, tenant_id)).read("sent")
            assert event.payload == n
    finally:
        for tenant_id in tenants:
            await footprint.erase(coordination, tenant_id)
        await coordination.close()


async def _lock(coordination: Coordination, tenant_id: UUID) -> None:
    """All that is asked of the server for a lock: taken, waited for, held for longer, let go of."""
    locks = Locks(Share.of(coordination, tenant_id))
    first = await locks.acquire("report")
    await first.extend()
    with pytest.raises(LockNotAcquired):
        await locks.acquire("report", wait=0.05)
    second = asyncio.create_task(locks.acquire("report", wait=30))
    await asyncio.sleep(0)
    await first.release()
    held = await second
    assert held.fence > first.fence
    await held.raise_fence(held.fence + 10)
    await held.release()


async def _tell(coordination: Coordination, tenant_id: UUID) -> None:
    """The same of streams, their groups and dead letters, and of channels."""
    events = Events(Share.of(coordination, tenant_id))
    for n in range(3):
        await events.append("orders", n, key="k")
    assert await anext(events.consume("orders", group="g", consumer="a", attempts=1, batch=1))
    again = events.consume("orders", group="g", consumer="a", attempts=1, batch=1)
    async with await anext(again) as event:
        assert event.payload == 1
    (dead,) = await events.read("orders", dead=True)
    assert (dead.payload, await events.count("orders")) == (0, 3)
    await events.trim("orders", keep=1)
    async with events.listen("board", "wall") as heard:
        await events.shout("wall", "hello")
        assert await anext(heard) == Message("wall", "hello")


@pytest.mark.parametrize(
    "words",
    [
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("CONFIG", "GET", "*"),
        ("CONFIG", "SET", "dir", "/"),
        ("ACL", "LIST"),
        ("DEBUG", "SLEEP", "0"),
        ("CLIENT", "LIST"),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("SCRIPT", "FLUSH"),
        ("SHUTDOWN",),
        ("MONITOR",),
        ("REPLICAOF", "127.0.0.1", "1"),
        ("RANDOMKEY",),
        ("SAVE",),
        ("MODULE", "LIST"),
        ("GET", "somebody:else"),
        ("SET", "tenantry", "1"),
        ("PUBLISH", "elsewhere", "x"),
        ("EVAL", "return redis.call('GET', 'somebody:else')", "0"),
        ("EVAL", "return redis.call('FLUSHALL')", "0"),
    ],
    ids=" ".join,
)
async def test_and_no_more(guarded: tuple[Node, UUID], words: tuple[str, ...]) -> None:
    node, _ = guarded
    node.admin.set("somebody:else", "secret")
    coordination = _as(node, "tenantry:platform-password")
    with pytest.raises(CoordinationError):
        await coordination.lasting.command(*words)
    assert node.admin.get("somebody:else") == "secret"
    await coordination.close()


async def test_a_tenants_own_user_stays_in_its_keys(guarded: tuple[Node, UUID]) -> None:
    node, tenant_id = guarded
    coordination = _as(node, "one-tenant:tenant-password")
    mine, other = Keys(tenant_id).name("cache", "x"), Keys(uuid4()).name("cache", "x")
    assert await coordination.lasting.command("SET", mine, "1")
    for words in (("GET", other), ("DEL", other), ("MGET", mine, other), ("PUBLISH", other, "x")):
        with pytest.raises(CoordinationError):
            await coordination.lasting.command(*words)
    # Nor does it see what others' keys and channels are called.
    for asking in (("SCAN", 0), ("DBSIZE",), ("PUBSUB", "CHANNELS"), ("RANDOMKEY",)):
        with pytest.raises(CoordinationError):
            await coordination.lasting.command(*asking)
    await coordination.close()


@pytest.mark.parametrize("user", ["", "a b", "x on nopass", "x\nuser y on nopass +@all ~*"])
def test_a_name_that_would_be_more_than_a_name_is_refused(user: str) -> None:
    with pytest.raises(InvalidInput):
        acl_line(user, "password")
    with pytest.raises(InvalidInput):
        acl_line("fine", "")


# ---- every part, everywhere -------------------------------------------------------------------


async def _use_all(coordination: Coordination, tenant_id: UUID) -> None:
    """What the parts mainly do: each of their scripts and commands once."""
    share = Share.of(coordination, tenant_id)
    cache, limits, sessions, locks = (
        Cache(share),
        Limits(share),
        UserSessions(share),
        Locks(share),
    )
    assert await cache.set_many({"a": 1, "b": 2}, tags=["t", "u"]) == 2
    assert await cache.get("a") == 1
    assert await cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert await cache.get_or_compute("c", lambda: 3, tags=["t"]) == 3
    await cache.invalidate_tag("t")
    assert await cache.get_many(["a", "b", "c"]) == {}
    assert await cache.get_or_compute("c", lambda: 4, tags=["t"], stale=10) == 4
    assert await cache.delete_many(["a", "c"]) == 2

    rates = Rate(3, per=60), Rate(5, per=3600), Pace(100, per=60)
    verdicts = [await limits.hit("x", *rates, cost=2) for _ in range(2)]
    assert [bool(verdict) for verdict in verdicts] == [True, False]
    assert await limits.hit_all([Limit("x", rates[0]), Limit("y", rates[2])])
    assert (await limits.peek("x", *rates)).remaining == 0
    await limits.reset("x", *rates)

    user = uuid4()
    first = await sessions.create(user, {"roles": []}, max_sessions=2)
    made = [await sessions.create(user, max_sessions=2) for _ in range(2)]
    assert await sessions.get(first.token) is None
    rotated = await sessions.rotate(made[0].token, {"roles": ["admin"]})
    assert rotated is not None
    assert await sessions.update(rotated.token, {}) is not None
    assert await sessions.refresh(rotated.token) is not None
    assert await sessions.delete(rotated.token)
    assert await sessions.list(user) == [made[1].session]
    assert await sessions.revoke_all(user) == 1

    async with locks.hold("x") as lock:
        await lock.extend()
        await lock.raise_fence(lock.fence + 10)
        waiting = asyncio.create_task(locks.acquire("x", wait=30))
        await asyncio.sleep(0.05)  # until it waits, mostly
    late = await waiting
    assert late.fence > lock.fence + 10
    await late.release()
    assert not (cache.stats.errors or cache.stats.lost_invalidations or cache.stats.unstored)


async def test_every_part_works_on_a_cluster(nodes: list[Node]) -> None:
    coordination = coordination_at(_cluster_url(nodes))
    tenants = [uuid4() for _ in range(6)]
    await asyncio.gather(*(_use_all(coordination, tenant_id) for tenant_id in tenants))
    for tenant_id in tenants:
        cache = Cache(Share.of(coordination, tenant_id))
        assert await cache.set("a", 1)
        assert await cache.clear_pattern("?") == 2  # and "b", which holds no more
        assert await footprint.erase(coordination, tenant_id)
    await coordination.close()


async def test_a_clusters_answers_do_not_go_astray(nodes: list[Node]) -> None:
    coordination = coordination_at(_cluster_url(nodes), redis_max_connections=5)
    store, names = coordination.lasting, [Keys(uuid4()).name("lock", "x") for _ in range(30)]

    async def echo(name: str) -> bool:
        await store.command("SET", name, name, "PX", 60_000)
        both = await store.commands([("GET", name), ("GET", name)])
        return [await store.command("GET", name), *both] == [name.encode()] * 3

    for round_ in range(20):
        tasks = [asyncio.create_task(echo(name)) for name in names]
        await asyncio.sleep(0.001 * (round_ % 4))
        for task in tasks[round_ % 3 :: 3]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(a is True or isinstance(a, asyncio.CancelledError) for a in answers)
    await coordination.close()


@pytest.mark.parametrize("login", ["tenantry:platform-password", "one-tenant:tenant-password"])
async def test_every_part_works_with_the_generated_rights(
    guarded: tuple[Node, UUID], login: str
) -> None:
    node, tenant_id = guarded
    node.admin.acl_log_reset()
    coordination = _as(node, login)
    await _use_all(coordination, tenant_id)
    refused = {entry["object"] for entry in node.admin.acl_log()}
    assert refused <= {"client|setinfo"}  # the client tells its version, where it may
    await coordination.close()
    everything = _as(node, "tenantry:platform-password")
    await Cache(Share.of(everything, tenant_id)).clear_pattern("*")
    await footprint.erase(everything, tenant_id)
    await everything.close()
