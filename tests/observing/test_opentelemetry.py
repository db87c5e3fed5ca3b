"""Spans of real work, on real servers."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

import tenantry
from tenantry.errors import InvalidInput, TenantryError
from tenantry.models import Tenant
from tenantry.observing.opentelemetry import OpenTelemetryTraces
from tests.fixtures.database import Place, make_tenant

from .conftest import Traced, Watched, attributes

KEY = "a key that nobody else has"


async def test_a_read_is_one_span(watched: Watched, acme: Tenant, place: Place) -> None:
    project = await watched.db.tenant(acme.id).projects.create(name="Apollo")
    watched.traced.clear()
    await watched.db.tenant(acme.id).projects.get(project.id)
    (span,) = watched.traced.spans
    assert (span.name, span.kind) == ("SELECT tenantry.projects", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    said = attributes(span)
    assert said.pop("server.address")
    said.pop("server.port", None)
    text = said.pop("db.query.text")
    assert "$1" in text
    assert "'" not in text
    assert said == {
        "db.system.name": "postgresql",
        "db.namespace": place.name,
        "db.operation.name": "SELECT",
        "db.query.summary": "SELECT tenantry.projects",
        "db.collection.name": "tenantry.projects",
        "db.response.returned_rows": 1,
        "tenantry.role": "app",
        "tenantry.server": "primary",
        "tenantry.readonly": True,
        "tenantry.tenant.id": str(acme.id),
    }


async def test_a_transaction_has_its_statements_below_it(watched: Watched, acme: Tenant) -> None:
    watched.traced.clear()
    with watched.traced.tracer.start_as_current_span("request") as request:
        async with watched.db.tenant(acme.id) as t:
            await t.fetch("SELECT name FROM tenantry.projects WHERE tenant_id = $1", acme.id)
            await t.execute("UPDATE tenantry.projects SET name = $1", "Apollo")
    first, second, transaction, _ = watched.traced.spans
    assert [first.name, second.name, transaction.name] == [
        "SELECT tenantry.projects", "UPDATE tenantry.projects", "transaction",
    ]  # fmt: skip
    assert transaction.kind is SpanKind.INTERNAL
    assert attributes(first)["db.collection.name"] == "tenantry.projects"
    assert _parent(first) == _parent(second) == transaction.get_span_context().span_id  # type: ignore[union-attr]
    assert _parent(transaction) == request.get_span_context().span_id
    assert len({span.get_span_context().trace_id for span in watched.traced.spans}) == 1  # type: ignore[union-attr]


async def test_an_error_is_told_by_its_state_alone(watched: Watched, acme: Tenant) -> None:
    watched.traced.clear()
    with pytest.raises(TenantryError) as caught:
        await watched.db.tenant(acme.id).fetch("SELECT 1 / $1::int", 0)
    statement, transaction = watched.traced.spans
    for span in (statement, transaction):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == caught.value.code
        assert attributes(span)["error.type"] == "22012"
        assert attributes(span)["db.response.status_code"] == "22012"
        assert not span.events


async def test_an_error_of_the_program(watched: Watched, acme: Tenant) -> None:
    watched.traced.clear()
    with pytest.raises(KeyError):
        async with watched.db.tenant(acme.id):
            raise KeyError("a secret")
    (span,) = watched.traced.spans
    assert attributes(span)["error.type"] == "KeyError"
    assert "secret" not in watched.traced.all_words()


async def test_each_attempt_is_a_span(watched: Watched, acme: Tenant) -> None:
    tries: list[int] = []

    async def work(t: tenantry.TenantTransaction) -> None:
        tries.append(1)
        if len(tries) == 1:
            await t.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    watched.traced.clear()
    await watched.db.run(acme.id, work)
    attempts = [span for span in watched.traced.spans if span.name == "transaction"]
    assert [attributes(span).get("error.type") for span in attempts] == ["40001", None]


async def test_parents_are_right_whatever_goes_on_at_once(watched: Watched, acme: Tenant) -> None:
    """Tasks of one `gather`, some of them cancelled in the middle, each with a span of its own."""
    watched.traced.clear()
    started: list[int] = []
    all_have = asyncio.Event()

    async def request(number: int) -> None:
        with watched.traced.tracer.start_as_current_span(f"request {number}"):
            async with watched.db.tenant(acme.id) as t:
                before = trace.get_current_span()
                await t.fetch(f"SELECT 1 AS request_{number}")
                started.append(number)
                if len(started) == 9:
                    all_have.set()
                if number % 3 == 0:
                    await t.fetch(f"SELECT pg_sleep(60) AS request_{number}")
                await asyncio.gather(
                    *(
                        watched.db.tenant(acme.id).fetch(f"SELECT 2 AS request_{number}")
                        for _ in range(2)
                    )
                )
                # The program's own spans are never ours.
                assert trace.get_current_span() is before

    tasks = [asyncio.create_task(request(number)) for number in range(9)]
    async with asyncio.timeout(30):
        await all_have.wait()
    for number in (0, 3, 6):
        tasks[number].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [n for n, r in enumerate(results) if r is not None] == [0, 3, 6]

    spans = {span.get_span_context().span_id: span for span in watched.traced.spans}  # type: ignore[union-attr]
    statements = [span for span in spans.values() if span.name.startswith("SELECT")]
    assert len(statements) == 9 + 3 + 6 * 2
    for span in statements:
        name = str(attributes(span)["db.query.text"]).rpartition("_")[2]
        transaction = spans[_parent(span)]
        assert transaction.name == "transaction"
        assert spans[_parent(transaction)].name == f"request {name}"
    cancelled = [span for span in spans.values() if attributes(span).get("tenantry.cancelled")]
    assert sorted(span.name for span in cancelled) == ["SELECT pg_sleep"] * 3 + ["transaction"] * 3
    assert all(span.status.status_code is StatusCode.UNSET for span in cancelled)


# ---- the tenant ----------------------------------------------------------------------------------


async def _told(place: Place, traced: Traced, observer: OpenTelemetryTraces) -> UUID:
    async with await tenantry.connect(settings=place.settings()) as db:
        tenant = (await make_tenant(db, f"t-{uuid4().hex[:8]}")).id
        db.observe(observer)
        async with db.tenant(tenant) as t:
            await t.fetch("SELECT 1")
        await db.tenant(tenant).projects.list(limit=1)
    return UUID(str(tenant))


async def test_a_tenant_is_hashed_if_asked(place: Place, traced: Traced) -> None:
    observer = OpenTelemetryTraces(traced.provider, tenant="hash", key=KEY)
    tenant = await _told(place, traced, observer)
    told = {attributes(span)["tenantry.tenant.hash"] for span in traced.spans}
    assert told == {observer.hash_of(tenant)}
    another = OpenTelemetryTraces(traced.provider, tenant="hash", key=f"{KEY}!")
    assert another.hash_of(tenant) not in told
    assert str(tenant) not in traced.all_words()
    assert tenant.hex not in traced.all_words()


async def test_a_tenant_is_not_told_if_asked(place: Place, traced: Traced) -> None:
    tenant = await _told(place, traced, OpenTelemetryTraces(traced.provider, tenant="none"))
    assert not any(
        name.startswith("tenantry.tenant") for s in traced.spans for name in attributes(s)
    )
    assert str(tenant) not in traced.all_words()


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(InvalidInput):
        OpenTelemetryTraces(tenant="name")  # type: ignore[arg-type]
    for key in ("", "short", b"short"):
        with pytest.raises(InvalidInput) as caught:
            OpenTelemetryTraces(tenant="hash", key=key)
        assert caught.value.fields["field"] == "key"


async def test_transactions_alone(place: Place, traced: Traced) -> None:
    await _told(place, traced, OpenTelemetryTraces(traced.provider, statements=False))
    assert "statement" not in {span.name for span in traced.spans}
    assert [span.name for span in traced.spans].count("transaction") >= 1
    assert not any("SELECT ?" in span.name for span in traced.spans)


def _parent(span: ReadableSpan) -> int:
    assert span.parent is not None
    return span.parent.span_id
