"""Knowledge, and the credentials of its sources."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import tenantry
from tenantry import Database
from tenantry.config import InvalidSettings
from tenantry.errors import (
    AlreadyExists,
    ConfigurationError,
    InvalidInput,
    InvalidRows,
    NotFound,
    PermissionDenied,
    ReferenceNotFound,
    SecretUnreadable,
)
from tenantry.ids import uuid7
from tenantry.keyring import new_key
from tenantry.models import DataSource, KnowledgeBase, Tenant
from tenantry.ops.rotation import rotate
from tests.fixtures.database import Place

OLD, NEW = new_key(), new_key()
SECRET = {"token": "ghp_Tr0ub4dor", "nested": {"n": [1, None, "é"]}}


def keyed(place: Place, *keys: str) -> Any:
    return tenantry.connect(settings=place.settings(secret_keys=",".join(keys)))


@pytest.fixture
async def db(place: Place) -> AsyncIterator[Database]:
    async with await keyed(place, OLD) as database:
        yield database


@pytest.fixture
async def base(db: Database, acme: Tenant) -> KnowledgeBase:
    return await db.tenant(acme.id).knowledge.bases.create(name="Handbook")


@pytest.fixture
async def source(db: Database, base: KnowledgeBase) -> DataSource:
    return await db.tenant(base.tenant_id).knowledge.sources.create(
        knowledge_base_id=base.id, name="Code", source_type="github", credentials=SECRET
    )


# ---- bases, documents, chunks -------------------------------------------------------------------


async def test_a_base_its_documents_and_their_chunks(db: Database, base: KnowledgeBase) -> None:
    k = db.tenant(base.tenant_id).knowledge
    assert (await k.bases.by_name("Handbook")) is not None
    with pytest.raises(AlreadyExists):
        await k.bases.create(name="Handbook")
    page = await k.documents.create(knowledge_base_id=base.id, uri="a.md", title="A")
    with pytest.raises(AlreadyExists):
        await k.documents.create(knowledge_base_id=base.id, uri="a.md")
    made = await k.chunks.add_many(page.id, ["one", {"content": "two", "token_count": 2}])
    more = await k.chunks.add_many(page.id, ["three"])
    assert [c.ordinal for c in [*made, *more]] == [0, 1, 2]
    assert [c.content for c in await k.chunks.of(page.id)] == ["one", "two", "three"]
    await k.chunks.replace(page.id, ["four"])
    assert [(c.ordinal, c.content) for c in await k.chunks.of(page.id)] == [(0, "four")]
    assert (await k.documents.mark(page.id, "indexed")).status == "indexed"
    assert [d.id for d in await k.documents.of(base.id)] == [page.id]
    with pytest.raises(NotFound):
        await k.chunks.add_many(uuid7(), ["x"])
    with pytest.raises(InvalidRows):
        await k.chunks.add_many(page.id, ["fine", {"content": 3}])
    await k.bases.delete(base.id)
    assert await k.chunks.count() == 0


async def test_two_who_add_to_a_document_take_turns(db: Database, base: KnowledgeBase) -> None:
    k = db.tenant(base.tenant_id).knowledge
    page = await k.documents.create(knowledge_base_id=base.id, uri="a.md")
    await asyncio.gather(*(k.chunks.add_many(page.id, ["x", "y"]) for _ in range(10)))
    assert [c.ordinal for c in await k.chunks.of(page.id)] == list(range(20))


async def test_search_in_one_base_or_all_never_another_tenant_s(
    db: Database, base: KnowledgeBase, beta: Tenant
) -> None:
    k, theirs = db.tenant(base.tenant_id).knowledge, db.tenant(beta.id).knowledge
    second = await k.bases.create(name="Second")
    for where, home in (
        (k, base.id),
        (k, second.id),
        (theirs, (await theirs.bases.create(name="T")).id),
    ):
        page = await where.documents.create(knowledge_base_id=home, uri="a")
        await where.chunks.add_many(
            page.id, ["Deployments roll back", "Lunch", "A deployed deploy"]
        )
    assert len(await k.search("deploying")) == 4
    assert [c.content for c in await k.search("rolled", knowledge_base_id=base.id)] == [
        "Deployments roll back"
    ]
    assert (await k.search("deploy"))[0].content == "A deployed deploy"
    assert len(await k.search("deploy", limit=1)) == 1


# ---- credentials --------------------------------------------------------------------------------


async def everything(place: Place) -> str:
    """All that the database keeps in rows of these tables, as its superuser sees it."""
    admin = await place.connection("superuser")
    texts = [
        str(await admin.fetch(f"SELECT t::text FROM tenantry.{table} AS t"))
        for table in ("data_sources", "audit_logs", "platform_log")
    ]
    await admin.close()
    return "".join(texts)


async def test_credentials_are_nowhere_in_clear(
    db: Database, place: Place, source: DataSource
) -> None:
    sources = db.tenant(source.tenant_id).knowledge.sources
    assert await sources.credentials(source.id) == SECRET
    changed = await sources.update(source.id, credentials={"token": "ghp_0ther"}, location="x")
    listed = (await sources.list())[0]
    kept = await everything(place)
    told = json.dumps([vars(r) for r in (source, changed, listed)], default=str)
    for text in (kept, told, repr(source), repr(db), repr(db.keyring), str(db.settings)):
        for secret in ("ghp_Tr0ub4dor", "ghp_0ther", OLD):
            assert secret not in text
            assert secret.encode().hex() not in text
    assert "credentials" not in vars(listed)
    assert await sources.credentials(source.id) == {"token": "ghp_0ther"}


async def test_reading_and_changing_credentials_is_on_record(
    db: Database, source: DataSource
) -> None:
    t = db.tenant(source.tenant_id)
    await t.knowledge.sources.credentials(source.id)
    await t.knowledge.sources.update(source.id, credentials={"token": "x"})
    lines = await t.audit.list(resource_type="data_sources", order="oldest")
    assert [line.action for line in lines] == ["create", "read_credentials", "update"]
    assert lines[2].details == {"secrets_changed": ["credentials"]}


async def test_reading_them_is_on_record_for_a_suspended_tenant_too(
    db: Database, source: DataSource
) -> None:
    """It is read and not written, and who reads a secret never goes without a line."""
    async with db.service("test") as s:
        await s.tenants.suspend(source.tenant_id)
    t = db.tenant(source.tenant_id)
    assert await t.knowledge.sources.credentials(source.id) == SECRET
    assert len(await t.audit.list(resource_type="data_sources", action="read_credentials")) == 1


async def test_credentials_are_told_to_their_tenant_alone(
    db: Database, place: Place, source: DataSource, beta: Tenant
) -> None:
    with pytest.raises(NotFound):
        await db.tenant(beta.id).knowledge.sources.credentials(source.id)
    with pytest.raises(PermissionDenied):
        await db.tenant(source.tenant_id).fetch("SELECT credentials FROM data_sources")
    raw = await place.connection("app")
    assert await raw.fetchval("SELECT tenantry.data_source_credentials($1)", source.id) is None
    await raw.close()
    async with db.service("look") as s:
        assert await s.tenant(source.tenant_id).knowledge.sources.credentials(source.id) == SECRET
    bare = await db.tenant(source.tenant_id).knowledge.sources.create(
        knowledge_base_id=source.knowledge_base_id, name="Web", source_type="web"
    )
    assert await db.tenant(source.tenant_id).knowledge.sources.credentials(bare.id) is None


async def test_credentials_are_of_no_use_in_another_row(
    db: Database, place: Place, source: DataSource, beta: Tenant
) -> None:
    theirs = db.tenant(beta.id).knowledge
    home = await theirs.bases.create(name="T")
    other = await theirs.sources.create(
        knowledge_base_id=home.id, name="Mine", source_type="github", credentials={"token": "x"}
    )
    admin = await place.connection("superuser")
    await admin.execute(
        "UPDATE tenantry.data_sources SET credentials ="
        " (SELECT credentials FROM tenantry.data_sources WHERE id = $1) WHERE id = $2",
        source.id,
        other.id,
    )
    await admin.close()
    with pytest.raises(SecretUnreadable):
        await theirs.sources.credentials(other.id)


async def test_every_way_in_seals_them(db: Database, source: DataSource) -> None:
    sources = db.tenant(source.tenant_id).knowledge.sources
    home = {"knowledge_base_id": source.knowledge_base_id, "source_type": "api"}
    made = await sources.create_many(
        [{**home, "name": "A", "credentials": {"n": 1}}, {**home, "name": "B"}]
    )
    assert await sources.credentials(made[0].id) == {"n": 1}
    assert await sources.credentials(made[1].id) is None
    await sources.update(made[0].id, credentials=None)
    assert await sources.credentials(made[0].id) is None
    for wrong in (b"raw", "text", {"when": object()}):
        with pytest.raises(InvalidInput):
            await sources.update(made[0].id, credentials=wrong)
    with pytest.raises(InvalidInput):
        await sources.upsert(on="name", name="A", credentials={}, **home)
    assert (await sources.sync_started(made[0].id)).sync_status == "syncing"
    failed = await sources.sync_finished(made[0].id, error="no route")
    assert (failed.sync_status, failed.last_error) == ("failed", "no route")
    assert (await sources.sync_finished(made[0].id)).last_synced_at is not None
    with pytest.raises(ReferenceNotFound):
        await sources.create(knowledge_base_id=uuid7(), name="C", source_type="web")


async def test_without_a_key_or_with_a_wrong_one(place: Place, source: DataSource) -> None:
    async with await keyed(place) as bare:
        sources = bare.tenant(source.tenant_id).knowledge.sources
        with pytest.raises(ConfigurationError) as caught:
            await sources.credentials(source.id)
        assert caught.value.setting == "secret_keys"
        with pytest.raises(ConfigurationError):
            await sources.update(source.id, credentials={"a": 1})
        assert (await sources.get(source.id)).name == "Code"
    async with await keyed(place, NEW) as wrong:
        with pytest.raises(SecretUnreadable) as lost:
            await wrong.tenant(source.tenant_id).knowledge.sources.credentials(source.id)
        assert NEW not in str(lost.value)
    for bad in ("short", OLD + "x", f"{OLD},{NEW[:-2]}"):
        with pytest.raises(InvalidSettings) as told:
            place.settings(secret_keys=bad)
        assert OLD not in str(told.value)


async def test_rotation_brings_all_under_the_newest_key(
    db: Database, place: Place, source: DataSource, beta: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.ops.rotation.BATCH", 2)
    theirs = db.tenant(beta.id).knowledge
    home = await theirs.bases.create(name="T")
    rows = [
        {
            "knowledge_base_id": home.id,
            "name": f"S{n}",
            "source_type": "api",
            "credentials": {"n": n},
        }
        for n in range(5)
    ]
    made = await theirs.sources.create_many(rows)
    async with db.service("suspend") as s:
        await s.tenants.suspend(beta.id)  # even then
    async with await keyed(place, NEW, OLD) as both:
        told: list[int] = []
        done = await rotate(both, lambda so_far: told.append(so_far.seen))
        assert (done.seen, done.renewed, done.unreadable) == (6, 6, [])
        assert told == sorted(told)
        assert (await rotate(both)).renewed == 0
    async with await keyed(place, NEW) as fresh:
        assert (
            await fresh.tenant(source.tenant_id).knowledge.sources.credentials(source.id) == SECRET
        )
        own = fresh.tenant(beta.id).knowledge.sources
        assert [await own.credentials(x.id) for x in made] == [{"n": n} for n in range(5)]
    async with await keyed(place, new_key()) as wrong:
        done = await rotate(wrong)
        assert (done.renewed, len(done.unreadable)) == (0, 6)
