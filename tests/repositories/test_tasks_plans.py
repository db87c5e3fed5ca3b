"""The questions asked of tasks go through their indexes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tenantry import Database
from tenantry.models import Task, Tenant
from tenantry.repositories import task_queries as queries
from tenantry.repositories.compiler import Compiler
from tests.fixtures.database import Place

_FILL = """INSERT INTO tenantry.tasks (tenant_id, title, labels, status)
SELECT tenantry.current_tenant_id(), 'Pay bill' || n, jsonb_build_array('l' || n % 500),
       CASE WHEN n % 100 = 0 THEN 'running' ELSE 'completed' END
FROM generate_series(1, 4000) AS n"""


@pytest.fixture
async def filled(db: Database, place: Place, acme: Tenant) -> Tenant:
    async with db.service("to fill") as s:
        await s.tenants.set_quotas(acme.id, max_tasks=None)
    await db.tenant(acme.id).execute(_FILL)
    admin = await place.connection("superuser")
    await admin.execute("ANALYZE tenantry.tasks")
    await admin.close()
    return acme


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The indexes a plan scans, and what it asks of each."""
    if "Index Name" in plan:
        yield plan["Index Name"], plan.get("Index Cond", "")
    for child in plan.get("Plans", ()):
        yield from scans(child)


def plan(answer: Any) -> dict[str, Any]:
    document = json.loads(answer) if isinstance(answer, str) else answer
    found: dict[str, Any] = document[0]["Plan"]
    return found


@pytest.mark.parametrize(
    ("function", "parameter", "value", "index"),
    [
        ("search_tasks", "query)", "'bill7')", "tasks_search_idx"),
        ("tasks_labelled", "? label", "? 'l7'", "tasks_labels_idx"),
    ],
)
async def test_search_functions_use_the_index_they_are_there_for(  # noqa: PLR0917
    place: Place, filled: Tenant, function: str, parameter: str, value: str, index: str
) -> None:  # fmt: skip
    admin = await place.connection("superuser")
    body = await admin.fetchval("SELECT prosrc FROM pg_proc WHERE proname = $1", function)
    body = body.replace(parameter, value).replace("many", "20")
    async with admin.transaction():
        # As the function's owner: its rights decide which indexes row security leaves.
        await admin.execute(
            f"SET LOCAL ROLE tenantry_search; SET LOCAL app.tenant_id = '{filled.id}'"
        )
        answer = await admin.fetchval(f"EXPLAIN (FORMAT JSON) {body}")
    await admin.close()
    # By the word asked for, not by the tenant alone.
    assert value.strip("?)' ") in dict(scans(plan(answer)))[index]


async def test_pages_trees_and_details_use_theirs(db: Database, filled: Tenant) -> None:
    compiler = Compiler(Task)
    questions = {
        "tasks_status_idx": compiler.page((), {"status": "running"}, "newest", False),
        "tasks_parent_id_idx": (queries.tree(), {}),
        "artifacts_task_id_idx": (queries.details(), {}),
    }
    async with db.tenant(filled.id) as t:
        (task,) = await t.tasks.list(limit=1)
        given = {"tenant_id": filled.id, "task_id": task.id, "page_limit": 50, "many": 50}
        # Tables that are all but empty are scanned whole unless that is dear.
        await t.execute("SET LOCAL enable_seqscan = off")
        for index, (statement, values) in questions.items():
            answer = await t.fetch_value(
                f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.arguments({**given, **values})
            )
            assert index in dict(scans(plan(answer)))


async def test_the_owner_of_the_tables_reads_no_row(
    db: Database, place: Place, acme: Tenant
) -> None:
    await db.tenant(acme.id).tasks.create(title="T")
    owner = await place.connection("owner")
    await owner.execute(f"SET app.tenant_id = '{acme.id}'")
    assert await owner.fetchval("SELECT count(*) FROM tenantry.tasks") == 0
    assert await owner.fetchval("SELECT count(*) FROM tenantry.users") == 0
    assert await owner.execute("UPDATE tenantry.tasks SET title = 'x'") == "UPDATE 0"
    await owner.close()
