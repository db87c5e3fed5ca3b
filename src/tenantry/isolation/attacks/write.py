"""Attacks that write into another tenant, or learn of it by writing."""

from __future__ import annotations

import io
from typing import Any

import asyncpg

from ..outcome import Outcome
from ..rows import Reference, Row, quoted
from .arena import TAKEN, Arena, Target
from .registry import Tries, attack
from .results import Trial


async def insert(
    arena: Arena, role: str, target: Target, row: Row, *, conflict: str = "", keep_id: bool = False
) -> Outcome:
    """Add a copy of a row, with the columns that the role may give."""
    allowed = await arena.allowed(role, target, "INSERT")
    kind = {c.name: c for c in target.relation.columns}
    # A copy gets an id of its own, unless the tenant is all that its key tells.
    anew = {
        c for c in target.relation.key if c != target.relation.tenant_column and kind[c].has_default
    }
    given = {
        n: v for n, v in row.items()
        if v is not None and (n in allowed or not allowed) and (keep_id or n not in anew)
    }  # fmt: skip
    names = ", ".join(map(quoted, given))
    places = ", ".join(f"${i}::text::{kind[n].type}" for i, n in enumerate(given, 1))
    return await arena.run(
        f"INSERT INTO {target.name} ({names}) VALUES ({places}){conflict}", *given.values()
    )


@attack(25, "The other's tenant_id")
async def into_another(arena: Arena) -> Tries:
    """The victim's own row once more, which the victim itself may add."""
    for role in arena.roles:
        for t in arena.targets(role):
            if t.relation.tenant_column is None:
                continue
            async with arena.scene(None):
                # So that no unique rule refuses it first.
                where, arguments = t.their_row()
                await arena.run(f"DELETE FROM {t.name} WHERE {where}", *arguments)
                await arena.act(role, arena.me)
                outcome = await insert(arena, role, t, t.theirs)
                yield Trial(
                    t.label, "" if outcome.refused else "a row in another tenant", t.control
                )


@attack(26, "Moving a row to it")
async def moving(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            column = t.relation.tenant_column
            if column is None:
                continue
            mine, arguments = t.my_row(2)
            kind = t.relation.column(column).type
            sql = f"UPDATE {t.name} SET {quoted(column)} = $1::text::{kind} WHERE {mine}"
            outcome = await arena.alone(role, arena.me, sql, arena.victim.id, *arguments)
            yield Trial(
                t.label, "a row moved into another tenant" if outcome.touched else "", t.control
            )
            # And the other way: to make the victim's one's own.
            where, arguments = t.their_row(2)
            sql = f"UPDATE {t.name} SET {quoted(column)} = $1::text::{kind} WHERE {where}"
            outcome = await arena.alone(role, arena.me, sql, arena.me.id, *arguments)
            yield Trial(
                t.label, "a row taken from another tenant" if outcome.touched else "", t.control
            )


@attack(27, "A child of the other's parent")
async def child_of_another(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            for reference in t.relation.references:
                if reference.columns == (t.relation.tenant_column,):
                    continue
                row = {"tenant_id": arena.me.id} if t.control else {**t.mine}
                pointed = _pointed(arena, t, reference)
                if pointed is None:
                    continue
                row |= {c: v for c, v in pointed.items() if c != t.relation.tenant_column}
                async with arena.scene(role, arena.me):
                    outcome = await insert(arena, role, t, row)
                    leak = "" if outcome.refused else "a row that points into another tenant"
                    yield Trial(f"{t.label}.{reference.name}", leak, t.control)
                allowed = await arena.allowed(role, t, "UPDATE")
                columns = [c for c in reference.columns if c in allowed]
                if not columns:
                    continue
                mine, key = t.my_row(len(columns) + 1)
                sets = ", ".join(
                    f"{quoted(c)} = ${n}::text::{t.relation.column(c).type}"
                    for n, c in enumerate(columns, 1)
                )
                sql = f"UPDATE {t.name} SET {sets} WHERE {mine}"
                outcome = await arena.alone(role, arena.me, sql, *(row[c] for c in columns), *key)
                leak = "a row that points into another tenant" if outcome.touched else ""
                yield Trial(f"{t.label}.{reference.name}", leak, t.control)


def _pointed(arena: Arena, target: Target, reference: Reference) -> Row | None:
    """The reference's columns as the victim's row would fill them."""
    if target.control:
        return {reference.columns[0]: target.theirs["id"]}
    theirs = arena.victim.rows.get(reference.target)
    relation = next((r for r in arena.relations if r.oid == reference.target), None)
    if theirs is None or relation is None:
        return None
    hidden = relation.tenant_column is not None or relation.name in _hidden(arena)
    if not hidden:
        return None
    pairs = zip(reference.columns, reference.target_columns, strict=True)
    return {c: theirs[p] for c, p in pairs}


def _hidden(arena: Arena) -> set[str]:
    """Tables of ours that have no tenant's column, and are not for all to read."""
    return {
        f'"tenantry"."{table.name}"'
        for table, model in arena.subject.models()
        if model.__access__.rows != "true"
    }


@attack(28, "Cascades")
async def by_cascade(arena: Arena) -> Tries:
    """Removing all of one's own rows, and looking what is left of the other's."""
    for role in arena.roles:
        targets = arena.targets(role)
        for t in targets:
            async with arena.scene(role, arena.me):
                mine, arguments = t.my_row()
                await arena.run(f"DELETE FROM {t.name} WHERE {mine}", *arguments)
                await arena.act(None)
                lost = [other for other in _referring(t, targets) if not await _there(arena, other)]
                leak = f"rows of {lost[0].label} of another tenant went with it" if lost else ""
                yield Trial(t.label, leak, t.control)


def _referring(parent: Target, targets: list[Target]) -> list[Target]:
    return [
        t for t in targets if any(r.target == parent.relation.oid for r in t.relation.references)
    ]


async def _there(arena: Arena, target: Target) -> bool:
    where, arguments = target.their_row()
    return bool((await arena.run(f"SELECT 1 FROM {target.name} WHERE {where}", *arguments)).touched)


@attack(29, "ON CONFLICT on the other's key")
async def on_conflict(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            if not t.relation.key:
                continue
            key = ", ".join(map(quoted, t.relation.key))
            column = (await arena.allowed(role, t, "UPDATE") or t.relation.key)[-1]
            conflict = (
                f" ON CONFLICT ({key}) DO UPDATE SET {quoted(column)} = EXCLUDED.{quoted(column)}"
            )
            column_of_tenant = t.relation.tenant_column
            # The same id, in one's own tenant and in the other's.
            mine = {**t.theirs, **({column_of_tenant: arena.me.id} if column_of_tenant else {})}
            for row in (mine,) if t.control else (mine, t.theirs):
                async with arena.scene(None):
                    before = await _state(arena, t)
                    await arena.act(role, arena.me)
                    outcome = await insert(arena, role, t, row, conflict=conflict, keep_id=True)
                    await arena.act(None)
                    changed = not outcome.refused and await _state(arena, t) != before
                    leak = (
                        "another tenant's row was changed"
                        if changed
                        else "that a value exists elsewhere"
                        if _tells(outcome, t)
                        else ""
                    )
                    yield Trial(t.label, leak, t.control)


def _tells(outcome: Outcome, target: Target) -> bool:
    """Whether a violation can have been about another tenant's row."""
    column = target.relation.tenant_column
    return outcome.sqlstate in TAKEN and any(
        column not in unique for unique in target.relation.unique
    )


async def _state(arena: Arena, target: Target) -> Any:
    """The victim's row as the administrator sees it, and when it was last written."""
    where, arguments = target.their_row()
    sql = f"SELECT t.xmin::text, t.cmin::text, to_jsonb(t)::text FROM {target.name} AS t WHERE {where}"
    rows = (await arena.run(sql, *arguments)).rows
    return [tuple(row) for row in rows]


@attack(30, "A unique violation as an oracle")
async def by_unique_violation(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            tenant = t.relation.tenant_column
            for unique in t.relation.unique:
                row = {} if t.control else dict(t.mine)
                row |= {c: t.theirs[c] for c in unique}
                row |= {tenant: arena.me.id} if tenant is not None else {}
                async with arena.scene(None):
                    if not t.control:  # where one's own goes, so does the other's
                        # One's own row is out of the way: what is refused is the other's value.
                        mine, arguments = t.my_row()
                        await arena.run(f"DELETE FROM {t.name} WHERE {mine}", *arguments)
                    await arena.act(role, arena.me)
                    outcome = await insert(arena, role, t, row, keep_id=True)
                    told = outcome.sqlstate in TAKEN and tenant not in unique
                    leak = "that a value exists elsewhere" if told else ""
                    yield Trial(f"{t.label} ({', '.join(unique)})", leak, t.control)


@attack(31, "COPY FROM")
async def by_copy(arena: Arena) -> Tries:
    """Bulk load: refused where row security holds for the role."""
    for role in arena.roles:
        for t in arena.targets(role):
            allowed = await arena.allowed(role, t, "INSERT") or tuple(
                c.name for c in t.relation.columns
            )
            kinds = {c.name: c for c in t.relation.columns}
            anew = {
                c for c in t.relation.key if c != t.relation.tenant_column and kinds[c].has_default
            }
            row: Row = {
                n: v
                for n, v in t.theirs.items()
                if n in allowed and v is not None and n not in anew
            }
            if t.control:
                row |= {
                    "id": t.mine["parent_id"] or "00000000-0000-4000-8000-000000000001",
                    "name": "another",
                }
            if not row:
                continue
            async with arena.scene(role, arena.me):
                yield Trial(t.label, await _copied_in(arena, t, row), t.control)


async def _copied_in(arena: Arena, target: Target, row: Row) -> str:
    text = "\t".join(
        (v or "").replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
        for v in row.values()
    )
    schema, _, table = target.label.partition(".")
    await arena.connection.command("SAVEPOINT copying")
    try:
        await arena.connection.raw.copy_to_table(
            table,
            schema_name=schema,
            columns=list(row),
            source=io.BytesIO(f"{text}\n".encode()),
            format="text",
        )
    except asyncpg.PostgresError:
        await arena.connection.command("ROLLBACK TO copying")
        return ""
    return "a row in another tenant"
