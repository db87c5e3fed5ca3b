"""What a tenant's code does: one operation each, with what it must see.

A write changes the draft before it is sent, since it may have happened when its answer is lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tenantry import Tenant, TenantTransaction
from tenantry.errors import (
    InvalidInput,
    NotFound,
    PermissionDenied,
    QueryError,
    StatementTimeout,
    TenantryError,
)
from tenantry.models import Project

from .books import Deliberate, Draft, Leak, Stage, Wrong

Handle = Tenant | TenantTransaction
Deed = Callable[[Handle, Draft], Awaitable[None]]
BlockDeed = Callable[[TenantTransaction, Draft], Awaitable[None]]

#: Beyond this many projects a tenant removes some first.
_MANY = 12
_ALL = "SELECT tenant_id, id, name, description FROM tenantry.projects"


# ---- reading ------------------------------------------------------------------------------------


async def get_one(t: Handle, draft: Draft) -> None:
    known = draft.known_names()
    if known:
        draft.project(await t.projects.get(draft.ids[draft.rng.choice(known)]))


async def get_anothers(t: Handle, draft: Draft) -> None:
    if (key := draft.foreign_id()) is not None and (
        found := await t.projects.find(key)
    ) is not None:
        raise Leak(f"{draft.book.tag} got {found.name}")


async def list_all(t: Handle, draft: Draft) -> None:
    draft.projects(await t.projects.list(limit=1000))


async def list_in_pages(t: Handle, draft: Draft) -> None:
    if isinstance(t, TenantTransaction):
        draft.projects([p async for p in t.projects.iterate(batch=3)])


async def list_filtered(t: Handle, draft: Draft) -> None:
    draft.projects(await t.projects.list(Project.name != "", status="active", limit=1000))


async def count(t: Handle, draft: Draft) -> None:
    if (found := await t.projects.count()) != len(draft.rows):
        raise Wrong(f"{draft.book.tag} counted {found} projects of {len(draft.rows)}")


async def select(t: Handle, draft: Draft) -> None:
    """SQL of one's own that forgets the tenant."""
    rows = await t.fetch(_ALL)
    for row in rows:
        draft.mine_by_id(row["tenant_id"])
        draft.mine(row["name"], row["description"])
    draft.all_of(row["name"] for row in rows)


async def see_users(t: Handle, draft: Draft) -> None:
    for user in await t.users.list():
        draft.mine(user.name)


async def see_account(t: Handle, draft: Draft) -> None:
    draft.mine((await t.account.get()).name)
    draft.mine_by_id((await t.account.usage()).tenant_id)


async def see_record(t: Handle, draft: Draft) -> None:
    for line in await t.audit.list(resource_type="projects", limit=20):
        draft.mine_by_id(line.tenant_id)
        for values in (line.old_values, line.new_values):
            draft.mine((values or {}).get("name"), (values or {}).get("description"))


# ---- writing ------------------------------------------------------------------------------------


async def create(t: Handle, draft: Draft) -> None:
    name, description = draft.book.text(), draft.book.text()
    draft.rows[name] = description
    slug = name.replace(":", "-")
    draft.project(await t.projects.create(name=name, slug=slug, description=description))


async def create_many(t: Handle, draft: Draft) -> None:
    if len(draft.rows) > _MANY:
        return await remove(t, draft)
    new = {draft.book.text(): draft.book.text() for _ in range(draft.rng.randint(2, 4))}
    draft.rows.update(new)
    made = await t.projects.create_many([{"name": n, "description": d} for n, d in new.items()])
    for project in made:
        draft.project(project)


async def upsert(t: Handle, draft: Draft) -> None:
    name, description = f"{draft.book.tag}:settled", draft.book.text()
    draft.rows[name] = description
    made = await t.projects.upsert(on="slug", slug="settled", name=name, description=description)
    draft.project(made)


async def change(t: Handle, draft: Draft) -> None:
    known = draft.known_names()
    if known:
        name = draft.rng.choice(known)
        draft.rows[name] = description = draft.book.text()
        draft.project(await t.projects.update(draft.ids[name], description=description))


async def change_anothers(t: Handle, draft: Draft) -> None:
    if (key := draft.foreign_id()) is not None:
        with pytest.raises(NotFound):
            await t.projects.update(key, description=draft.book.text())


async def remove(t: Handle, draft: Draft) -> None:
    known = draft.known_names()
    for name in draft.rng.sample(known, min(len(known), 1 + len(known) // 2)):
        del draft.rows[name]
    gone = [draft.ids[name] for name in known if name not in draft.rows]
    if gone:
        touched = await t.execute("DELETE FROM tenantry.projects WHERE id = ANY ($1)", gone)
        if touched != len(gone):
            raise Wrong(f"{draft.book.tag} removed {touched} of {len(gone)}")


async def remove_anothers(t: Handle, draft: Draft) -> None:
    if (key := draft.foreign_id()) is not None and await t.projects.delete(key):
        raise Leak(f"{draft.book.tag} removed a project of another tenant")


async def insert(t: Handle, draft: Draft) -> None:
    """SQL of one's own that leaves the tenant to the database."""
    if len(draft.rows) > _MANY:
        return await remove(t, draft)
    name, description = draft.book.text(), draft.book.text()
    draft.rows[name] = description
    await t.execute(
        "INSERT INTO tenantry.projects (name, description) VALUES ($1, $2)", name, description
    )


async def update_all(t: Handle, draft: Draft) -> None:
    """SQL of one's own that forgets its WHERE."""
    description = draft.book.text()
    draft.rows = dict.fromkeys(draft.rows, description)
    touched = await t.execute("UPDATE tenantry.projects SET description = $1", description)
    if touched != len(draft.rows):
        raise Leak(f"{draft.book.tag} changed {touched} projects of {len(draft.rows)}")


async def note(t: Handle, draft: Draft) -> None:
    await t.audit.record("noted", "projects", by=draft.book.text())


READS: tuple[Deed, ...] = (
    get_one, get_one, get_anothers, list_all, list_in_pages, list_filtered, count, select,
    see_users, see_account, see_record,
)  # fmt: skip
WRITES: tuple[Deed, ...] = (
    create, create_many, upsert, change, change, change_anothers, remove, remove_anothers, insert,
    update_all, note,
)  # fmt: skip
DEEDS = READS + WRITES


# ---- within a block only ------------------------------------------------------------------------


async def stream(t: TenantTransaction, draft: Draft) -> None:
    names = []
    async for row in t.stream(_ALL, batch=2):
        draft.mine_by_id(row["tenant_id"])
        draft.mine(row["name"])
        names.append(row["name"])
    draft.all_of(names)


async def stumble(t: TenantTransaction, draft: Draft) -> None:
    """An error that the program swallows: after it the block cannot be committed."""
    draft.doomed = True
    error, sql, args = draft.rng.choice(_STUMBLES)(draft)
    timeout = 0.002 if "pg_sleep" in sql else None
    if timeout and draft.rng.random() < 0.5:
        await t.execute("SET LOCAL statement_timeout = 2")
        timeout = None
    with pytest.raises(error):
        await t.fetch(sql, *args, timeout=timeout)


_Stumble = Callable[[Draft], tuple[type[TenantryError], str, tuple[object, ...]]]
_STUMBLES: tuple[_Stumble, ...] = (
    lambda _: (QueryError, "SELECT nonsense FROM nowhere", ()),
    lambda _: (InvalidInput, "SELECT 1 / 0", ()),
    lambda _: (StatementTimeout, "SELECT pg_sleep(5)", ()),
    lambda _: (PermissionDenied, "CREATE TEMP TABLE mine (x int)", ()),
    lambda _: (PermissionDenied, "SET ROLE tenantry_service", ()),
    lambda _: (PermissionDenied, "SELECT password_hash FROM tenantry.users", ()),
    lambda d: (
        PermissionDenied,
        "INSERT INTO tenantry.projects (tenant_id, name) VALUES ($1, $2)",
        (d.rng.choice(d.others).id, d.book.text()),
    ),
)


async def meddle(t: TenantTransaction, draft: Draft) -> None:
    """The last thing a block does: SQL that outlives a transaction, from careless or hostile code.

    What the block itself sees from here on is its own doing; what matters is who comes next.
    """
    other = draft.rng.choice(draft.others).id
    sql = draft.rng.choice(MEDDLING).replace("OTHER", str(other))
    if sql.startswith("COMMIT"):
        draft.stage = Stage.ENDING
    await t.fetch(sql)


MEDDLING = (
    "SET app.tenant_id = 'OTHER'",
    "SET SESSION app.tenant_id TO 'OTHER'",
    "SELECT set_config('app.tenant_id', 'OTHER', false)",
    "DO $$ BEGIN PERFORM set_config('app.' || 'tenant_id', 'OTHER', false); END $$",
    "SET app.user_id = 'OTHER'",
    "RESET app.tenant_id",
    "RESET ALL",
    "SET search_path = pg_temp",
    "SET default_transaction_read_only = on",
    "SET statement_timeout = 20000",  # a shorter one would end the COMMIT now and then
    "SET ROLE tenantry_app",
    "PREPARE left_behind AS SELECT tenant_id, name FROM tenantry.projects",
    "DECLARE left_open CURSOR WITH HOLD FOR SELECT tenant_id, name FROM tenantry.projects",
    "LISTEN left_behind",
    "SELECT pg_try_advisory_lock(7)",
    "COMMIT",
)


async def rummage(t: TenantTransaction, draft: Draft) -> None:
    """Use what another block may have left behind; that there is none is an error, and fine."""
    sql = draft.rng.choice(("EXECUTE left_behind", "FETCH ALL FROM left_open"))
    found = []
    try:
        async with t.savepoint():
            found = await t.fetch(sql)
            raise Deliberate
    except (Deliberate, TenantryError):
        pass
    for row in found:
        draft.mine_by_id(row["tenant_id"])
        draft.mine(row["name"])


IN_BLOCKS: tuple[BlockDeed, ...] = (stream, stumble, rummage)
