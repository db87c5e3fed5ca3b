"""Conversations and their messages: totals, appends, history."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import tenantry
from tenantry import Actor, Database
from tenantry.errors import (
    ContextMismatch,
    InvalidInput,
    InvalidRows,
    PermissionDenied,
    ReferenceNotFound,
    RuleViolated,
    TenantNotWritable,
)
from tenantry.ids import uuid7, uuid7_at
from tenantry.models import Conversation, Tenant
from tests.fixtures.database import Place, make_user
from tests.fixtures.wire import Wire, tap


@pytest.fixture
async def talk(db: Database, acme: Tenant) -> Conversation:
    return await db.tenant(acme.id).conversations.start(title="Talk")


@pytest.fixture
async def wire(place: Place) -> AsyncIterator[Wire]:
    async with tap(
        place.url("app"), f"{place.server.socket_dir}/.s.PGSQL.{place.server.port}"
    ) as w:
        yield w


async def recount(db: Database, tenant: Tenant, parent: str, reference: str) -> None:
    """What a parent keeps equals what its messages say."""
    async with db.tenant(tenant.id) as t:
        kept = await t.fetch(
            f"SELECT id, message_count, first_message_id, last_message_id FROM {parent}"
            " WHERE tenant_id = $1",
            tenant.id,
        )
        for row in kept:
            ids = await t.fetch(
                f"SELECT id FROM messages WHERE tenant_id = $1 AND {reference} = $2 ORDER BY id",
                tenant.id,
                row["id"],
            )
            ends = (ids[0]["id"], ids[-1]["id"]) if ids else (None, None)
            assert tuple(row)[1:] == (len(ids), *ends)


async def make_session(db: Database, tenant: Tenant) -> UUID:
    async with db.tenant(tenant.id) as t:
        row = await t.fetch_one(
            "INSERT INTO agent_sessions (tenant_id) VALUES ($1) RETURNING id", tenant.id
        )
    assert row is not None
    return UUID(str(row["id"]))


# ---- businesses and conversations ---------------------------------------------------------------


async def test_a_business_and_who_talks_about_it(db: Database, acme: Tenant) -> None:
    user = await make_user(db, "ann@example.com", acme)
    t = db.tenant(acme.id)
    shop = await t.businesses.create(name="Shop", user_id=user.id, context={"city": "Ulm"})
    assert (shop.stage, shop.context) == ("idea", {"city": "Ulm"})
    first = await t.conversations.start(business_id=shop.id, user_id=user.id, title="Plans")
    second = await t.conversations.start(business_id=shop.id)
    assert [c.id for c in await t.conversations.list_recent()] == [second.id, first.id]
    assert [c.id for c in await t.conversations.list_recent(1, user_id=user.id)] == [first.id]
    assert (await t.conversations.rename(first.id, "Plan")).title == "Plan"
    assert [b.id for b in await t.businesses.of_user(user.id)] == [shop.id]
    await t.businesses.delete(shop.id)
    assert await t.conversations.count() == 0


# ---- appending ----------------------------------------------------------------------------------


async def test_append_returns_what_is_stored(db: Database, talk: Conversation) -> None:
    t = db.tenant(talk.tenant_id)
    made = await t.messages.append(
        conversation_id=talk.id,
        role="assistant",
        content="Hi",
        tool_calls=[{"name": "f"}],
        tool_result={"ok": True},
        model="m",
        input_tokens=3,
        cost_usd="0.000001",  # type: ignore[arg-type]
        metadata_={"a": [1]},
    )
    read = await t.messages.get(made.id)
    assert {k: v for k, v in vars(made).items() if not k.startswith("_")} == {
        k: v for k, v in vars(read).items() if not k.startswith("_")
    }
    assert (read.tool_calls, read.metadata_, read.output_tokens) == ([{"name": "f"}], {"a": [1]}, 0)
    bare = await t.messages.append(conversation_id=talk.id, role="user")
    assert (bare.content, bare.tool_calls, bare.metadata_) == ("", None, {})


async def test_append_is_one_round_trip_and_one_statement_within(
    place: Place, wire: Wire, acme: Tenant, talk: Conversation
) -> None:
    settings = place.settings(database_url=wire.url, pool_max=1)
    async with await tenantry.connect(settings=settings) as db:
        t = db.tenant(acme.id, actor=Actor(kind="agent", agent_id=uuid7()))
        await t.messages.append(conversation_id=talk.id, role="user", content="prepares it")
        wire.reset()
        await t.messages.append(conversation_id=talk.id, role="user", content="one")
        assert wire.round_trips == 1
        await t.messages.history(talk.id)
        wire.reset()
        await t.messages.history(talk.id)
        assert wire.round_trips == 1
        async with t as inside:
            await inside.messages.append(conversation_id=talk.id, role="user", content="first")
            wire.reset()
            await inside.messages.append(conversation_id=talk.id, role="user", content="two")
            assert wire.round_trips == 1
            assert len(wire.sql) == 1


async def test_the_actor_of_a_one_shot_is_the_context_s(
    db: Database, place: Place, talk: Conversation
) -> None:
    """Seen by a trigger, as an application's own would."""
    user, agent = uuid7(), uuid7()
    owner = await place.connection("owner")
    await owner.execute(
        "CREATE TABLE tenantry.seen (user_id uuid, agent_id uuid);"
        " GRANT INSERT ON tenantry.seen TO tenantry_app;"
        " CREATE FUNCTION tenantry.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO tenantry.seen SELECT a.user_id, a.agent_id FROM tenantry.acting() AS a;"
        " RETURN NULL; END $$;"
        " GRANT EXECUTE ON FUNCTION tenantry.see() TO tenantry_app;"
        " CREATE TRIGGER see AFTER INSERT ON tenantry.messages"
        " FOR EACH STATEMENT EXECUTE FUNCTION tenantry.see()"
    )
    t = db.tenant(talk.tenant_id, user_id=user, actor=Actor(kind="agent", agent_id=agent))
    await t.messages.append(conversation_id=talk.id, role="user")
    assert [tuple(r) for r in await owner.fetch("SELECT * FROM tenantry.seen")] == [(user, agent)]
    await owner.close()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"role": "nobody"}, RuleViolated),
        ({"role": "user", "input_tokens": -1}, RuleViolated),
        ({"role": 3}, InvalidInput),
        ({"role": "user", "rule": 1}, InvalidInput),
        ({"role": "user", "tenant_id": uuid7()}, InvalidInput),
        ({"role": "user", "conversation_id": uuid7()}, ReferenceNotFound),
        ({"role": "user", "conversation_id": None}, RuleViolated),
    ],
)
async def test_a_bad_message_is_refused(
    db: Database, talk: Conversation, values: dict[str, Any], error: type[Exception]
) -> None:
    values = {"conversation_id": talk.id, **values}
    with pytest.raises(error):
        await db.tenant(talk.tenant_id).messages.append(**values)
    async with db.tenant(talk.tenant_id) as t:
        with pytest.raises(error):
            async with t.savepoint():
                await t.messages.append(**values)
        assert await t.messages.count() == 0


async def test_another_tenant_s_conversation_is_out_of_reach(
    db: Database, beta: Tenant, talk: Conversation
) -> None:
    await db.tenant(talk.tenant_id).messages.append(conversation_id=talk.id, role="user")
    with pytest.raises(ReferenceNotFound):
        await db.tenant(beta.id).messages.append(conversation_id=talk.id, role="user")
    with pytest.raises(InvalidRows):
        await db.tenant(beta.id).messages.append_many(
            [{"conversation_id": talk.id, "role": "user"}]
        )
    assert await db.tenant(beta.id).messages.history(talk.id) == []


async def test_a_suspended_tenant_is_read_but_not_written(db: Database, talk: Conversation) -> None:
    async with db.service("test") as s:
        await s.tenants.suspend(talk.tenant_id)
    t = db.tenant(talk.tenant_id)
    with pytest.raises(TenantNotWritable):
        await t.messages.append(conversation_id=talk.id, role="user")
    with pytest.raises(TenantNotWritable):
        await t.messages.append_many([{"conversation_id": talk.id, "role": "user"}])
    assert await t.messages.history(talk.id) == []


async def test_a_readonly_handle_appends_nothing(db: Database, talk: Conversation) -> None:
    with pytest.raises(PermissionDenied):
        await db.tenant(talk.tenant_id, readonly=True).messages.append(
            conversation_id=talk.id, role="user"
        )


@pytest.mark.parametrize(
    "call",
    ["messages_get($1, $2)", "messages_newest($1, $2, 5)", "messages_append($1, NULL, $2, NULL, 'user'" + ", NULL" * 13 + ")",
     "messages_by_conversation($1, $2, NULL, 5, false)"],
)  # fmt: skip
async def test_no_tenant_is_another_than_the_context_s(
    db: Database, talk: Conversation, call: str
) -> None:
    await db.tenant(talk.tenant_id).messages.append(conversation_id=talk.id, role="user")
    async with db.tenant(talk.tenant_id) as t:
        with pytest.raises(ContextMismatch):
            async with t.savepoint():
                await t.fetch(f"SELECT id FROM tenantry.{call}", None, talk.id)


async def test_the_one_shots_refuse_another_tenant_s_context(
    db: Database, beta: Tenant, talk: Conversation
) -> None:
    call = "SELECT id FROM messages_append($1, NULL, $2, NULL, 'user'" + ", NULL" * 13 + ")"
    async with db.tenant(beta.id) as t:
        with pytest.raises(ContextMismatch):
            async with t.savepoint():
                await t.fetch(call, talk.tenant_id, talk.id)
        with pytest.raises(ContextMismatch):
            async with t.savepoint():
                await t.fetch(
                    "SELECT id FROM messages_by_conversation($1, $2, NULL, 5, false)",
                    talk.tenant_id,
                    talk.id,
                )
    async with db.tenant(talk.tenant_id, user_id=(user := uuid7())) as t:
        await t.fetch(call, talk.tenant_id, talk.id)
        # Restored, also what the call left out.
        assert (await t.fetch("SELECT current_tenant_id(), current_user_id()"))[0][:] == (
            talk.tenant_id,
            user,
        )


# ---- totals -------------------------------------------------------------------------------------


async def test_totals_equal_a_recount_under_concurrency(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    talks = [await t.conversations.start() for _ in range(3)]
    session = await make_session(db, acme)
    chance = random.Random(3)  # noqa: S311 - no secret

    async def say(n: int) -> None:
        places = chance.sample(talks, 2)
        if n % 5 == 0:
            rows = [
                {"conversation_id": c.id, "role": "user", "session_id": session, "input_tokens": n}
                for c in places * 3
            ]
            chance.shuffle(rows)
            await t.messages.append_many(rows)
        else:
            made = await t.messages.append(
                conversation_id=places[0].id, session_id=session, role="user", cost_usd=Decimal(1)
            )
            if n % 7 == 0:
                assert await t.messages.delete(made.id)
            elif n % 7 == 1:
                await t.messages.update(made.id, output_tokens=n)

    await asyncio.gather(*(say(n) for n in range(100)))
    await recount(db, acme, "conversations", "conversation_id")
    await recount(db, acme, "agent_sessions", "session_id")
    async with db.tenant(acme.id) as inside:
        sums = "sum(input_tokens), sum(output_tokens), sum(cost_usd)"
        (told,) = await inside.fetch(f"SELECT {sums} FROM messages WHERE tenant_id = $1", acme.id)
        (kept,) = await inside.fetch(
            f"SELECT {sums} FROM agent_sessions WHERE tenant_id = $1", acme.id
        )
        assert tuple(told) == tuple(kept)


async def test_totals_follow_deletes_from_either_end(db: Database, talk: Conversation) -> None:
    t = db.tenant(talk.tenant_id)
    tenant = await t.account.get()
    made = await t.messages.append_many([{"conversation_id": talk.id, "role": "user"}] * 6)
    for gone in (made[5], made[0], made[2], made[4], made[1], made[3]):
        await t.messages.delete(gone.id)
        await recount(db, tenant, "conversations", "conversation_id")


async def test_a_message_stays_where_it_was_said(db: Database, talk: Conversation) -> None:
    t = db.tenant(talk.tenant_id)
    other = await t.conversations.start()
    made = await t.messages.append(conversation_id=talk.id, role="user")
    with pytest.raises(PermissionDenied):
        await t.messages.update(made.id, conversation_id=other.id)
    with pytest.raises(RuleViolated):
        async with db.service("test") as s:
            await s.tenant(talk.tenant_id).messages.update(made.id, conversation_id=other.id)


async def test_a_conversation_goes_with_its_messages(db: Database, talk: Conversation) -> None:
    t = db.tenant(talk.tenant_id)
    await t.messages.append_many([{"conversation_id": talk.id, "role": "user"}] * 3)
    assert await t.conversations.delete(talk.id)
    assert await t.messages.count() == 0


# ---- many at once -------------------------------------------------------------------------------


def said(talk: Conversation, **values: Any) -> dict[str, Any]:
    return {"conversation_id": talk.id, "role": "user", **values}


async def test_wrong_rows_are_named_and_nothing_is_written(
    db: Database, talk: Conversation
) -> None:
    rows = [said(talk, content=str(n)) for n in range(40)]
    rows[3]["role"] = "nobody"
    rows[17]["content"] = 5
    rows[18]["conversation_id"] = uuid7()
    rows[39]["input_tokens"] = -1
    t = db.tenant(talk.tenant_id)
    with pytest.raises(InvalidRows) as caught:
        await t.messages.append_many(rows)
    assert [fault["index"] for fault in caught.value.errors] == [3, 17, 18, 39]
    assert "role" in caught.value.errors[0]["reason"]
    assert caught.value.errors[1]["reason"] == "content must be str, not int."
    assert "conversation" in caught.value.errors[2]["reason"]
    assert await t.messages.count() == 0
    rows = [said(talk), said(talk, contents="x"), said(talk, contents="y")]
    with pytest.raises(InvalidRows) as caught:
        await t.messages.append_many(rows)
    assert [fault["index"] for fault in caught.value.errors] == [1, 2]
    assert "Did you mean 'content'?" in caught.value.errors[0]["reason"]


async def test_a_transaction_goes_on_after_a_wrong_batch(db: Database, talk: Conversation) -> None:
    async with db.tenant(talk.tenant_id) as t:
        await t.messages.append(**said(talk))
        with pytest.raises(InvalidRows):
            await t.messages.append_many([said(talk), said(talk, role="nobody")])
        await t.messages.append_many([said(talk), said(talk)])
    assert await db.tenant(talk.tenant_id).messages.count() == 3


async def test_no_more_wrong_rows_are_sought_than_anybody_reads(
    db: Database, talk: Conversation
) -> None:
    with pytest.raises(InvalidRows) as caught:
        await db.tenant(talk.tenant_id).messages.append_many([said(talk, role="x")] * 100)
    assert len(caught.value.errors) == 20


# ---- history ------------------------------------------------------------------------------------


async def test_history_pages_both_ways(db: Database, talk: Conversation) -> None:
    t = db.tenant(talk.tenant_id)
    made = [m.id for m in await t.messages.append_many([said(talk)] * 7)]
    newest = await t.messages.history(talk.id, limit=3)
    assert [m.id for m in newest] == made[:3:-1]
    older = await t.messages.history(talk.id, limit=4, before=newest.next)
    assert [m.id for m in older] == made[3::-1]
    assert older.next is None
    first = await t.messages.history(talk.id, limit=3, order="oldest")
    assert [m.id for m in first] == made[:3]
    rest = await t.messages.history(talk.id, after=first.next, order="oldest")
    assert [m.id for m in rest] == made[3:]
    assert await t.messages.history(talk.id, before=made[0]) == []
    assert [m.id async for m in t.messages.stream(talk.id, batch=2)] == made
    for wrong in ({"after": made[0]}, {"limit": 0}, {"order": "oldest", "before": made[0]}):
        with pytest.raises(InvalidInput):
            await t.messages.history(talk.id, **wrong)
    with pytest.raises(InvalidInput):
        await t.messages.history()


async def test_the_service_role_reads_a_history_too(db: Database, talk: Conversation) -> None:
    made = await db.tenant(talk.tenant_id).messages.append(**said(talk))
    async with db.service("test") as s:
        messages = s.tenant(talk.tenant_id).messages
        assert [m.id for m in await messages.history(talk.id)] == [made.id]
        await messages.append(**said(talk))
        assert len(await messages.history(talk.id)) == 2


@pytest.mark.parametrize("dense", [True, False])
async def test_history_is_exact_across_partitions(
    db: Database, place: Place, acme: Tenant, talk: Conversation, dense: bool
) -> None:
    """Messages of a year, in bursts, with every third week lacking a partition of its own."""
    now = datetime(2026, 6, 30, tzinfo=UTC)
    owner = await place.connection("owner")
    for week in range(53):
        if week % 3:
            moment = now - timedelta(weeks=week)
            await owner.fetchval("SELECT tenantry.add_partition('messages', 'week', $1)", moment)
    await owner.close()
    chance = random.Random(5)  # noqa: S311 - no secret
    t = db.tenant(acme.id)
    session = await make_session(db, acme)
    other = await t.conversations.start()
    moments = [
        now - timedelta(days=365 * chance.random() ** 3) for _ in range(300 if dense else 20)
    ]
    moments += [now - timedelta(days=200, microseconds=n * 300) for n in range(30)]
    rows = [
        said(talk, id=uuid7_at(m), session_id=session if n % 2 else None)
        for n, m in enumerate(moments)
    ]
    rows += [said(other, id=uuid7_at(m)) for m in moments]
    chance.shuffle(rows)
    await t.messages.append_many(rows)
    assert await parts_in_use(db, acme) > 5
    for where, mine in (
        ({"conversation_id": talk.id}, [r["id"] for r in rows if r["conversation_id"] == talk.id]),
        ({"session_id": session}, [r["id"] for r in rows if r.get("session_id")]),
    ):
        wanted = sorted(mine, reverse=True)
        for limit in (1, 7, 50):
            seen, before = [], None
            while True:
                page = await t.messages.history(**where, limit=limit, before=before)  # type: ignore[arg-type]
                seen += [m.id for m in page]
                before = page.next
                if before is None:
                    break
                assert len(page) == limit
            assert seen == wanted
        streamed = [m.id async for m in t.messages.stream(**where, batch=11)]
        assert streamed == wanted[::-1]
        edge = uuid7_at(now - timedelta(days=100))
        page = await t.messages.history(**where, before=edge, limit=5)  # type: ignore[arg-type]
        assert [m.id for m in page] == [i for i in wanted if i < edge][:5]


async def parts_in_use(db: Database, tenant: Tenant) -> int:
    async with db.tenant(tenant.id) as t:
        (row,) = await t.fetch(
            "SELECT count(DISTINCT tableoid) FROM messages WHERE tenant_id = $1", tenant.id
        )
    return int(row[0])


async def test_history_looks_into_the_partitions_it_needs(
    db: Database, place: Place, acme: Tenant, talk: Conversation
) -> None:
    """The newest page of a conversation of a year touches a few weeks, not all."""
    now = datetime(2026, 6, 30, tzinfo=UTC)
    owner = await place.connection("owner")
    for week in range(53):
        moment = now - timedelta(weeks=week)
        await owner.fetchval("SELECT tenantry.add_partition('messages', 'week', $1)", moment)
    t = db.tenant(acme.id)
    moments = [now - timedelta(hours=8 * n) for n in range(1000)]
    await t.messages.append_many([said(talk, id=uuid7_at(m)) for m in moments])
    admin = await place.connection("superuser")
    used = (
        "SELECT count(*) FILTER (WHERE coalesce(idx_scan, 0) > 0)"
        " FROM pg_stat_user_indexes WHERE indexrelname LIKE 'messages_%conversation_id_%'"
    )
    await owner.close()
    reader = await place.connection("app")
    await admin.execute("SELECT pg_stat_reset()")
    rows = await reader.fetch(
        "SELECT id FROM tenantry.messages_by_conversation($1, $2, NULL, 51, false)",
        acme.id,
        talk.id,
    )
    assert len(rows) == 51
    await reader.fetch("SELECT pg_stat_force_next_flush()")
    await reader.close()
    assert 1 <= await admin.fetchval(used) <= 8
    await admin.close()


async def test_messages_leave_no_line_of_their_conversation_and_changes_of_it_do(
    db: Database, acme: Tenant, talk: Conversation
) -> None:
    t = db.tenant(acme.id)
    await t.messages.append(conversation_id=talk.id, role="user", content="Hello")
    await t.conversations.rename(talk.id, "Renamed")
    await t.conversations.rename(talk.id, "Renamed")
    lines = await t.audit.of("conversations", talk.id)
    assert sorted(line.action for line in lines) == ["create", "update"]
    (update,) = (line for line in lines if line.action == "update")
    assert update.old_values == {"title": "Talk"}
    assert update.new_values == {"title": "Renamed"}
