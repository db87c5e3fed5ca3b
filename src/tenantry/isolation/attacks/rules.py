"""Attacks on what stands above the rows: tables as such, names, partitions, plans, and the record."""

from __future__ import annotations

from tenantry.models.base import AppendOnly

from ..outcome import Outcome
from ..rows import quoted
from .arena import Arena, Target
from .read import partitions
from .registry import Tries, attack
from .results import Trial
from .write import insert

#: Columns by which somebody would raise what they may do.
_RAISING = (
    "plan",
    "status",
    "role",
    "max_%",
    "current_%",
    "%_quota",
    "stripe_%",
    "owner_user_id",
    "is_admin",
    "platform_role",
)


@attack(32, "TRUNCATE")
async def by_truncate(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            outcome = await arena.alone(role, arena.me, f"TRUNCATE {t.name}")
            yield Trial(t.label, "" if _forbidden(outcome) else "the table was emptied", t.control)


def _forbidden(outcome: Outcome) -> bool:
    """Refused for want of a right, and not because of another's lock or a reference."""
    return outcome.sqlstate in ("42501", "TN007")


@attack(
    33, "LOCK TABLE",
    note="whoever may write to a table may lock it: timeouts of the role and the pool bound that",
)  # fmt: skip
async def by_lock(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            writes = any([await arena.allowed(role, t, p) for p in ("INSERT", "UPDATE")])
            sql = f"LOCK TABLE {t.name} IN ACCESS EXCLUSIVE MODE NOWAIT"
            if writes and not t.control:
                continue
            outcome = await arena.alone(role, arena.me, sql)
            yield Trial(
                t.label, "" if outcome.refused else "a lock without a right to write", t.control
            )


_ALTERING = (
    "CREATE TRIGGER more BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE more AS ON INSERT TO {} DO INSTEAD NOTHING",
    "CREATE POLICY more ON {} USING (true)",
    "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "ALTER TABLE {} ADD COLUMN more int",
    "CREATE INDEX ON {} ((1))",
    "DROP TABLE {} CASCADE",
)


@attack(34, "CREATE TRIGGER, RULE, POLICY; ALTER")
async def by_altering(arena: Arena) -> Tries:
    for role in arena.roles:
        for t in arena.targets(role):
            for sql in _ALTERING:
                outcome = await arena.alone(role, arena.me, sql.format(t.name))
                if t.control and outcome.refused:
                    continue  # an owner may not do all of them everywhere
                leak = (
                    "" if outcome.refused else f"{sql.split(' {')[0].split(' ON')[0]} was allowed"
                )
                yield Trial(t.label, leak, t.control)


@attack(35, "Shadowing through search_path and pg_temp")
async def by_shadowing(arena: Arena) -> Tries:
    """Names that functions and policies use, made again where they would be looked up first."""
    rows = (
        await arena.run("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'")
    ).rows
    schemas = ["pg_temp", *(row["nspname"] for row in rows)]
    for role in arena.roles:
        decoy = arena.decoys[role].schema
        for schema in schemas:
            if schema.startswith("prove_decoy_") and schema != decoy:
                continue
            for sql in (
                f"CREATE FUNCTION {quoted(schema)}.current_tenant_id(int) RETURNS uuid LANGUAGE sql RETURN NULL::uuid",
                f"CREATE TABLE {quoted(schema)}.new_rows (x int)",
            ):
                outcome = await arena.alone(role, arena.me, sql)
                leak = "" if outcome.refused else "something that others will call"
                yield Trial(f"{role}: {schema}", leak, schema == decoy)
        for t in arena.targets(role):
            where, arguments = t.of_theirs()
            async with arena.scene(role, arena.me):
                await arena.run("SET LOCAL search_path = pg_temp, public")
                outcome = await arena.run(f"SELECT 1 FROM {t.name} WHERE {where}", *arguments)
                yield Trial(t.label, "rows of another tenant" if outcome.touched else "", t.control)


@attack(36, "Into a partition directly")
async def into_partition(arena: Arena) -> Tries:
    for role in arena.roles:
        for schema, name, column, control in await partitions(arena, role):
            table = f"{schema}.{quoted(name)}"
            key = quoted(column or "id")
            for sql in (
                f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
                f"UPDATE {table} SET {key} = {key} WHERE {key}::text = $1",
                f"DELETE FROM {table} WHERE {key}::text = $1",
            ):
                arguments = (arena.victim.id,) if "$1" in sql else ()
                outcome = await arena.alone(role, arena.me, sql, *arguments)
                # Allowed is enough: it is past the parent's triggers and policies.
                leak = "" if outcome.refused else "a write past the parent's policies"
                yield Trial(f"{schema}.{name}", leak, control)


@attack(37, "Raising one's own plan, quota or role")
async def by_raising(arena: Arena) -> Tries:
    known = _decided_by_the_platform(arena)
    for role in arena.roles:
        for t in arena.targets(role):
            if not t.control and t.label.partition(".")[2] not in known:
                continue
            mine, arguments = t.my_row()
            for column in await _raising(arena, t):
                sql = f"UPDATE {t.name} SET {quoted(column)} = {quoted(column)} WHERE {mine}"
                outcome = await arena.alone(role, arena.me, sql, *arguments)
                leak = "" if outcome.refused else "it may be changed by those it limits"
                yield Trial(f"{t.label}.{column}", leak, t.control)


def _decided_by_the_platform(arena: Arena) -> set[str]:
    """Tables that say what a tenant or a user may do; elsewhere `status` is anybody's."""
    if arena.subject.installed:
        return {
            "tenants", "tenant_quotas", "tenant_usage", "memberships", "invitations", "users",
        }  # fmt: skip
    tenants = (r for r in arena.relations if r.tenant_column and r.key == (r.tenant_column,))
    return {r.name.rpartition(".")[2].strip('"') for r in tenants}


async def _raising(arena: Arena, target: Target) -> list[str]:
    names = [c.name for c in target.relation.columns]
    sql = "SELECT c FROM unnest($1::text[]) AS c WHERE c LIKE ANY ($2::text[])"
    return [row["c"] for row in (await arena.run(sql, names, list(_RAISING))).rows]


@attack(38, "Forging, changing or deleting audit rows")
async def over_the_record(arena: Arena) -> Tries:
    records = {t.name for t, model in arena.subject.models() if issubclass(model, AppendOnly)}
    for role in arena.roles:
        for t in arena.targets(role):
            if not t.control and t.label.partition(".")[2] not in records:
                continue
            mine, arguments = t.my_row()
            column = quoted(t.relation.columns[-1].name)
            for sql in (
                f"UPDATE {t.name} SET {column} = {column} WHERE {mine}",
                f"DELETE FROM {t.name} WHERE {mine}",
            ):
                outcome = await arena.alone(role, arena.me, sql, *arguments)
                yield Trial(t.label, "" if outcome.refused else "the record was changed", t.control)
            async with arena.scene(None):
                if t.control:
                    await arena.run(f"DELETE FROM {t.name} WHERE {mine}", *arguments)
                await arena.act(role, arena.me)
                outcome = await insert(arena, role, t, t.mine, keep_id=t.control)
                yield Trial(t.label, "" if outcome.refused else "a line was forged", t.control)
