"""The demo: a company at work, the same for everyone and the same again."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date
from typing import Any

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import InvalidInput
from tenantry.ids import time_of
from tenantry.models import metadata
from tenantry.ops import demo, partitions
from tenantry.ops.demo import load
from tests.fixtures.database import DAY, Place, make_tenant

wheel = pytest.mark.postgres("wheel")


async def rows(place: Place, sql: str) -> list[tuple[Any, ...]]:
    connection = await place.connection("superuser")
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def checksums(place: Place, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """A digest of every table but the platform's log, which says that the demo was asked for."""
    found = {}
    connection = await place.connection("superuser")
    try:
        for table in metadata.sorted_tables:
            if table.name == "platform_log":
                continue
            told = await connection.fetch(
                f"SELECT (to_jsonb(t) - $1::text[])::text FROM tenantry.{table.name} AS t ORDER BY 1",
                list(without),
            )
            digest = hashlib.sha256("\n".join(row[0] for row in told).encode()).hexdigest()
            found[table.name] = f"{len(told)} {digest}"
    finally:
        await connection.close()
    return found


@pytest.mark.demo
async def test_again_changes_nothing(db: Database, place: Place) -> None:
    before = await checksums(place)
    again = await demo.seed(db)
    assert again.as_of == DAY
    assert not any(again.created.values())
    assert await checksums(place) == before


async def test_the_counts_and_figures(db: Database, place: Place) -> None:
    """All that is promised of it, and every figure that the database keeps against a recount."""
    created = (await demo.seed(db, as_of=DAY)).created
    assert all(created.values())
    assert (created["tenants"], created["users"], created["projects"]) == (2, 10, 6)
    assert created["tasks"] >= 200
    assert created["task_dependencies"] >= 150

    by_level = "SELECT DISTINCT tenant_id, public.nlevel(path) FROM tenantry.desks"
    assert len(await rows(place, by_level)) == 8
    kinds = "SELECT tenant_id, count(DISTINCT agent_type) FROM tenantry.agents GROUP BY 1"
    assert [n for _, n in await rows(place, kinds)] == [11, 11]
    months = "SELECT tenant_id, count(DISTINCT billing_month) FROM tenantry.cost_entries GROUP BY 1"
    assert all(n >= 3 for _, n in await rows(place, months))
    assert await rows(place, _EMPTY_STAGES) == []

    assert [t.table for t in await partitions.status(place.url("service")) if t.strays] == []
    weeks = await rows(place, "SELECT DISTINCT tableoid FROM tenantry.messages")
    assert len(weeks) >= 13

    for what, recount in _RECOUNTS.items():
        assert await rows(place, recount) == [], what
    for what, contradiction in _CONTRADICTIONS.items():
        assert await rows(place, contradiction) == [], what


_EMPTY_STAGES = """
    SELECT w.tenant_id, w.name, s ->> 'name' FROM tenantry.workflows AS w, jsonb_array_elements(w.stages) AS s
    WHERE NOT EXISTS (SELECT FROM tenantry.tasks AS t WHERE t.tenant_id = w.tenant_id
                      AND t.workflow_id = w.id AND t.status = s ->> 'name'
                      AND t.state_category = s ->> 'category')"""

_RECOUNTS = {
    "usage": """
        SELECT u.tenant_id FROM tenantry.tenant_usage AS u
        WHERE (u.current_users, u.current_projects, u.current_desks, u.current_tasks) <> (
            (SELECT count(*) FROM tenantry.memberships AS x WHERE x.tenant_id = u.tenant_id),
            (SELECT count(*) FROM tenantry.projects AS x WHERE x.tenant_id = u.tenant_id),
            (SELECT count(*) FROM tenantry.desks AS x WHERE x.tenant_id = u.tenant_id),
            (SELECT count(*) FROM tenantry.tasks AS x WHERE x.tenant_id = u.tenant_id))""",
    "conversations": """
        SELECT c.id FROM tenantry.conversations AS c WHERE c.message_count = 0 OR c.message_count <>
            (SELECT count(*) FROM tenantry.messages AS m WHERE m.conversation_id = c.id)""",
    "sessions": """
        SELECT s.id FROM tenantry.agent_sessions AS s
        WHERE (s.message_count, s.input_tokens, s.output_tokens, s.cost_usd) <> (
            (SELECT count(*) FROM tenantry.messages AS m WHERE m.session_id = s.id),
            (SELECT coalesce(sum(x.input_tokens), 0) FROM (
                SELECT input_tokens, session_id FROM tenantry.messages UNION ALL
                SELECT input_tokens, session_id FROM tenantry.agent_executions) AS x WHERE x.session_id = s.id),
            (SELECT coalesce(sum(x.output_tokens), 0) FROM (
                SELECT output_tokens, session_id FROM tenantry.messages UNION ALL
                SELECT output_tokens, session_id FROM tenantry.agent_executions) AS x WHERE x.session_id = s.id),
            (SELECT coalesce(sum(x.cost_usd), 0) FROM (
                SELECT cost_usd, session_id FROM tenantry.messages UNION ALL
                SELECT cost_usd, session_id FROM tenantry.agent_executions) AS x WHERE x.session_id = s.id))""",
    "the sessions' expenses": """
        SELECT s.id, s.cost_usd, c.cost_usd FROM tenantry.agent_sessions AS s
        FULL JOIN (SELECT * FROM tenantry.cost_entries WHERE session_id IS NOT NULL) AS c ON c.id = s.id
        WHERE s.status <> 'active'
          AND (s.cost_usd, s.input_tokens) IS DISTINCT FROM (c.cost_usd, c.input_tokens::bigint)""",
    "agents": """
        SELECT a.id FROM tenantry.agents AS a
        WHERE (a.execution_count, a.success_count, a.total_execution_ms) <> (
            SELECT count(*), count(*) FILTER (WHERE e.status = 'success'), coalesce(sum(e.duration_ms), 0)
            FROM tenantry.agent_executions AS e
            WHERE e.agent_id = a.id AND e.status NOT IN ('pending', 'running'))
           OR abs(a.success_rate - a.success_count::float8 / a.execution_count) > 1e-9""",
}

_CONTRADICTIONS = {
    "begun before what it waits for was done": """
        SELECT t.title, o.title FROM tenantry.task_dependencies AS d
        JOIN tenantry.tasks AS t ON t.id = d.task_id JOIN tenantry.tasks AS o ON o.id = d.depends_on_id
        WHERE t.started_at IS NOT NULL
          AND (o.state_category <> 'done' OR o.completed_at > t.started_at)""",
    "out of order": """
        SELECT t.title FROM tenantry.tasks AS t
        WHERE t.created_at > t.started_at OR t.started_at > t.completed_at
           OR t.status_changed_at < coalesce(t.completed_at, t.started_at, t.created_at)
           OR (t.state_category NOT IN ('todo', 'failed')) <> (t.started_at IS NOT NULL)
              AND t.state_category <> 'failed'
           OR (t.state_category IN ('done', 'failed')) <> (t.completed_at IS NOT NULL)""",
    "a part of what is not its project's": """
        SELECT t.title FROM tenantry.tasks AS t JOIN tenantry.tasks AS p ON p.id = t.parent_id
        WHERE p.project_id <> t.project_id OR p.state_category = 'todo' AND t.state_category <> 'todo'
           OR p.state_category = 'done' AND t.state_category NOT IN ('done', 'failed')""",
    "completed past a review": """
        SELECT t.title FROM tenantry.tasks AS t JOIN tenantry.workflows AS w ON w.id = t.workflow_id
        WHERE w.name = 'agentdesk' AND t.status = 'completed' AND t.parent_id IS NOT NULL
          AND 4 <> (SELECT count(*) FROM tenantry.qa_reviews AS r WHERE r.task_id = t.id
                    AND r.verdict = 'passed' AND r.reviewed_at BETWEEN t.started_at AND t.completed_at)""",
    "run outside of its task's time": """
        SELECT t.title, e.agent_type FROM tenantry.agent_executions AS e JOIN tenantry.tasks AS t ON t.id = e.task_id
        WHERE e.started_at < t.started_at OR e.completed_at > t.completed_at OR e.duration_ms <= 0""",
    "in a session, but not while it lasted": """
        SELECT s.id FROM tenantry.agent_sessions AS s JOIN (
            SELECT session_id, created_at AS at FROM tenantry.messages UNION ALL
            SELECT session_id, completed_at FROM tenantry.agent_executions) AS x ON x.session_id = s.id
        WHERE x.at < s.started_at OR x.at > s.ended_at OR s.duration_ms > 3 * 3600 * 1000""",
    "the same title twice": """
        SELECT tenant_id, project_id, title FROM tenantry.tasks GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "a soft reference to nothing, or across tenants": """
        SELECT 'artifact', a.id FROM tenantry.artifacts AS a WHERE a.execution_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM tenantry.agent_executions AS e WHERE (e.tenant_id, e.id) = (a.tenant_id, a.execution_id))
        UNION ALL
        SELECT 'self review', r.id FROM tenantry.self_reviews AS r WHERE NOT EXISTS (
            SELECT FROM tenantry.agent_executions AS e WHERE (e.tenant_id, e.id) = (r.tenant_id, r.execution_id))
        UNION ALL
        SELECT 'link', l.id FROM tenantry.evidence_links AS l WHERE NOT EXISTS (
            SELECT FROM (SELECT tenant_id, id, 'evidence' AS kind FROM tenantry.evidence
                         UNION ALL SELECT tenant_id, id, 'execution' FROM tenantry.agent_executions
                         UNION ALL SELECT tenant_id, id, 'review' FROM tenantry.qa_reviews
                         UNION ALL SELECT tenant_id, id, 'approval' FROM tenantry.approvals) AS x
            WHERE (x.tenant_id, x.id, x.kind) = (l.tenant_id, l.target_id, l.target_type))
        UNION ALL
        SELECT 'activity', f.id FROM tenantry.activity_feed AS f WHERE NOT EXISTS (
            SELECT FROM tenantry.tasks AS t WHERE (t.tenant_id, t.id, t.project_id) = (f.tenant_id, f.task_id, f.project_id))
        UNION ALL
        SELECT 'cost', c.id FROM tenantry.cost_entries AS c WHERE
            c.task_id IS NOT NULL AND NOT EXISTS (SELECT FROM tenantry.tasks AS t WHERE (t.tenant_id, t.id) = (c.tenant_id, c.task_id))
            OR c.agent_id IS NOT NULL AND NOT EXISTS (SELECT FROM tenantry.agents AS t WHERE (t.tenant_id, t.id) = (c.tenant_id, c.agent_id))
            OR c.desk_id IS NOT NULL AND NOT EXISTS (SELECT FROM tenantry.desks AS t WHERE (t.tenant_id, t.id) = (c.tenant_id, c.desk_id))""",
}


@wheel
@pytest.mark.demo
async def test_each_tenant_sees_its_own(db: Database, place: Place) -> None:
    shown = demo.Demo(DAY)
    seen = {}
    for slug in shown.tenants:
        handle = db.tenant(shown.tenant(slug))
        titles = {task.title for task in await handle.tasks.list(limit=1000)}
        seen[slug] = titles
        assert await handle.tasks.search("battery" if slug == "acme" else "invoice")
    assert not seen["acme"] & seen["globex"]
    total = await rows(place, "SELECT count(*) FROM tenantry.tasks")
    assert total == [(sum(len(titles) for titles in seen.values()),)]


@wheel
async def test_an_interrupted_one_leaves_nothing_and_the_next_is_whole(
    db: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load._write

    async def breaks(s: Any, story: Any, model: Any) -> None:
        if model.__tablename__ == "messages":
            raise ConnectionResetError
        await whole(s, story, model)

    monkeypatch.setattr(load, "_write", breaks)
    with pytest.raises(ConnectionResetError):
        await demo.seed(db, as_of=DAY)
    assert await rows(place, "SELECT slug FROM tenantry.tenants") == []
    monkeypatch.undo()
    assert all((await demo.seed(db, as_of=DAY)).created.values())


#: Of what people see: changed before it was made, or while it was loaded.
_OUT_OF_TIME = " UNION ALL ".join(
    f"SELECT '{table}', id, created_at, updated_at FROM tenantry.{table}"
    f" WHERE updated_at < created_at OR updated_at = (SELECT max(l.created_at) FROM tenantry.audit_logs AS l)"
    for table in (
        "projects",
        "tasks",
        "agents",
        "desks",
        "agent_sessions",
        "conversations",
        "lessons",
        "evidence",
        "messages",
    )
)


@wheel
@pytest.mark.demo
async def test_what_is_missing_is_added(db: Database, place: Place) -> None:
    """As it was, but for the record of it and the times at which totals changed."""
    before = await checksums(place, without=("updated_at",))
    async with db.service("test") as s:
        assert await s.fetch(_OUT_OF_TIME) == []
    async with db.service("test") as s:
        await s.execute("DELETE FROM tenantry.conversations")
        await s.execute("DELETE FROM tenantry.knowledge_bases")
        await s.execute("DELETE FROM tenantry.activity_feed WHERE is_public")
    again = await demo.seed(db)
    for name in ("conversations", "messages", "knowledge_bases", "chunks", "activity_feed"):
        assert 0 < again.created[name] <= int(before[name].split()[0])
    after = await checksums(place, without=("updated_at",))
    del before["audit_logs"], after["audit_logs"]
    assert after == before


@wheel
@pytest.mark.demo
async def test_ids_follow_from_the_date(db: Database) -> None:
    shown = demo.Demo(DAY)
    async with db.service("test") as s:
        users, tenants = await s.users.list(limit=100), await s.tenants.list()
    assert {t.id for t in tenants} == {shown.tenant(slug) for slug in ("acme", "globex")}
    assert shown.person("june.park") in {u.id for u in users}
    tasks = await db.tenant(shown.tenant("acme")).tasks.list(limit=1000)
    born = [(row.id, row.created_at) for row in users] + [
        (row.id, row.created_at) for row in tenants
    ]
    born += [(task.id, task.created_at) for task in tasks]
    assert all(time_of(made) == created_at < shown.ago(0) for made, created_at in born)
    assert demo.Demo(date(2025, 1, 1)).tenant("acme") != shown.tenant("acme")


@wheel
@pytest.mark.demo
async def test_one_person_is_in_both(db: Database) -> None:
    shown = demo.Demo(DAY)
    lena = shown.person("lena.fischer")
    for slug, role in (("acme", "viewer"), ("globex", "admin")):
        membership = await db.tenant(shown.tenant(slug)).memberships.of(lena)
        assert membership is not None
        assert membership.role == role
    assert len(await db.tenant(shown.tenant("globex")).users.list()) == 4


@wheel
async def test_a_tenant_of_ones_own_is_left_alone(db: Database) -> None:
    await make_tenant(db, "globex")
    with pytest.raises(InvalidInput, match="not the demo's"):
        await demo.seed(db, as_of=DAY)
    async with db.service("test") as s:
        assert await s.users.list() == []


@wheel
async def test_prices_of_ones_own_are_left_alone(db: Database, place: Place) -> None:
    async with db.service("test") as s:
        await s.execute(
            "INSERT INTO tenantry.model_prices (provider, model, input_price, output_price, valid_from)"
            " VALUES ('openai', 'gpt-4o', 7, 7, '2020-01-01')"
        )
    assert (await demo.seed(db, as_of=DAY)).created["model_prices"] == 4
    own = "SELECT input_price::int, valid_until FROM tenantry.model_prices WHERE model = 'gpt-4o'"
    assert await rows(place, own) == [(7, None)]


@wheel
@pytest.mark.demo
async def test_another_date_is_refused_once_it_is_there(db: Database) -> None:
    with pytest.raises(InvalidInput, match="as of 2026-03-01") as caught:
        await demo.seed(db, as_of=date(2026, 3, 2))
    assert caught.value.fields["field"] == "as_of"


@wheel
async def test_two_at_once_make_one_demo(place: Place) -> None:
    async def one() -> int:
        async with await tenantry.connect(settings=place.settings()) as db:
            return sum((await demo.seed(db, as_of=DAY)).created.values())

    none, all_ = sorted(await asyncio.gather(one(), one()))
    assert none == 0 < all_


@wheel
async def test_without_the_owner_the_past_waits_to_be_sorted(place: Place) -> None:
    async with await tenantry.connect(settings=place.settings(owner_url=None)) as db:
        shown = await demo.seed(db, as_of=DAY)
    strays = {t.table: t.strays for t in await partitions.status(place.url("service"))}
    assert strays["messages"] == shown.created["messages"]
    assert await partitions.drain(place.url("owner"))
    assert not any(t.strays for t in await partitions.status(place.url("service")))
