"""Attacks on what all tenants of a server share: statistics, sequences, objects, other sessions."""

from __future__ import annotations

from .arena import DENIED, Arena
from .doors import FAILURES, Door, Visit
from .registry import Tries, attack
from .results import Trial


@attack(17, "pg_stats")
async def by_statistics(arena: Arena) -> Tries:
    """Samples of values are hidden where row security is active for the reader."""
    for role in arena.roles:
        decoy = arena.decoys[role].schema
        tables = [t.label.split(".") for t in arena.targets(role)]
        for schema, name in tables:
            sql = "SELECT 1 FROM pg_stats WHERE schemaname = $1 AND tablename = $2 LIMIT 1"
            outcome = await arena.alone(role, arena.me, sql, schema, name)
            leak = "samples of its values" if outcome.touched else ""
            yield Trial(f"{schema}.{name}", leak, schema == decoy)


_WATCHING = (
    "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query <> '<insufficient privilege>' LIMIT 1",
    "SELECT 1 FROM pg_stat_get_activity(NULL) LIMIT 1",
    "SELECT pg_stat_get_backend_activity(n) FROM generate_series(1, 3) AS n",
    "SELECT 1 FROM public.pg_stat_statements LIMIT 1",
)


@attack(18, "pg_stat_activity, pg_stat_statements and their functions")
async def by_activity(arena: Arena) -> Tries:
    for sql in _WATCHING:
        name = sql.partition(" FROM ")[2].split(" ")[0].split("(")[0]
        for role in arena.roles:
            outcome = await arena.alone(role, arena.me, sql)
            yield Trial(f"{role}: {name}", "what other sessions run" if outcome.touched else "")
    yield Trial(
        "administrator", "seen" if (await arena.run(_WATCHING[1])).touched else "", control=True
    )


@attack(19, "Sequences")
async def by_sequence(arena: Arena) -> Tries:
    for role in arena.roles:
        decoy = arena.decoys[role].schema
        sql = """
            SELECT format('%I.%I', n.nspname, c.relname) AS name, n.nspname = $2 AS control
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind = 'S' AND n.nspname = ANY ($1) ORDER BY 1"""
        found = await arena.run(sql, [*arena.subject.schemas, decoy], decoy)
        for name, control in found.rows:
            outcome = await arena.alone(role, arena.me, f"SELECT last_value FROM {name}")
            yield Trial(name, "how many rows others have added" if outcome.touched else "", control)


@attack(20, "Large objects")
async def by_large_object(arena: Arena) -> Tries:
    async with arena.scene(None):
        made = await arena.run("SELECT lo_from_bytea(0, 'x') AS oid")
        if made.refused:
            raise RuntimeError(made.message)
        oid = made.rows[0]["oid"]
        statements = (
            f"SELECT lo_get({oid})",
            f"SELECT loread(lo_open({oid}, 262144), 1)",
            f"SELECT lo_put({oid}, 0, 'y')",
            f"SELECT lo_unlink({oid})",
            "SELECT lo_create(0)",
            "SELECT lo_from_bytea(0, 'x')",
            f"SELECT data FROM pg_largeobject WHERE loid = {oid}",
        )
        for sql in statements:
            for role in arena.roles:
                await arena.act(role, arena.me)
                outcome = await arena.run(sql)
                leak = "an object that no policy covers" if not outcome.refused else ""
                yield Trial(f"{role}: {sql.split('(')[0].removeprefix('SELECT ')}", leak)
        await arena.act(None)
        yield Trial(
            "administrator",
            "read" if (await arena.run(statements[0])).touched else "",
            control=True,
        )


@attack(21, "Temporary tables")
async def by_temporary_table(arena: Arena) -> Tries:
    statements = (
        "CREATE TEMP TABLE left_behind (x int)",
        "SELECT 1 AS x INTO TEMP left_behind",
        "CREATE TEMP SEQUENCE left_behind",
        "CREATE TEMP VIEW left_behind AS SELECT 1",
    )
    for sql in statements:
        for role in arena.roles:
            outcome = await arena.alone(role, arena.me, sql)
            yield Trial(
                f"{role}: {sql[:24]}", "" if outcome.refused else "something the next one finds"
            )
    async with arena.scene(None):
        made = await arena.run(statements[0])
        yield Trial("administrator", "" if made.refused else "made", control=True)


@attack(
    24, "Catalog names and sizes",
    note="names and sizes of tables are told to everybody; none of them tells of a tenant",
)  # fmt: skip
async def by_catalog(arena: Arena) -> Tries:
    sql = """
        SELECT 1 FROM (SELECT relname::text AS name FROM pg_class UNION ALL SELECT nspname::text FROM pg_namespace
                       UNION ALL SELECT proname::text FROM pg_proc UNION ALL SELECT rolname::text FROM pg_roles
                       UNION ALL SELECT description FROM pg_description) AS c
        WHERE strpos(translate(c.name, '-_', ''), translate($1, '-_', '')) > 0
           OR strpos(translate(c.name, '-_', ''), translate($2, '-_', '')) > 0 LIMIT 1"""
    for role in arena.roles:
        outcome = await arena.alone(role, arena.me, sql, arena.victim.id, arena.victim.tag)
        yield Trial(f"{role}: catalog", "a name that tells of a tenant" if outcome.touched else "")
    async with arena.scene(None):
        schema = arena.decoys[arena.roles[0]].schema
        await arena.run(f'CREATE TABLE {schema}."of_{arena.victim.tag}" (x int)')
        found = await arena.run(sql, arena.victim.id, arena.victim.tag)
        yield Trial("a table named after a tenant", "found" if found.touched else "", control=True)


@attack(39, "Cancelling or terminating another's backend")
async def by_signal(arena: Arena) -> Tries:
    cancel = "SELECT pg_cancel_backend(pg_backend_pid())"
    may = "SELECT 1 FROM pg_proc AS f WHERE f.proname = $1 AND has_function_privilege(f.oid, 'EXECUTE') LIMIT 1"
    for role in arena.roles:
        outcome = await arena.alone(role, arena.me, cancel)
        yield Trial(
            f"{role}: pg_cancel_backend",
            "" if outcome.sqlstate == DENIED else "a statement was ended",
        )
        # Not tried: it would end the arena itself.
        outcome = await arena.alone(role, arena.me, may, "pg_terminate_backend")
        yield Trial(f"{role}: pg_terminate_backend", "it may be called" if outcome.touched else "")
    outcome = await arena.run(cancel)
    yield Trial("administrator", "" if outcome.sqlstate == DENIED else "ended", control=True)


@attack(46, "SET ROLE and SET SESSION AUTHORIZATION")
async def by_becoming(arena: Arena) -> Tries:
    rows = (await arena.run("SELECT rolname FROM pg_roles ORDER BY rolname")).rows
    others = [row["rolname"] for row in rows]
    for role in arena.roles:
        for other in others:
            if other in arena.roles:
                continue
            outcome = await arena.alone(role, arena.me, f'SET ROLE "{other}"')
            yield Trial(f"{role} as {other}", "" if outcome.refused else "it became another role")
    async with arena.scene(None):
        outcome = await arena.run(f'SET ROLE "{others[0]}"')
        yield Trial("administrator", "" if outcome.refused else "became", control=True)
    if arena.doors is None:
        return
    for role in arena.doors.urls:
        async with arena.doors.of(role) as (door, _):
            for other in others:
                if other != role:
                    leak = "it became another role" if await _becomes(door, other) else ""
                    yield Trial(f"{role} as {other}", leak)


async def _becomes(door: Door, name: str) -> bool:
    async def become(visit: Visit) -> object:
        return await visit.fetch(f'SET SESSION AUTHORIZATION "{name}"')

    try:
        await door.visit(None, become)
    except FAILURES:
        return False
    return True
