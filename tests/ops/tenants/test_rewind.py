"""One tenant set back to its copy in another database, while others go on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

import tenantry
from tenantry import Database
from tenantry.errors import NotFound, ReferenceNotFound, TransferRefused
from tenantry.ops import features, graphs
from tenantry.ops.tenants import rewinding
from tests.fixtures.database import Place, _drop, make_tenant, make_user

from .whole import copy_of, query, rows_of


async def _suspend(db: Database, tenant: UUID) -> None:
    async with db.service("a test") as s:
        await s.tenants.suspend(tenant)


async def _work(db: Database, tenant: UUID, user: UUID) -> dict[str, Any]:
    async with db.tenant(tenant) as t:
        project = await t.projects.create(name="A")
        kept = await t.tasks.create(title="Kept", project_id=project.id)
        gone = await t.tasks.create(title="Gone", project_id=project.id, assigned_to_user_id=user)
        await t.tasks.add_dependency(gone.id, on=kept.id)
        talk = await t.conversations.create(project_id=project.id)
        for n in range(5):
            await t.messages.create(conversation_id=talk.id, role="user", content=str(n))
    return {"project": project.id, "kept": kept.id, "gone": gone.id, "talk": talk.id}


async def test_what_changed_is_told_and_set_back(place: Place, db: Database) -> None:
    acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
    ada = await make_user(db, "ada@example.com", acme, beta)
    made = await _work(db, acme.id, ada.id)
    await _work(db, beta.id, ada.id)
    key = (await db.tenant(acme.id).api_keys.create(name="k")).key
    await db.close()
    there = await copy_of(place)
    try:
        async with await tenantry.connect(settings=place.settings()) as now:
            made |= {"acme": acme.id, "beta": beta.id, "key": key.id}
            await _go_on(now, place, there.url("service"), made)
    finally:
        await _drop(there)


async def _go_on(db: Database, place: Place, url: str, made: dict[str, Any]) -> None:
    acme, beta, key = made["acme"], made["beta"], made["key"]
    assert (await rewinding.rewind(db, acme, url)).differences == []
    then = await rows_of(place, acme)
    async with db.tenant(acme) as t:
        await t.tasks.delete(made["gone"])
        await t.tasks.update(made["kept"], title="Changed")
        await t.projects.create(name="New")
        await t.messages.create(conversation_id=made["talk"], role="user", content="late")
        await t.api_keys.revoke(key)
    async with db.tenant(beta) as t:
        await t.projects.create(name="Others go on")
    others = await rows_of(place, beta)
    now = await rows_of(place, acme)

    shown = await rewinding.rewind(db, acme, url)
    found = {d.table: (len(d.missing), len(d.changed), len(d.added)) for d in shown.differences}
    assert found == {
        "tasks": (1, 1, 0), "task_dependencies": (1, 0, 0), "projects": (0, 0, 1),
        "messages": (0, 0, 1), "conversations": (0, 1, 0), "tenant_usage": (0, 1, 0),
    }  # fmt: skip
    assert await rows_of(place, acme) == now
    with pytest.raises(TransferRefused) as refused:
        await rewinding.rewind(db, acme, url, apply=True)
    assert refused.value.reason == "status"

    await _suspend(db, acme)
    assert (await rewinding.rewind(db, acme, url, apply=True)).applied
    after = await rows_of(place, acme)
    stays = {*rewinding.STAYS, "audit_logs"}
    for table in set(then) - stays:
        assert after[table] == then[table], table
    # A key that was revoked since stays revoked, and the record goes on: it says what was done.
    assert after["api_keys"][0]["revoked_at"] is not None
    assert len(after["audit_logs"]) == len(now["audit_logs"]) + 1
    last = max(after["audit_logs"], key=lambda r: r["id"])
    assert last["action"] == "rewind"
    assert '"tasks": {"added": 0, "changed": 1, "missing": 1}' in last["details"]
    assert await rows_of(place, beta) == others
    assert (await rewinding.rewind(db, acme, url)).differences == []
    async with db.service("a test") as s:
        await s.tenants.resume(acme)
    async with db.tenant(acme) as t:
        await t.messages.create(conversation_id=made["talk"], role="user", content="on")
        assert (await t.conversations.get(made["talk"])).message_count == 6


async def test_what_points_at_what_is_not_there_undoes_all_of_it(
    place: Place, db: Database
) -> None:
    acme = await make_tenant(db, "acme")
    ada = await make_user(db, "ada@example.com", acme)
    made = await _work(db, acme.id, ada.id)
    await db.close()
    there = await copy_of(place)
    try:
        import tenantry

        async with await tenantry.connect(settings=place.settings()) as now:
            # The user is gone from the platform, so the membership cannot come back.
            await query(place, "DELETE FROM tenantry.users WHERE id = $1 RETURNING id", ada.id)
            await now.tenant(acme.id).tasks.update(made["kept"], title="Changed")
            await _suspend(now, acme.id)
            before = await rows_of(place, acme.id)
            with pytest.raises(ReferenceNotFound) as refused:
                await rewinding.rewind(now, acme.id, there.url("service"), apply=True)
            assert refused.value.constraint == "memberships_user_id_fkey"
            assert await rows_of(place, acme.id) == before
            beta = await make_tenant(now, "beta")
            with pytest.raises(NotFound):
                await rewinding.rewind(now, beta.id, there.url("service"))
    finally:
        await _drop(there)


async def test_who_joined_since_is_none_and_no_token_is_good_again(
    place: Place, db: Database
) -> None:
    acme = await make_tenant(db, "acme")
    invitations = db.tenant(acme.id).invitations
    withdrawn, accepted = [await invitations.create(f"{name}@x.org") for name in ("ann", "bob")]
    await db.close()
    there = await copy_of(place)
    try:
        async with await tenantry.connect(settings=place.settings()) as now:
            t = now.tenant(acme.id)
            await t.invitations.revoke(withdrawn.invitation.id)
            bob = await now.accounts.accept(accepted.token, password="correct horse battery")
            his = await t.api_keys.create(name="his", user_id=bob.user_id)
            later = await t.invitations.create("eve@x.org", invited_by=bob.user_id)
            await _suspend(now, acme.id)
            assert (await rewinding.rewind(now, acme.id, there.url("service"), apply=True)).applied
            async with now.service("a test") as s:
                await s.tenants.resume(acme.id)
            assert await now.standing(acme.id, bob.user_id) is None
            assert await now.authenticate_key(his.secret) is None
            for made in (withdrawn, accepted):
                assert await now.accounts.invitation(made.token) is None
            assert await now.accounts.invitation(later.token)
            assert {i.invited_by or i.accepted_by for i in await t.invitations.list()} == {None}
    finally:
        await _drop(there)


@pytest.mark.postgres("wheel")
async def test_its_graph_follows(place: Place, db: Database) -> None:
    acme = await make_tenant(db, "acme")
    ada = await make_user(db, "ada@example.com", acme)
    made = await _work(db, acme.id, ada.id)
    await db.close()
    there = await copy_of(place)
    try:
        await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
        async with await tenantry.connect(settings=place.settings()) as now:
            begin = await now.serving("a test")
            await graphs.rebuild(begin, acme.id)
            await now.tenant(acme.id).tasks.delete(made["gone"])
            await _suspend(now, acme.id)
            done = await rewinding.rewind(now, acme.id, there.url("service"), apply=True)
            assert done.graph
            assert (await graphs.compare(begin, acme.id)).ok
    finally:
        await _drop(there)
