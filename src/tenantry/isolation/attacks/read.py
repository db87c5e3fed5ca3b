"""Attacks that read: rows, their number, or that they exist."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import asyncpg

from ..outcome import Outcome
from ..rows import quoted
from .arena import DENIED, Arena, Target
from .registry import Tries, attack
from .results import Trial

_PAST_GENERIC = 7


def _seen(target: Target, outcome: Outcome, what: str = "rows of another tenant") -> Trial:
    """A statement that asks for the victim's rows alone: whatever it returns is a leak."""
    return Trial(target.label, what if outcome.touched else "", target.control)


@attack(1, "All rows")
async def all_rows(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            where, arguments = t.of_theirs()
            column = t.relation.tenant_column
            if column is not None:
                kind = t.relation.column(column).type
                where = f"{quoted(column)} IS DISTINCT FROM $1::text::{kind}"
                arguments = [arena.me.id]
            sql = f"SELECT 1 FROM {t.name} WHERE {where} LIMIT 1"
            yield _seen(t, await arena.alone(role, arena.me, sql, *arguments))


@attack(2, "By the other's id")
async def by_id(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            for where, arguments in (t.their_row(), t.of_theirs()):
                sql = f"SELECT 1 FROM {t.name} WHERE {where}"
                yield _seen(t, await arena.alone(role, arena.me, sql, *arguments))
            if await arena.allowed(role, t, "SELECT") and not t.control:
                outcome = await arena.alone(role, arena.victim, sql, *arguments)
                leak = "seen" if outcome.touched else ""
                yield Trial(f"{t.label} by its own tenant", leak, control=True)


@attack(3, "Through a child or parent join")
async def by_join(arena: Arena) -> Tries:
    for role in arena.roles:
        targets = {t.relation.oid: t for t in arena.targets(role)}
        for t in targets.values():
            for reference in t.relation.references:
                parent = targets.get(reference.target)
                if parent is None:
                    continue
                pairs = zip(reference.columns, reference.target_columns, strict=True)
                on = " AND ".join(f"c.{quoted(a)} = p.{quoted(b)}" for a, b in pairs)
                where, arguments = parent.of_theirs()
                if t.control:  # its child's parent is the attacker's own
                    where, arguments = t.of_theirs()
                    where = f"c.{where}"
                else:
                    where = f"p.{where}"
                sql = f"SELECT 1 FROM {t.name} AS c JOIN {parent.name} AS p ON {on} WHERE {where}"
                yield _seen(t, await arena.alone(role, arena.me, sql, *arguments))


@attack(4, "Aggregates and EXISTS")
async def by_aggregate(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            where, arguments = t.of_theirs()
            sql = (
                f"SELECT count(*) FILTER (WHERE {where}) AS n,"
                f" EXISTS (SELECT FROM {t.name} WHERE {where}) AS there FROM {t.name}"
            )
            outcome = await arena.alone(role, arena.me, sql, *arguments)
            told = any(row["n"] or row["there"] for row in outcome.rows)
            yield Trial(t.label, "the number of another tenant's rows" if told else "", t.control)


@attack(5, "A partition directly")
async def by_partition(arena: Arena) -> Tries:
    for role in arena.roles:
        for schema, name, column, control in await partitions(arena, role):
            where = f"{quoted(column)}::text = $1" if column else "$1 <> ''"
            sql = f"SELECT 1 FROM {schema}.{quoted(name)} WHERE {where} LIMIT 1"
            outcome = await arena.alone(role, arena.me, sql, arena.victim.id)
            leak = "rows past the parent's policies" if outcome.touched else ""
            # What it may read it would read when there is something: the arena's rows lie in one of them.
            yield Trial(f"{schema}.{name}", leak, control)


async def partitions(arena: Arena, role: str) -> list[tuple[str, str, str | None, bool]]:
    decoy = arena.decoys[role].schema
    tenant = {(t.schema, t.name): t.column for t in arena.subject.tables}
    sql = """
        SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relispartition AND c.relkind IN ('r', 'p') AND n.nspname = ANY ($1) ORDER BY 1, 2"""
    rows = (await arena.run(sql, [*arena.subject.schemas, decoy])).rows
    return [(s, n, "tenant_id" if s == decoy else tenant.get((s, n)), s == decoy) for s, n in rows]


@attack(6, "Every view and function")
async def by_view_and_function(arena: Arena) -> Tries:
    for role in arena.roles:
        async for trial in _views(arena, role, "v"):
            yield trial
        for function in await callables(arena, role):
            yield await called(arena, role, function)


@attack(7, "Materialized views")
async def by_materialized_view(arena: Arena) -> Tries:
    for role in arena.roles:
        async for trial in _views(arena, role, "m"):
            yield trial


async def _views(arena: Arena, role: str, kind: str) -> Tries:
    decoy = arena.decoys[role].schema
    sql = """
        SELECT format('%I.%I', n.nspname, c.relname) AS name, n.nspname = $3 AS control
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind = $1::text::"char" AND n.nspname = ANY ($2) ORDER BY 1"""
    for name, control in (await arena.run(sql, kind, [*arena.subject.schemas, decoy], decoy)).rows:
        if kind == "m":
            outcome = await arena.alone(role, arena.me, f"SELECT 1 FROM {name} LIMIT 1")
            # One that was never filled says so only to those who may read it.
            leak = (
                "it may be read, and holds every tenant's rows"
                if outcome.sqlstate != DENIED
                else ""
            )
        else:
            sql_of_view = f"SELECT 1 FROM {name} AS v WHERE to_jsonb(v)::text ~ $1 LIMIT 1"
            words = f"{arena.victim.tag}|{arena.victim.id}"
            outcome = await arena.alone(role, arena.me, sql_of_view, words)
            leak = "rows of another tenant" if outcome.touched else ""
        yield Trial(name, leak, control)


async def callables(arena: Arena, role: str, *, definer: bool = False) -> list[Any]:
    """The functions a role may call, of the schemas in question and its decoy."""
    decoy = arena.decoys[role].schema
    sql = """
        SELECT format('%I.%I', n.nspname, f.proname) AS name, n.nspname = $2 AS control,
               ARRAY(SELECT format_type(t, NULL) FROM unnest(f.proargtypes) AS t) AS types,
               coalesce(f.proargnames, '{}') AS names, f.prosecdef AS definer
        FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE n.nspname = ANY ($1) AND f.prokind = 'f' AND has_function_privilege($3, f.oid, 'EXECUTE')
          AND has_schema_privilege($3, n.oid, 'USAGE') AND (f.prosecdef OR NOT $4)
          AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass
                          AND d.objid = f.oid AND d.deptype = 'e')
        ORDER BY 1"""
    schemas = [*arena.subject.schemas, decoy]
    return [*(await arena.run(sql, schemas, decoy, role, definer)).rows]


async def called(arena: Arena, role: str, function: Any) -> Trial:
    """With the victim's ids wherever an id goes, and its words wherever words go."""
    places = ", ".join(f"${n}::text::{kind}" for n, kind in enumerate(function["types"], 1))
    sql = f"SELECT to_jsonb(f)::text AS said FROM {function['name']}({places}) AS f"
    leak = ""
    async with arena.scene(role, arena.me):
        for arguments in guesses(arena, function):
            outcome = await arena.run(sql, *arguments)
            given = {str(a).lower() for a in arguments}
            words = {w for w in arena.victim.words() if w.lower() not in given}
            if not outcome.refused and (found := outcome.tells_of(words)):
                leak = f"{found} of another tenant"
                break
    return Trial(function["name"], leak, bool(function["control"]))


def guesses(arena: Arena, function: Any) -> list[list[str | None]]:
    """Arguments to try: the victim's tenant, and its rows. What runs with its owner's rights is tried
    with every one of them, the rest with those of the table it is named after."""
    kinds, victim = function["types"], arena.victim
    name = function["name"].rpartition(".")[2].strip('"')
    near = [
        victim.rows[r.oid].get("id")
        for r in arena.relations
        if r.oid in victim.rows and (function["definer"] or name.startswith(r.name.split('"')[-2]))
    ]
    ids = list(dict.fromkeys(i for i in [victim.id, *near] if i))
    if "uuid" not in kinds:
        ids = ids[:1]
    leading = kinds.count("uuid") > 1
    return [
        *(
            [
                victim.id if number == 0 and leading else _argument(kind, identity, victim.tag)
                for number, kind in enumerate(kinds)
            ]
            for identity in ids
        ),
        *_sought(arena, function),
    ]


def _sought(arena: Arena, function: Any) -> Iterator[list[str | None]]:
    """Where texts are all that a function asks for, those of the victim's row that has them."""
    names = function["names"][: len(function["types"])]
    if function["definer"] and set(function["types"]) == {"text"}:
        for row in arena.victim.rows.values():
            if all(row.get(name) for name in names):
                yield [row[name] for name in names]


def _argument(kind: str, identity: str, tag: str) -> str | None:
    if kind == "uuid":
        return identity
    if kind in ("integer", "bigint", "smallint", "numeric"):
        return "100"
    simple = {
        "boolean": "true",
        "jsonb": "{}",
        "json": "{}",
        "bytea": "\\x00",
        "text[]": f"{{{tag}}}",
    }
    return simple.get(kind, tag if kind in ("text", "character varying") else None)


@attack(8, "COPY TO")
async def by_copy(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            # Named by their key alone: the driver writes no arguments into COPY.
            keys = [c for c in (t.relation.tenant_column, *t.relation.key) if c]
            columns = ", ".join(dict.fromkeys(map(quoted, keys)))
            words = {str(t.theirs[c]).lower() for c in keys if t.theirs[c]}
            leak = ""
            for source in (f"{t.name} ({columns})", f"(SELECT {columns} FROM {t.name})"):
                async with arena.scene(role, arena.me):
                    said = await _copied(arena, source)
                if any(word in said for word in words):
                    leak = "rows of another tenant"
            yield Trial(t.label, leak, t.control)


async def _copied(arena: Arena, source: str) -> str:
    raw, output = arena.connection.raw, io.BytesIO()
    try:
        if source.startswith("("):
            await raw.copy_from_query(source[1:-1], output=output)
        else:
            table, _, columns = source.partition(" (")
            await raw._copy_out(f"COPY {table} ({columns} TO STDOUT", output, 10)  # type: ignore[attr-defined]
    except asyncpg.PostgresError as error:
        return str(error).lower()
    return output.getvalue().decode("utf-8", "replace").lower()


@attack(
    9, "A cursor", note="one WITH HOLD does not outlive its transaction: attack 45 looks for it"
)
async def by_cursor(arena: Arena) -> Tries:
    # A name of its own for each: what FETCH returns is described once for every text.
    numbers = count(1)
    for role in arena.roles:
        for t in arena.targets(role):
            column = t.relation.tenant_column or t.relation.key[0]
            theirs = str(t.theirs[column]).replace("'", "''")
            where = f"{quoted(column)} = '{theirs}'::{t.relation.column(column).type}"
            for hold in ("", " WITH HOLD"):
                name = f"peek_{next(numbers)}"
                async with arena.scene(role, arena.me):
                    await arena.run(
                        f"DECLARE {name} CURSOR{hold} FOR SELECT 1 FROM {t.name} WHERE {where}"
                    )
                    yield _seen(t, await arena.run(f"FETCH ALL FROM {name}"))


@attack(10, "RETURNING of a write on the other's id")
async def by_returning(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            where, arguments = t.their_row()
            column = await _changeable(arena, role, t)
            returned = ", ".join(map(quoted, t.relation.key)) or "1"
            for sql in (
                f"UPDATE {t.name} SET {column} = {column} WHERE {where} RETURNING {returned}",
                f"DELETE FROM {t.name} WHERE {where} RETURNING {returned}",
            ):
                yield _seen(
                    t,
                    await arena.alone(role, arena.me, sql, *arguments),
                    "a changed row of another tenant",
                )


async def _changeable(arena: Arena, role: str, target: Target) -> str:
    """A column the role may change, so that the rows are what refuses it."""
    allowed = await arena.allowed(role, target, "UPDATE")
    return quoted(
        (*(c for c in allowed if c != target.relation.tenant_column), *target.relation.key, "id")[0]
    )


@attack(11, "MERGE")
async def by_merge(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            where, arguments = t.their_row()
            column = await _changeable(arena, role, t)
            for action in ("DELETE", f"UPDATE SET {column} = t.{column}"):
                sql = f"MERGE INTO {t.name} AS t USING (SELECT 1) AS s ON {where} WHEN MATCHED THEN {action}"
                outcome = await arena.alone(role, arena.me, sql, *arguments)
                yield _seen(t, outcome, "a changed row of another tenant")


@attack(12, "FOR UPDATE and FOR SHARE")
async def by_lock(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            where, arguments = t.their_row()
            for strength in ("UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"):
                sql = f"SELECT 1 FROM {t.name} WHERE {where} FOR {strength} NOWAIT"
                yield _seen(t, await arena.alone(role, arena.me, sql, *arguments))


async def _again_as_me(arena: Arena, role: str, target: Target, times: int, plan: str) -> Trial:
    where, arguments = target.of_theirs()
    sql = f"SELECT 1 FROM {target.name} WHERE {where}"
    async with arena.scene(role, arena.victim):
        await arena.run(f"SET LOCAL plan_cache_mode = {plan}")
        for _ in range(times):
            await arena.run(sql, *arguments)
        await arena.act(role, arena.me)
        return _seen(target, await arena.run(sql, *arguments))


@attack(13, "A prepared statement run again under another context")
async def by_prepared(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            yield await _again_as_me(arena, role, t, 1, "auto")


@attack(14, "The same past the generic-plan threshold")
async def by_generic_plan(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            yield await _again_as_me(arena, role, t, 1, "force_generic_plan")
            if t.control or t.relation.key == ("tenant_id", "id"):
                yield await _again_as_me(arena, role, t, _PAST_GENERIC, "auto")


@attack(15, "A leaky function or error in a filter")
async def by_error(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            where, arguments = t.of_theirs()
            divided = f"SELECT 1 FROM {t.name} WHERE 1 / (CASE WHEN {where} THEN 0 ELSE 1 END) = 1"
            outcome = await arena.alone(role, arena.me, divided, *arguments)
            leak = (
                "an error that tells of another tenant's row" if outcome.sqlstate == "22012" else ""
            )
            yield Trial(t.label, leak, t.control)
            column = quoted(t.relation.tenant_column or t.relation.key[0])
            cast = f"SELECT 1 FROM {t.name} WHERE ('x' || {column}::text)::int = 1"
            outcome = await arena.alone(role, arena.me, cast)
            told = outcome.tells_of({str(arguments[0])})
            if not t.control:  # whose first row is the attacker's own
                yield Trial(t.label, f"an error with {told} in it" if told else "")


@attack(
    16, "EXPLAIN ANALYZE",
    note="how many rows a filter removed can be told by whoever writes SQL: a number, of nobody",
)  # fmt: skip
async def by_explain(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            where, arguments = t.of_theirs()
            sql = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1 FROM {t.name} WHERE {where}"
            outcome = await arena.alone(role, arena.me, sql, *arguments)
            rows = 0
            for row in outcome.rows:
                plan = row[0]
                rows += (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"][
                    "Actual Rows"
                ]
            yield Trial(t.label, "the number of another tenant's rows" if rows else "", t.control)
