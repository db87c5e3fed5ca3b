"""A tenant leaves and comes back the same."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    PermissionDenied,
    ReferenceNotFound,
    TransferRefused,
)
from tenantry.models import Tenant
from tenantry.ops import demo, features, graphs, seals
from tenantry.ops.tenants import exporting, importing
from tests.audit.record import seal_all
from tests.fixtures.database import Place, _drop, make_tenant, make_user

from .whole import copy_of, mentions, purge, query, rows_of

DAY = date(2026, 11, 1)


@pytest.fixture
async def elsewhere(place: Place) -> AsyncIterator[Place]:
    there = await copy_of(place)
    yield there
    await _drop(there)


@pytest.fixture
async def company(place: Place) -> UUID:
    """The demo's first company, with something in nearly every table."""
    async with await tenantry.connect(settings=place.settings()) as db:
        await demo.seed(db, as_of=DAY)
        async with db.service("a test") as s:
            found = await s.tenants.by_slug("globex")
        assert found is not None
        return found.id


async def test_export_purge_import_gives_the_same_tenant_back(
    place: Place, db: Database, company: UUID, tmp_path: Path
) -> None:
    await seal_all(db)
    others = [
        r["id"]
        for r in await query(place, "SELECT id FROM tenantry.tenants WHERE id <> $1", company)
    ]
    untouched = [await rows_of(place, other) for other in others]
    await purge_ready(db, company)
    before = await rows_of(place, company)
    assert sum(map(len, before.values())) > 1000
    exported = await exporting.export(db, company, tmp_path / "out")
    assert exported.to_dict()["rows"] == sum(map(len, before.values()))
    await purge(db, company)
    assert set(await mentions(place, company)) == {"tenantry.platform_log"}

    done = await importing.import_(db, tmp_path / "out", owner_url=place.url("owner"))
    assert (done.tenant_id, done.users_made, done.entries_left) == (company, 0, 0)
    after = await rows_of(place, company)
    assert after == before
    assert [await rows_of(place, other) for other in others] == untouched
    strays = "SELECT count(*) FROM tenantry.messages_default"
    assert (await query(place, strays))[0][0] == 0
    # It works on: counters, quotas and the record with them.
    async with db.service("a test") as s:
        await s.tenants.resume(company)
    async with db.tenant(company) as t:
        await t.projects.create(name="After")
        assert (await t.account.usage()).current_projects == 3
    report = await verified(db)
    assert report.ok, report.findings


async def purge_ready(db: Database, tenant_id: UUID) -> None:
    """Deleted and sealed to its end, so that nothing of it changes any more."""
    async with db.service("a test") as s:
        await s.tenants.soft_delete(tenant_id)
    await seal_all(db, tenant_id=tenant_id)


async def verified(db: Database) -> Any:
    return await seals.verify(db)


async def test_a_copy_has_ids_of_its_own_wherever_one_is_named(
    place: Place, db: Database, tmp_path: Path
) -> None:
    acme = (await make_tenant(db, "acme")).id
    ada = await make_user(db, "ada@example.com", await db_tenant(db, acme))
    async with db.tenant(acme) as t:
        invited = await t.invitations.create("bob@example.com")
        top = await t.desks.create(code="a", title="A")
        under = await t.desks.create(code="b", title="B", reports_to_id=top.id)
        await t.desks.create(code="c", title="C", reports_to_id=under.id)
        talk = await t.conversations.create(user_id=ada.id)
        for n in range(20):
            await t.messages.create(conversation_id=talk.id, role="user", content=str(n))
        task = await t.tasks.create(title="One", assigned_to_desk_id=under.id)
        escaped = f"\b{task.id} \x1f{task.id} x-{task.id.hex} {str(task.id).upper()}"
        await t.tasks.update(
            task.id, metadata_={"see": [str(task.id)], "escaped": escaped, "who": str(ada.id)}
        )
    before = await rows_of(place, acme)
    await exporting.export(db, acme, tmp_path / "out")
    with pytest.raises(AlreadyExists):
        await importing.import_(db, tmp_path / "out", new_id=True)
    done = await importing.import_(db, tmp_path / "out", new_id=True, as_slug="copy")
    copy = await rows_of(place, done.tenant_id)
    assert await rows_of(place, acme) == before
    skipped = {"audit_logs", "audit_seals", "api_keys", "invitations"}
    # What was sent for one tenant lets nobody into the other.
    assert copy.get("invitations", []) == []
    offer = await db.accounts.invitation(invited.token)
    assert offer is not None
    assert offer.tenant_id == acme
    assert {t: len(r) for t, r in copy.items() if t not in skipped} == {
        t: len(r) for t, r in before.items() if t not in skipped
    }
    users = {r["id"] for r in await query(place, "SELECT id::text FROM tenantry.users")}
    own = {
        row["id"]: UUID(row["id"]).hex
        for table, rows in before.items()
        if table not in skipped
        for row in rows
        if "id" in row
    }
    assert not users & set(own)
    text = json.dumps({t: r for t, r in copy.items() if t not in skipped}).lower()
    assert not [i for i, digits in own.items() if i in text or digits in text]
    assert str(ada.id) in text
    # In the same order, and with the same shape of hierarchy.
    assert [r["content"] for r in copy["messages"]] == [r["content"] for r in before["messages"]]
    paths = [{len(r["path"].split(".")) for r in side["desks"]} for side in (before, copy)]
    assert paths[0] == paths[1]
    for desk in copy["desks"]:
        assert desk["path"].endswith(UUID(desk["id"]).hex)


async def db_tenant(db: Database, tenant_id: UUID) -> Tenant:
    async with db.service("a test") as s:
        return await s.tenants.get(tenant_id)


async def test_into_a_database_that_knows_none_of_its_members(
    place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    async with (
        await tenantry.connect(settings=place.settings()) as here,
        await tenantry.connect(settings=elsewhere.settings()) as there,
    ):
        acme = await make_tenant(here, "acme")
        ada = await make_user(here, "ada@example.com", acme)
        bob = await make_user(here, "bob@example.com", acme)
        async with here.service("a test") as s:
            await s.users.update(ada.id, role="admin", password_hash="$argon2id$x")
        other = await make_tenant(there, "other")
        known = await make_user(there, "BOB@example.com", other)
        async with here.tenant(acme.id) as t:
            await t.businesses.create(name="Of Bob", user_id=bob.id)
        await exporting.export(here, acme.id, tmp_path / "out")
        with pytest.raises(TransferRefused) as refused:
            await importing.import_(there, tmp_path / "out", make_users=False)
        assert refused.value.fields["emails"] == ["ada@example.com"]
        done = await importing.import_(there, tmp_path / "out")
        assert (done.users_found, done.users_made) == (1, 1)
        made = (
            await query(
                elsewhere, "SELECT role, password_hash FROM tenantry.users WHERE id = $1", ada.id
            )
        )[0]
        # Whatever she was on the other platform, here she is a user without a password.
        assert tuple(made) == ("user", None)
        async with there.tenant(acme.id) as t:
            assert {m.user_id for m in await t.memberships.list()} == {ada.id, known.id}
            assert [b.user_id for b in await t.businesses.list()] == [known.id]


async def test_what_was_changed_on_the_way_or_is_of_another_schema_is_refused(
    place: Place, db: Database, tmp_path: Path
) -> None:
    acme = await make_tenant(db, "acme")
    folder = tmp_path / "out"
    done = await exporting.export(db, acme.id, folder)
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    with pytest.raises(TransferRefused, match="not empty"):
        await exporting.export(db, acme.id, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    file = folder / done.manifest.file_of("workflows").file  # type: ignore[union-attr]
    good = file.read_bytes()
    for bad in (good[:-1], good.replace(b"todo", b"done", 1), good + b"{}\n"):
        file.write_bytes(bad)
        with pytest.raises(TransferRefused) as refused:
            await importing.import_(db, folder)
        assert refused.value.reason == "damaged"
    file.write_bytes(good)
    for change, reason in (
        ({"revisions": ["0000"]}, "revision"),
        ({"format": "tenantry-tenant-2"}, "format"),
        ({"users": {}}, "damaged"),
    ):
        (folder / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(TransferRefused) as refused:
            await importing.import_(db, folder)
        assert refused.value.reason == reason
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(AlreadyExists):
        await importing.import_(db, folder)
    with pytest.raises(TransferRefused, match="cannot be used"):
        await importing.import_(db, tmp_path / "nowhere")


async def test_rows_of_another_tenant_or_that_point_nowhere_put_nothing_in(
    place: Place, db: Database, tmp_path: Path
) -> None:
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    async with db.tenant(acme.id) as t:
        project = await t.projects.create(name="A")
        await t.tasks.create(title="One", project_id=project.id)
    folder = tmp_path / "out"
    await exporting.export(db, acme.id, folder)
    await purge(db, acme.id)
    manifest = json.loads((folder / "manifest.json").read_text())

    def forge(table: str, old: str, new: str) -> None:
        entry = next(e for e in manifest["tables"] if e["table"] == table)
        path = folder / entry["file"]
        path.write_text(path.read_text().replace(old, new))
        entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))

    forge("tasks", str(acme.id), str(beta.id))
    with pytest.raises(PermissionDenied):
        await importing.import_(db, folder)
    forge("tasks", str(beta.id), str(acme.id))
    forge("projects", str(project.id), str(beta.id))
    with pytest.raises(ReferenceNotFound):
        await importing.import_(db, folder)
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log"}


@pytest.mark.postgres("wheel")
async def test_the_graph_goes_with_its_tenant_and_is_made_anew(
    place: Place, db: Database, tmp_path: Path
) -> None:
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
    acme = await make_tenant(db, "acme")
    async with db.tenant(acme.id) as t:
        await t.tasks.create(title="One")
    async with db.service("a test") as s:
        await s.execute("SELECT tenantry.rebuild_graph($1)", acme.id)
    await exporting.export(db, acme.id, tmp_path / "out")
    assert (await purge(db, acme.id)).left == {}
    assert set(await mentions(place, acme.id)) == {"tenantry.platform_log"}
    done = await importing.import_(db, tmp_path / "out")
    assert done.graph
    begin = await db.serving("a test")
    assert (await graphs.compare(begin, acme.id)).ok
