"""The outbox and its relay: sent if committed and only then, in order per key, poison put aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

import tenantry
import tenantry.sync
from tenantry import Database
from tenantry.coordination import Keys, Message
from tenantry.errors import (
    CoordinationFull,
    CoordinationUnavailable,
    PermissionDenied,
    TenantNotWritable,
    TenantryError,
)
from tenantry.models import Tenant
from tenantry.ops import features, outbox, relay
from tenantry.ops.relay import Batch, Relay
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import KeyValueServer
from tests.fixtures.topologies import PASSWORD, kv_node
from tests.kernel.conftest import until


@pytest.fixture
async def db(place: Place, valkey_server: KeyValueServer) -> AsyncIterator[Database]:
    settings = place.settings(redis_url=valkey_server.url)
    async with await tenantry.connect(settings=settings) as database:
        yield database


async def in_stream(db: Database, tenant: UUID, topic: str = "orders") -> list[Any]:
    return [e.payload for e in await db.tenant(tenant).events.read(topic, limit=10_000)]


async def emptied(db: Database) -> bool:
    return not await waiting(db)


async def waiting(db: Database) -> int:
    async with db.service("test") as s:
        found: int = await s.fetch_value("SELECT count(*) FROM tenantry.outbox_events")
        return found


async def test_sent_if_committed_and_only_then(db: Database, acme: Tenant, beta: Tenant) -> None:
    t = db.tenant(acme.id)
    async with t as tx:
        first = await tx.events.publish("orders", {"n": 1}, key="a")
        with pytest.raises(ZeroDivisionError):
            async with tx.savepoint():
                await tx.events.publish("orders", "undone with its savepoint")
                raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        async with db.tenant(acme.id) as tx:
            await tx.events.publish("orders", "rolled back")
            raise ZeroDivisionError
    second = await db.tenant(acme.id).events.publish("orders", None)
    await db.tenant(beta.id).events.publish("orders", "theirs")
    assert await in_stream(db, acme.id) == []
    assert await Relay(db).drain() == Batch(sent=3)
    events = await db.tenant(acme.id).events.read("orders")
    assert [(e.id, e.key, e.payload) for e in events] == [
        (first, "a", {"n": 1}),
        (second, None, None),
    ]
    assert await in_stream(db, beta.id) == ["theirs"]
    assert await waiting(db) == 0
    assert await Relay(db).drain() == Batch()


async def test_a_keys_order_is_that_of_commits(db: Database, acme: Tenant) -> None:
    published = []

    async def second() -> None:
        async with db.tenant(acme.id) as t:
            await t.events.publish("orders", "second", key="k")
            published.append("second")

    async with db.tenant(acme.id) as t, db.tenant(acme.id) as other:
        await t.events.publish("orders", "first", key="k")
        late = asyncio.create_task(second())
        # Events without a key, and of other keys, wait for nobody.
        await other.events.publish("orders", "free")
        while not await other.fetch("SELECT FROM pg_locks WHERE NOT granted"):
            assert not late.done(), "who comes second drew a position before the first committed"
            await asyncio.sleep(0.01)
        assert await Relay(db).drain() == Batch()
        assert published == []
    await late
    await Relay(db).drain()
    assert [e for e in await in_stream(db, acme.id) if e != "free"] == ["first", "second"]


async def test_only_publish_event_leads_into_the_outbox(
    place: Place, db: Database, acme: Tenant
) -> None:
    connection = await place.connection("app")
    try:
        for sql in (
            "INSERT INTO tenantry.outbox_events (topic, payload, position) VALUES ('x', '1', 1)",
            "SELECT * FROM tenantry.outbox_events",
            "UPDATE tenantry.outbox_events SET topic = 'x'",
            "DELETE FROM tenantry.outbox_events",
            "SELECT nextval('tenantry.outbox_position')",
            "SELECT last_value FROM tenantry.outbox_position",
            "SELECT pg_sequence_last_value('tenantry.outbox_position'::regclass)",
            "SELECT tenantry.event_lane(gen_random_uuid(), 'x', 'y')",
        ):
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('app.tenant_id', $1, true)", str(acme.id)
                )
                try:
                    async with connection.transaction():
                        rows = await connection.fetch(sql)
                    # Some versions say nothing instead of no.
                    assert [tuple(r) for r in rows] == [(None,)], sql
                except asyncpg.InsufficientPrivilegeError:
                    pass
        assert await connection.fetchval(
            "SELECT last_value IS NULL FROM pg_sequences WHERE sequencename = 'outbox_position'"
        )
    finally:
        await connection.close()


async def test_who_may_not_write_does_not_publish(place: Place, db: Database, acme: Tenant) -> None:
    async with db.service("test") as s:
        await s.tenants.update(acme.id, status="suspended")
    with pytest.raises(TenantNotWritable):
        await db.tenant(acme.id).events.publish("orders", 1)
    with pytest.raises(PermissionDenied):
        async with await tenantry.connect(settings=place.settings()) as bare:
            await bare._pool_of("readonly")
            from tenantry.kernel.context import Context
            from tenantry.kernel.transaction import Transaction

            async with Transaction(bare._pools["readonly"], Context(acme.id)) as t:
                await t.fetch_value("SELECT tenantry.publish_event('x', '1', NULL)")


@pytest.mark.parametrize(
    ("topic", "payload", "key"), [("", 1, None), ("x" * 300, 1, None), ("x", "y" * 2**20, None), ("x", 1, "k" * 600)]
)  # fmt: skip
async def test_what_no_stream_would_take_is_refused_at_once(
    db: Database, acme: Tenant, topic: str, payload: Any, key: str | None
) -> None:
    with pytest.raises(TenantryError) as caught:
        await db.tenant(acme.id).events.publish(topic, payload, key=key)
    assert caught.value.code in {"constraint", "invalid_input", "check_violated", "rule_violated"}


async def test_a_tenants_events_go_with_it(db: Database, acme: Tenant) -> None:
    await db.tenant(acme.id).events.publish("orders", 1)
    async with db.service("test") as s:
        await s.execute("DELETE FROM tenantry.tenants WHERE id = $1", acme.id)
    assert await waiting(db) == 0


async def test_a_tenant_is_not_deleted_in_the_middle_of_a_batch(
    place: Place, db: Database, acme: Tenant, beta: Tenant
) -> None:
    for tenant in (acme, beta):
        await db.tenant(tenant.id).events.publish("orders", 1, key="k")
    admin = await place.connection("superuser")
    try:
        # Begun before the batch: it waits for nothing, and sends nothing of that tenant's.
        async with admin.transaction():
            await admin.execute("DELETE FROM tenantry.tenants WHERE id = $1", acme.id)
            assert await Relay(db).drain() == Batch(sent=1)
        assert await in_stream(db, acme.id) == []
        # Begun in the middle of one, it waits for its end.
        await db.tenant(beta.id).events.publish("orders", 2, key="k")
        async with db.service("a batch") as s:
            await s.fetch(relay._STANDING, [beta.id])
            with pytest.raises(asyncpg.LockNotAvailableError):
                await admin.execute(
                    f"SET lock_timeout = '50ms'; DELETE FROM tenantry.tenants WHERE id = '{beta.id}'"
                )
    finally:
        await admin.close()


async def test_poison_is_put_aside_and_its_keys_keep_their_order(
    db: Database, acme: Tenant, beta: Tenant
) -> None:
    stream = Keys(acme.id).name("stream", "orders")
    await db.coordination.lasting.command("SET", stream, "something else")
    relaying = Relay(db, batch=3)
    for n in range(4):
        await db.tenant(acme.id).events.publish("orders", n, key="k")
        await db.tenant(beta.id).events.publish("orders", n, key="k")
    await db.tenant(acme.id).events.publish("orders", "free")
    done = await relaying.drain()
    assert (done.sent, done.parked, done.behind) == (4, 2, 3)
    assert await in_stream(db, beta.id) == [0, 1, 2, 3]
    (found,) = await outbox.status(db)
    assert (found.tenant, found.topic, found.waiting) == ("acme", "orders", 5)
    assert (found.parked, found.behind) == (2, 3)
    assert found.error is not None and "WRONGTYPE" in found.error
    # One that comes later waits too, though its stream takes it now.
    await db.coordination.lasting.command("DEL", stream)
    async with db.service("test") as s:
        await s.execute(
            "UPDATE tenantry.outbox_events SET retry_at = now() + interval '1 hour' WHERE retry_at < 'infinity'"
        )
    await db.tenant(acme.id).events.publish("orders", 4, key="k")
    await db.tenant(acme.id).events.publish("orders", 0, key="other")
    assert (await relaying.drain()).sent == 1
    assert await outbox.retry(db, topic="else") == 0
    assert await outbox.retry(db, tenant_id=acme.id) == 2
    assert (await relaying.drain()).sent == 6
    events = await db.tenant(acme.id).events.read("orders")
    assert [e.payload for e in events if e.key == "k"] == [0, 1, 2, 3, 4]
    assert await waiting(db) == 0


async def test_what_waited_for_a_removed_event_is_freed(db: Database, acme: Tenant) -> None:
    for n in range(2):
        await db.tenant(acme.id).events.publish("orders", n, key="k")
    async with db.service("test") as s:
        await s.execute(
            "UPDATE tenantry.outbox_events SET retry_at = 'infinity' WHERE payload = '1'"
        )
        await s.execute("DELETE FROM tenantry.outbox_events WHERE payload = '0'")
    assert (await Relay(db).drain()).sent == 1


async def test_one_relay_works_and_others_stand_by(db: Database, acme: Tenant) -> None:
    await db.tenant(acme.id).events.publish("orders", 1)
    async with db.service("another relay") as s:
        await s.fetch("SELECT pg_advisory_xact_lock(hashtextextended('tenantry.relay', 20261121))")
        assert (await Relay(db).drain()).standby
    assert (await Relay(db).drain()).sent == 1


async def test_beside_a_program_and_on_record_once(db: Database, acme: Tenant) -> None:
    async with Relay(db, idle=0.01, batch=1):
        for n in range(5):
            await db.tenant(acme.id).events.publish("orders", n, key="k")
        await until(lambda: emptied(db))
    assert await in_stream(db, acme.id) == [0, 1, 2, 3, 4]
    async with db.service("test") as s:
        log = await s.fetch("SELECT FROM tenantry.platform_log WHERE reason = 'events relay'")
    assert len(log) == 1


async def test_redis_away_loses_nothing(place: Place, db: Database, acme: Tenant) -> None:
    await db.tenant(acme.id).events.publish("orders", 1)
    failed: list[object] = []
    away = place.settings(redis_url="redis://127.0.0.1:1/0")
    async with await tenantry.connect(settings=away) as lonely:
        with pytest.raises(CoordinationUnavailable):
            await Relay(lonely).drain()
        async with Relay(lonely, tell=failed.append):
            await until(lambda: len(failed) > 1)
    assert {type(f) for f in failed} == {CoordinationUnavailable}
    assert (await outbox.status(db))[0].parked == 0
    assert (await Relay(db).drain()).sent == 1


async def test_a_script_that_the_server_lost_is_sent_again(db: Database, acme: Tenant) -> None:
    await db.coordination.lasting.command("SCRIPT", "FLUSH")
    await db.tenant(acme.id).events.publish("orders", 1)
    assert (await Relay(db).drain()).sent == 1


async def test_tasks_and_activities_tell_when_enabled(
    place: Place, db: Database, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    await t.tasks.create(prompt="Silent")
    assert await waiting(db) == 0
    assert (await features.enable(place.settings(), "events")).enabled
    task = await t.tasks.create(prompt="Loud")
    await t.tasks.update(task.id, priority="high")
    agent = await t.agents.create(name="Bo", agent_type="developer")
    await t.tasks.update(task.id, assigned_to_agent_id=agent.id)
    await t.activity.create(activity_type="said", summary="Hello", task_id=task.id)
    await t.agents.delete(agent.id)
    assert (await Relay(db).drain()).sent == 4
    events = await t.events.read("tasks")
    assert [e.payload["event"] for e in events] == ["created", "changed", "changed"]
    assert {e.key for e in events} == {str(task.id)}
    assert events[1].payload["assigned_to_agent_id"] == str(agent.id)
    assert events[2].payload["before"]["assigned_to_agent_id"] == str(agent.id)
    (line,) = await t.events.read("activities")
    assert (line.key, line.payload["summary"]) == (str(task.id), "Hello")
    # A whole tenant goes, with what its cascades change.
    await t.tasks.update(
        task.id, assigned_to_agent_id=(await t.agents.create(name="Cy", agent_type="developer")).id
    )
    async with db.service("test") as s:
        await s.execute("DELETE FROM tenantry.tenants WHERE id = $1", acme.id)
    assert await waiting(db) == 0
    assert not (await features.disable(place.settings(), "events")).enabled


async def test_many_tasks_at_once_do_not_fill_the_lock_table(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "many")
    await features.enable(place.settings(), "events")
    async with db.tenant(acme.id) as t:
        agent = await t.agents.create(name="Bo", agent_type="developer")
        await t.execute(
            "INSERT INTO tenantry.tasks (title) SELECT 't' || n FROM generate_series(1, 900) AS n"
        )
        await t.execute("UPDATE tenantry.tasks SET assigned_to_agent_id = $1", agent.id)
        held = await t.fetch_value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
    assert 200 < held < 300
    assert await waiting(db) == 1800


async def test_who_dies_after_sending_has_the_next_one_repeat(
    db: Database, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await db.tenant(acme.id).events.publish("orders", n, key="k")
    dying = Relay(db)

    async def die(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(dying, "_settle", die)
    with pytest.raises(ConnectionResetError):
        await dying.drain()
    assert (await Relay(db).drain()).sent == 3
    events = await db.tenant(acme.id).events.read("orders")
    assert [e.payload for e in events] == [0, 1, 2, 0, 1, 2]
    assert [e.id for e in events[:3]] == [e.id for e in events[3:]]
    # Whose repeats they are, a consumer is not given.
    handled = []
    async for event in db.tenant(acme.id).events.consume("orders", group="g", batch=1):
        async with event:
            handled.append(event.payload)
        if event.payload == 2:
            break
    await db.tenant(acme.id).events.append("orders", "end")
    async for event in db.tenant(acme.id).events.consume("orders", group="g", batch=1):
        handled.append(event.payload)
        break
    assert handled == [0, 1, 2, "end"]


async def test_a_batch_is_limited_in_bytes_too(db: Database, acme: Tenant) -> None:
    for n in range(10):
        await db.tenant(acme.id).events.publish("orders", str(n) * 1_000_000, key="k")
    relaying = Relay(db)
    assert [(await relaying.pass_once()).sent for _ in range(3)] == [8, 2, 0]
    assert [e[0] for e in await in_stream(db, acme.id)] == [*"0123456789"]


async def test_a_batch_is_measured_without_its_payloads(db: Database, acme: Tenant) -> None:
    """A statement that read a whole batch of great ones to send the first few would end by its limit."""
    async with db.service("test") as s:
        plan = await s.fetch_value(f"EXPLAIN (VERBOSE, FORMAT JSON) {relay._FRESH}", 500, 8_000_000)
    # Once, in the list of what the whole gives; its length nowhere.
    assert str(plan).count("payload)::text") == 1
    assert "octet_length" not in str(plan)


async def test_a_batch_of_many_tenants_is_found_by_indexes(place: Place, db: Database) -> None:
    admin = await place.connection("superuser")
    try:
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(
            "WITH t AS (SELECT array_agg(gen_random_uuid()) AS ids FROM generate_series(1, 1000))"
            " INSERT INTO tenantry.outbox_events (tenant_id, topic, key, payload, position, retry_at)"
            " SELECT t.ids[1 + n % 1000], 'orders', 'k' || n % 5000, '{\"n\": 1}', n,"
            " CASE WHEN n % 50 = 0 THEN now() + interval '1 hour' WHEN n % 50 = 1 THEN 'infinity' END"
            " FROM t, generate_series(1, 100000) AS n"
        )
        await admin.execute("ANALYZE tenantry.outbox_events")
    finally:
        await admin.close()
    async with db.service("test") as s:
        for sql, args, index in (
            (relay._FRESH, (500, 8_000_000), "waiting"),
            (relay._FRESH, (500, 8_000_000), "held"),
            (relay._DUE, (50,), "retry_at"),
        ):
            plan = str(await s.fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args))
            assert f"outbox_events_{index}_idx" in plan
            assert "Seq Scan" not in plan


async def test_what_is_too_much_for_the_line_goes_in_parts(
    db: Database, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(20):
        await db.tenant(acme.id).events.publish("orders", n, key="k")
    store = db.coordination.lasting
    scripts, tried = store.scripts, []

    async def slow(script: Any, calls: Any) -> Any:
        tried.append(sum(len(args) // 4 for _, args in calls))
        if tried[-1] > 3:
            raise CoordinationUnavailable("did not answer in time", hint="", store="redis")
        return await scripts(script, calls)

    monkeypatch.setattr(store, "scripts", slow)
    async with Relay(db, batch=8, idle=0.01):
        await until(lambda: emptied(db))
    assert await in_stream(db, acme.id) == [*range(20)]
    assert tried[:3] == [8, 4, 2]


_NO_WRITES = (CoordinationUnavailable, CoordinationFull)


@pytest.mark.parametrize("kind", ["valkey", "redis"])
async def test_while_the_server_takes_no_writes_nothing_is_parked(
    place: Place, acme: Tenant, kind: str
) -> None:
    with kv_node(kind, ["port {port}", f"requirepass {PASSWORD}"]) as node:
        settings = place.settings(redis_url=f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0")
        async with await tenantry.connect(settings=settings) as full:
            for n in range(3):
                await full.tenant(acme.id).events.publish("orders", n, key="k")
            for how, back in (
                (("CONFIG SET maxmemory", 1), ("CONFIG SET maxmemory", 0)),
                (("REPLICAOF", "127.0.0.1", 1), ("REPLICAOF", "NO", "ONE")),
                (("CONFIG SET min-replicas-to-write", 1), ("CONFIG SET min-replicas-to-write", 0)),
            ):
                node.admin.execute_command(*how)
                with pytest.raises(_NO_WRITES):
                    await Relay(full).drain()
                assert (await outbox.status(full))[0].parked == 0
                node.admin.execute_command(*back)
            await until(lambda: _drained(full))
            assert set(await in_stream(full, acme.id)) == {0, 1, 2}


async def _drained(db: Database) -> bool:
    with suppress(*_NO_WRITES):
        return (await Relay(db).drain()).sent == 3
    return False


async def test_no_transaction_takes_more_locks_than_there_are_lanes(
    db: Database, acme: Tenant
) -> None:
    async with db.tenant(acme.id) as t:
        for topic in range(60):
            await t.execute(
                "SELECT tenantry.publish_event($1, '1', n::text) FROM generate_series(1, 120) AS n",
                f"topic {topic}",
            )
        held = await t.fetch_value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
    assert held <= 2048


async def test_no_topic_leads_to_another_tenants_lanes(place: Place) -> None:
    """What comes of a hash that anybody can compute backwards is its own tenant's, whatever it is."""
    admin = await place.connection("superuser")
    try:
        lanes = await admin.fetch(
            "SELECT t, count(DISTINCT tenantry.event_lane(t, 'topic' || n, 'key' || n) >> 11) AS lots,"
            " min(tenantry.event_lane(t, 'topic' || n, 'key' || n) >> 11) AS lot"
            " FROM (SELECT gen_random_uuid() AS t FROM generate_series(1, 20)) AS t,"
            " generate_series(1, 500) AS n GROUP BY t"
        )
        assert {row["lots"] for row in lanes} == {1}
        assert len({row["lot"] for row in lanes}) == 20
        # What the triggers publish is in different classes, so that one does not wait for the other.
        assert await admin.fetchval(
            "SELECT tenantry.event_lane(t, 'tasks', 'k') <> tenantry.event_lane(t, 'activities', 'k')"
            " FROM gen_random_uuid() AS t"
        )
    finally:
        await admin.close()


def test_for_programs_without_an_event_loop(place: Place, valkey_server: KeyValueServer) -> None:
    settings = place.settings(redis_url=valkey_server.url)
    with tenantry.sync.connect(settings=settings) as db:
        with db.service("test") as s:
            acme = s.tenants.create(name="Acme", slug="acme", status="active")
        events = db.tenant(acme.id).events
        assert events.publish("orders", 1)
        events.append("orders", 2)
        for event in events.consume("orders", group="g"):
            with event:
                assert event.payload == 2
            break
        with events.listen("board") as heard:
            events.shout("board", "hello")
            for message in heard:
                assert message == Message("board", "hello")
                break
