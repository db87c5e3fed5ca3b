"""Desks: whoever moves them, in whichever order, their paths are those of the hierarchy."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    CircularReference,
    InvalidRows,
    NotFound,
    QuotaExceeded,
    ReferenceNotFound,
    RuleViolated,
    SerializationFailure,
)
from tenantry.handles import Tenant as Handle
from tenantry.ids import uuid7
from tenantry.models import Desk, Tenant

_RECOUNT = """
WITH RECURSIVE tree AS (
    SELECT id, replace(id::text, '-', '') AS path FROM tenantry.desks WHERE reports_to_id IS NULL
    UNION ALL
    SELECT d.id, t.path || '.' || replace(d.id::text, '-', '')
    FROM tree AS t JOIN tenantry.desks AS d ON d.reports_to_id = t.id
)
SELECT d.id, d.path::text AS kept, t.path AS counted
FROM tenantry.desks AS d LEFT JOIN tree AS t ON t.id = d.id"""


async def agree(t: Handle) -> None:
    """Every path equals that of a walk from the top; what hangs in a circle is not reached by one."""
    for desk in await t.fetch(_RECOUNT):
        assert desk["kept"] == desk["counted"], desk["id"]


async def company(t: Handle, width: int = 2, depth: int = 3) -> list[Desk]:
    """A tree: the desk at place n reports to the one at (n - 1) // width."""
    made = [await t.desks.create(code="d0", title="Top")]
    for n in range(1, sum(width**level for level in range(depth))):
        above = made[(n - 1) // width].id
        made.append(await t.desks.create(code=f"d{n}", title=f"Desk {n}", reports_to_id=above))
    return made


def codes(desks: list[Desk]) -> list[str]:
    return [d.code for d in desks]


async def test_a_subtree_and_a_chain_of_command(db: Database, acme: Tenant, beta: Tenant) -> None:
    t = db.tenant(acme.id)
    desks = await company(t)
    await agree(t)
    placed = await t.desks.subtree(desks[1].id)
    assert [(p.desk.code, p.depth) for p in placed] == [("d1", 0), ("d3", 1), ("d4", 1)]
    assert placed[1].desk.path == (await t.desks.get(desks[3].id)).path
    assert codes(await t.desks.chain_of_command(desks[4].id)) == ["d4", "d1", "d0"]
    assert codes(await t.desks.chain_of_command(desks[0].id)) == ["d0"]
    assert (found := await t.desks.by_code("d4")) is not None
    assert (found.id, await t.desks.by_code("none")) == (desks[4].id, None)
    async with db.service("for a tenant") as s:
        assert len(await s.tenant(acme.id).desks.subtree(desks[1].id)) == 3
    for unknown in (uuid7(), desks[1].id):
        with pytest.raises(NotFound):
            await db.tenant(beta.id).desks.subtree(unknown)
        with pytest.raises(NotFound):
            await db.tenant(beta.id).desks.chain_of_command(unknown)


async def test_a_desk_moves_with_all_below_it(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    desks = await company(t)
    moved = await t.desks.move(desks[1].id, to=desks[6].id)
    assert moved.path == ".".join(d.id.hex for d in (desks[0], desks[2], desks[6], desks[1]))
    assert codes(await t.desks.chain_of_command(desks[4].id)) == ["d4", "d1", "d6", "d2", "d0"]
    await agree(t)
    await t.desks.move(desks[6].id, to=None)
    assert codes(await t.desks.chain_of_command(desks[4].id)) == ["d4", "d1", "d6"]
    await agree(t)


async def test_what_cannot_be_is_refused(db: Database, acme: Tenant, beta: Tenant) -> None:
    t = db.tenant(acme.id)
    desks = await company(t)
    for below in (0, 1, 3):
        with pytest.raises(CircularReference):
            await t.desks.move(desks[0].id, to=desks[below].id)
    own = uuid7()
    with pytest.raises(CircularReference):
        await t.desks.create(code="own", title="Own", id=own, reports_to_id=own)
    other = await db.tenant(beta.id).desks.create(code="d0", title="Other")
    with pytest.raises(ReferenceNotFound):
        await t.desks.move(desks[3].id, to=other.id)
    with pytest.raises(AlreadyExists):
        await t.desks.create(code="d0", title="Again")
    with pytest.raises(RuleViolated):
        await t.desks.create(code="no good", title="x")
    with pytest.raises(NotFound):
        await t.desks.move(uuid7(), to=None)
    await agree(t)


async def test_many_at_once_in_any_order(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    ids = [uuid7() for _ in range(6)]
    below_first = [
        {"id": key, "code": f"d{n}", "title": "T", "reports_to_id": ids[n - 1] if n else None}
        for n, key in reversed([*enumerate(ids)])
    ]
    made = await t.desks.create_many(below_first)
    assert [d.path.count(".") for d in made] == [5, 4, 3, 2, 1, 0]
    await agree(t)
    ring = [uuid7() for _ in range(3)]
    with pytest.raises(InvalidRows) as caught:
        await t.desks.create_many(
            [
                {"id": key, "code": f"r{n}", "title": "T", "reports_to_id": ring[n - 1]}
                for n, key in enumerate(ring)
            ]
        )
    assert isinstance(caught.value.__cause__, CircularReference)
    assert [fault["index"] for fault in caught.value.errors] == [0, 1, 2]
    assert await t.desks.count() == 6


async def test_wrong_rows_of_a_batch_are_named_with_their_own_reason(
    db: Database, acme: Tenant
) -> None:
    t = db.tenant(acme.id)
    boss, nobody, own = uuid7(), uuid7(), uuid7()
    rows: list[dict[str, Any]] = [
        {"code": "below", "title": "Fine: its boss comes later", "reports_to_id": boss},
        {"code": "lost", "title": "T", "reports_to_id": nobody},
        {"code": "not a code", "title": "T"},
        {"code": "boss", "title": "T", "id": boss},
        {"code": "lower", "title": "Fine as well", "reports_to_id": boss},
    ]
    with pytest.raises(InvalidRows) as caught:
        await t.desks.create_many(rows)
    assert caught.value.errors == [
        {"index": 1, "reason": "There is no such desk to report to."},
        {"index": 2, "reason": "A code is up to 63 letters, digits, hyphens and underscores."},
    ]
    assert "row 1" in caught.value.message
    rows += [{"code": "own", "title": "T", "id": own, "reports_to_id": own}]
    with pytest.raises(InvalidRows) as caught:
        await t.desks.create_many(rows)
    [fault] = caught.value.errors
    assert (fault["index"], "below itself" in fault["reason"]) == (5, True)
    with pytest.raises(AlreadyExists) as twice:
        await t.desks.create_many([rows[0], rows[3], {"code": "boss", "title": "T"}])
    assert [fault["index"] for fault in twice.value.fields["errors"]] == [2]
    assert await t.desks.count() == 0
    made = await t.desks.create_many([rows[0], rows[3], rows[4]])
    assert codes(made) == ["below", "boss", "lower"]
    await agree(t)


async def test_one_statement_that_moves_several(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    a, b, c, d = [await t.desks.create(code=x, title=x) for x in "abcd"]
    await t.desks.move(b.id, to=a.id)
    await t.desks.move(d.id, to=c.id)

    async def rewire(*pairs: tuple[Desk, Desk]) -> None:
        """In one statement, the first pair first."""
        await t.execute(
            "UPDATE tenantry.desks AS d SET reports_to_id = n.to_id"
            " FROM unnest($1::uuid[], $2::uuid[]) AS n (id, to_id) WHERE d.id = n.id",
            [pair[0].id for pair in pairs], [pair[1].id for pair in pairs],
        )  # fmt: skip

    # Each alone is fine; together they are a circle that no row shows before the statement's end.
    for pairs in (((a, d), (c, b)), ((c, b), (a, d))):
        with pytest.raises(CircularReference):
            await rewire(*pairs)
        await agree(t)
    await rewire((b, d), (c, a))
    assert codes(await t.desks.chain_of_command(b.id)) == ["b", "d", "c", "a"]
    await agree(t)


async def test_a_boss_who_goes_leaves_desks_at_the_top(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    desks = await company(t)
    await t.desks.delete(desks[1].id)
    await agree(t)
    assert codes(await t.desks.chain_of_command(desks[3].id)) == ["d3"]
    await t.execute("DELETE FROM tenantry.desks WHERE code IN ('d0', 'd2')")
    await agree(t)
    assert (await t.account.usage()).current_desks == await t.desks.count() == 4


async def test_nobody_writes_a_path(db: Database, acme: Tenant) -> None:
    t = db.tenant(acme.id)
    desk = await t.desks.create(code="a", title="A")
    before = desk.updated_at
    async with db.service("tries to") as s:
        await s.execute(
            "UPDATE tenantry.desks SET reports_to_id = NULL, path = 'x' WHERE id = $1", desk.id
        )
    assert (kept := await t.desks.get(desk.id)).path == desk.id.hex
    assert kept.updated_at > before


async def test_desks_have_a_quota(db: Database, acme: Tenant) -> None:
    async with db.service("limits") as s:
        await s.tenants.set_quotas(acme.id, max_desks=2)
    t = db.tenant(acme.id)
    rows = [{"code": f"c{n}", "title": "T"} for n in range(3)]
    with pytest.raises(QuotaExceeded):
        await t.desks.create_many(rows)
    await t.desks.create_many(rows[:2])
    with pytest.raises(QuotaExceeded):
        await t.desks.create(code="c3", title="T")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves=st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 12)), max_size=25))
async def test_any_moves_leave_paths_that_equal_a_recount(
    db: Database, acme: Tenant, moves: list[tuple[int, int | None]]
) -> None:
    t = db.tenant(acme.id)
    await t.execute("DELETE FROM tenantry.desks")
    desks = await company(t, width=3)
    boss: dict[UUID, UUID | None] = {d.id: d.reports_to_id for d in desks}
    for which, to in moves:
        moved, target = desks[which].id, None if to is None else desks[to].id
        above, seen = target, set()
        while above is not None:
            seen.add(above)
            above = boss[above]
        if moved in seen:
            with pytest.raises(CircularReference):
                await t.desks.move(moved, to=target)
        else:
            await t.desks.move(moved, to=target)
            boss[moved] = target
    await agree(t)
    assert {d.id: d.reports_to_id for d in await t.desks.list(limit=100)} == boss


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
async def test_two_moves_at_once_close_no_circle(
    db: Database, acme: Tenant, isolation: str
) -> None:
    t = db.tenant(acme.id)
    for n in range(5):
        a, b = [await t.desks.create(code=f"{x}{n}", title=x) for x in "ab"]
        below = await t.desks.create(code=f"c{n}", title="c", reports_to_id=b.id)

        async def move(this: Desk, to: Desk) -> None:
            async with db.tenant(acme.id, isolation=isolation) as inside:  # type: ignore[arg-type]
                await inside.desks.count()  # from here on its snapshot is taken
                await asyncio.sleep(0.01)
                await inside.desks.move(this.id, to=to.id)

        ended = await asyncio.gather(move(a, below), move(b, a), return_exceptions=True)
        errors = [e for e in ended if e is not None]
        assert len(errors) == 1
        assert isinstance(errors[0], (CircularReference, SerializationFailure))
        await agree(t)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
async def test_what_joins_a_subtree_that_moves_goes_with_it(
    db: Database, acme: Tenant, isolation: str
) -> None:
    t = db.tenant(acme.id)
    top, team = [await t.desks.create(code=x, title=x) for x in ("top", "team")]

    async def attempt(n: int) -> None:
        async with db.tenant(acme.id, isolation=isolation) as inside:  # type: ignore[arg-type]
            await inside.desks.count()
            await asyncio.sleep(0.01)
            if n % 2:
                await inside.desks.move(team.id, to=top.id if n % 4 == 1 else None)
            else:
                await inside.desks.create(code=f"j{n}", title="J", reports_to_id=team.id)

    ended = await asyncio.gather(*(attempt(n) for n in range(8)), return_exceptions=True)
    assert {type(e) for e in ended} <= {type(None), SerializationFailure}
    await agree(t)
