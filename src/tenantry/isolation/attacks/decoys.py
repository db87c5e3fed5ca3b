"""What is left open on purpose: an attack that does not notice it has proved nothing.

Each role under attack gets a schema of its own in the arena's transaction, and owns what is in it:
no row security, keys without the tenant, a view, a function and a partition that show everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenantry.errors import PermissionDenied

from ..rows import Party, Relation, Row, quoted, read_relations
from ..subject import Subject, TenantTable

if TYPE_CHECKING:
    from .arena import Arena


@dataclass(frozen=True, slots=True)
class Decoy:
    schema: str
    things: Relation
    mine: Row
    theirs: Row


async def lay_decoys(arena: Arena) -> dict[str, Decoy]:
    return {
        role: await _lay(arena, role, f"prove_decoy_{number}")
        for number, role in enumerate(arena.roles)
    }


async def _lay(arena: Arena, role: str, schema: str) -> Decoy:
    me, victim = arena.me, arena.victim
    kind = _tenant_type(arena)
    owner = quoted(role)
    statements = (
        f"CREATE SCHEMA {schema} AUTHORIZATION {owner}",
        f"""CREATE TABLE {schema}.things (
            tenant_id {kind}, id uuid DEFAULT gen_random_uuid() PRIMARY KEY, parent_id uuid REFERENCES {schema}.things ON DELETE CASCADE,
            name text UNIQUE, plan text, role text, status text, max_tasks int)""",
        f"INSERT INTO {schema}.things VALUES ('{me.id}', '{_uuid(me, 1)}', NULL, '{me.tag}', 'free')",
        f"INSERT INTO {schema}.things VALUES ('{victim.id}', '{_uuid(victim, 1)}', '{_uuid(me, 1)}', '{victim.tag}', 'free')",
        f"CREATE TABLE {schema}.parts (tenant_id {kind}, id uuid, name text) PARTITION BY LIST (tenant_id)",
        f"CREATE TABLE {schema}.part PARTITION OF {schema}.parts DEFAULT",
        f"INSERT INTO {schema}.part SELECT tenant_id, id, name FROM {schema}.things",
        f"CREATE VIEW {schema}.shown AS SELECT * FROM {schema}.things",
        f"CREATE MATERIALIZED VIEW {schema}.kept AS SELECT * FROM {schema}.things",
        f"CREATE SEQUENCE {schema}.numbers",
        f"SELECT nextval('{schema}.numbers')",
        f"CREATE FUNCTION {schema}.things_get(tenant {kind}, id uuid) RETURNS SETOF {schema}.things"
        f" LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM {schema}.things'",
        f"ANALYZE {schema}.things",
        *(
            f"ALTER {what} {schema}.{name} OWNER TO {owner}"
            for what, name in (
                ("TABLE", "things"), ("TABLE", "parts"), ("TABLE", "part"), ("VIEW", "shown"),
                ("MATERIALIZED VIEW", "kept"), ("SEQUENCE", "numbers"), ("FUNCTION", "things_get"),
            )
        ),
    )  # fmt: skip
    for statement in statements:
        outcome = await arena.run(statement)
        if outcome.refused:
            raise PermissionDenied(
                f"The attacks need a control that this login may not make: {outcome.message}",
                hint="Give the URL of a superuser, or of the administrator that made the roles.",
            )
    table = TenantTable(0, schema, "things", "tenant_id", 1, False)
    oid = (await arena.run(f"SELECT '{schema}.things'::regclass::oid AS oid")).rows[0]["oid"]
    within = _only(arena.subject, schema, TenantTable(oid, *_rest(table)))
    (things,) = [r for r in await read_relations(arena, within) if r.oid == oid]
    return Decoy(schema, things, _row(me, None), _row(victim, _uuid(me, 1)))


def _rest(table: TenantTable) -> tuple[str, str, str, int, bool]:
    return table.schema, table.name, table.column, table.attnum, table.is_partition


def _only(subject: Subject, schema: str, table: TenantTable) -> Subject:
    return Subject(
        False, (schema,), (table,), subject.roles, (), subject.setting, subject.settings, None
    )


def _row(party: Party, parent: str | None) -> Row:
    return {
        "tenant_id": party.id, "id": _uuid(party, 1), "parent_id": parent, "name": party.tag,
        "plan": "free", "role": None, "status": None, "max_tasks": None,
    }  # fmt: skip


def _uuid(party: Party, number: int) -> str:
    digits = party.tag[1:]
    return f"{digits[:8]}-0000-4000-8000-{number:012}"


def _tenant_type(arena: Arena) -> str:
    return next(r.column(r.tenant_column).type for r in arena.relations if r.tenant_column)
