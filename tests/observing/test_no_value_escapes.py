"""What tenants store, and what logs in, is in no span and in no metric."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan

from tenantry.errors import TenantryError
from tenantry.models import Tenant
from tenantry.observing.statements import described
from tenantry.schema.roles import LOGINS
from tests.fixtures.database import Place

from .conftest import Watched, attributes
from .specification import written

#: No name of ours, and nothing that a parameter's number could be.
MARKERS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
).map(lambda text: f"mark{text}er")


@given(MARKERS)
def test_a_text_is_told_without_its_values(marker: str) -> None:
    quoted, escaped = marker.replace("'", "''"), marker.replace("\\", "\\\\").replace("'", "\\'")
    for sql in (
        f"SELECT * FROM tenantry.projects WHERE name = '{quoted}' AND id = $1",
        f"INSERT INTO tenantry.projects (name) VALUES (E'{escaped}')",
        f"UPDATE tenantry.projects SET name = '{quoted}' -- {marker.splitlines()[0]}\n WHERE id = $1",
    ):
        said = described(sql)
        if "\\'" in quoted and "E'" not in sql:
            assert "…" in said.text  # nobody can know where it ends: all of it is left out
        for words in (said.text, said.summary):
            assert "mark" not in words
        assert "projects" in said.summary


def test_numbers_and_dollars() -> None:
    said = described("SELECT $body$ secret $body$, 4711, 'x' FROM tasks WHERE a = $1 AND b = $2")
    assert said.text == "SELECT ?, … FROM tasks WHERE a = $1 AND b = $2"
    assert (said.operation, said.table, said.function) == ("SELECT", "tasks", "")


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ("SELECT * FROM tenantry.tasks_get($1, $2)", "SELECT tenantry.tasks_get"),
        ("SELECT tenantry.refresh_all_views()", "SELECT tenantry.refresh_all_views"),
        ("INSERT INTO tasks (id) SELECT id FROM others", "INSERT tasks"),
        ("UPDATE ONLY tasks SET a = 1", "UPDATE tasks"),
        ("DELETE FROM \"Odd Name\" WHERE true", 'DELETE "Odd Name"'),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "SELECT a"),
        ("CALL tidy($1)", "CALL tidy"),
        ("VALUES (1)", "VALUES"),
        ("", ""),
    ],
)  # fmt: skip
def test_few_words_for_a_statement(sql: str, summary: str) -> None:
    assert described(sql).summary == summary


async def test_work_with_marked_values(watched: Watched, acme: Tenant, place: Place) -> None:
    marks = [f"mark-{uuid4().hex}" for _ in range(6)]
    t = watched.db.tenant(acme.id)
    await t.projects.create(name=marks[0], slug=marks[1])
    with suppress(TenantryError):  # whose message may say what there was already
        await t.projects.create(name=marks[0], slug=marks[1])
    await t.fetch("SELECT $1::text", marks[2])
    await t.fetch(f"SELECT '{marks[3]}', $${marks[3]}$$")
    for wrong in ("int", "uuid", "no_such_type"):
        with pytest.raises(TenantryError):
            await t.fetch(f"SELECT '{marks[4]}'::{wrong}")
        with pytest.raises(TenantryError):
            await t.fetch_one(f"SELECT $1::text::{wrong}", marks[4])
    with pytest.raises(RuntimeError):
        async with watched.db.tenant(acme.id) as within:
            await within.execute_many("SELECT $1::text", [(marks[5],)])
            async for _ in within.stream("SELECT $1::text", marks[5]):
                pass
            raise RuntimeError(marks[5])
    told = "\n".join([watched.traced.all_words(), *written(watched.registry)])
    secrets = [quote(place.server.password(role), safe="") for role in LOGINS]
    for word in (*marks, *secrets, acme.slug, acme.name):
        assert word not in told
    # Metrics say nothing of who it was either.
    assert not any(str(acme.id) in text for text in written(watched.registry))
    assert any(_of(span, acme) for span in watched.traced.spans)


def _of(span: ReadableSpan, tenant: Tenant) -> bool:
    return attributes(span).get("tenantry.tenant.id") == str(tenant.id)
