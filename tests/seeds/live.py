"""What a migrated database really has, read from its catalog alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tenantry.models import metadata


@dataclass(frozen=True)
class Column:
    type: str
    required: bool
    default: str | None
    #: What the model says of it; the keys of a JSON column stand nowhere else.
    meaning: str


@dataclass(frozen=True)
class Index:
    method: str
    #: Without the tenant they begin with; `lower(email)` counts as `email`.
    columns: tuple[str, ...]
    unique: bool
    primary: bool
    #: Which rows it holds; all of them when empty.
    where: str = ""


@dataclass(frozen=True)
class Reference:
    columns: tuple[str, ...]
    target: str
    on_delete: str


@dataclass(frozen=True)
class Policy:
    permissive: bool
    command: str
    roles: tuple[str, ...]
    using: str
    check: str


@dataclass
class Live:
    columns: dict[str, dict[str, Column]] = field(default_factory=lambda: defaultdict(dict))
    indexes: dict[str, list[Index]] = field(default_factory=lambda: defaultdict(list))
    references: dict[str, list[Reference]] = field(default_factory=lambda: defaultdict(list))
    checks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    #: Table -> functions its triggers call.
    triggers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    policies: dict[str, list[Policy]] = field(default_factory=lambda: defaultdict(list))
    #: Tables with forced row security.
    guarded: set[str] = field(default_factory=set)
    #: Table -> what the application role may do with it, whatever the columns.
    rights: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: Table -> the names of its partitions.
    partitions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    functions: dict[str, str] = field(default_factory=dict)
    views: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    #: Workflow -> its stages in order, the initial one first.
    workflows: dict[str, list[str]] = field(default_factory=dict)


_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""
_INDEXES = """
    SELECT c.relname, m.amname, x.indisunique, x.indisprimary, coalesce(pg_get_expr(x.indpred, x.indrelid), ''),
           ARRAY(SELECT pg_get_indexdef(x.indexrelid, k, true) FROM generate_series(1, x.indnkeyatts) AS k)
    FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_am AS m ON m.oid = i.relam
    WHERE c.relnamespace = 'tenantry'::regnamespace AND NOT c.relispartition AND x.indisvalid"""
_CONSTRAINTS = """
    SELECT c.relname, k.contype::text, pg_get_constraintdef(k.oid), k.confdeltype::text, f.relname,
           ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
                 ORDER BY array_position(k.conkey, a.attnum))
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid LEFT JOIN pg_class AS f ON f.oid = k.confrelid
    WHERE c.relnamespace = 'tenantry'::regnamespace AND NOT c.relispartition AND k.contype IN ('c', 'f')"""
_TRIGGERS = """
    SELECT c.relname, p.proname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE c.relnamespace = 'tenantry'::regnamespace AND NOT t.tgisinternal AND t.tgenabled = 'O'"""
_POLICIES = """
    SELECT tablename, permissive = 'PERMISSIVE', cmd, roles::text[], coalesce(qual, ''), coalesce(with_check, '')
    FROM pg_policies WHERE schemaname = 'tenantry'"""
_TABLES = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
           ARRAY(SELECT r FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS r
                 WHERE has_any_column_privilege('tenantry_app', c.oid, r))
           || ARRAY(SELECT 'DELETE' WHERE has_table_privilege('tenantry_app', c.oid, 'DELETE')),
           ARRAY(SELECT i.inhrelid::regclass::text FROM pg_inherits AS i WHERE i.inhparent = c.oid)
    FROM pg_class AS c
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""
_WORKFLOWS = """
    SELECT name, ARRAY(SELECT s ->> 'name' FROM jsonb_array_elements(stages) AS s), initial_stage
    FROM tenantry.workflows WHERE is_builtin"""


async def read(connection: asyncpg.Connection[Any]) -> Live:
    """As a superuser; a tenant is made, so that there are workflows to look at."""
    live = Live()
    for table, name, type_, required, default in await connection.fetch(_COLUMNS):
        model = metadata.tables.get(f"tenantry.{table}")
        meaning = model.c[name].comment or "" if model is not None else ""
        live.columns[table][name] = Column(type_.partition("(")[0], required, default, meaning)
    for table, method, unique, primary, where, columns in await connection.fetch(_INDEXES):
        plain = tuple(c.removeprefix("lower(").removesuffix(")") for c in columns)
        index = Index(method, without_tenant(plain), unique, primary, where)
        live.indexes[table].append(index)
    for table, kind, text, on_delete, target, columns in await connection.fetch(_CONSTRAINTS):
        if kind == "c":
            live.checks[table].append(text)
        else:
            live.references[table].append(Reference(tuple(columns), target, on_delete))
    for table, function in await connection.fetch(_TRIGGERS):
        live.triggers[table].add(function)
    for table, permissive, command, roles, using, check in await connection.fetch(_POLICIES):
        live.policies[table].append(Policy(permissive, command, tuple(roles), using, check))
    for table, guarded, rights, partitions in await connection.fetch(_TABLES):
        live.guarded |= {table} if guarded else set()
        live.rights[table] = set(rights)
        live.partitions[table] = {p.removeprefix("tenantry.") for p in partitions}
    sources = "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'tenantry'::regnamespace"
    live.functions = dict(await connection.fetch(sources))
    views = await connection.fetch("SELECT matviewname FROM pg_matviews")
    live.views = {row[0] for row in views}
    live.roles = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    await connection.execute("INSERT INTO tenantry.tenants (name, slug) VALUES ('A', 'a')")
    for name, stages, initial in await connection.fetch(_WORKFLOWS):
        live.workflows[name] = sorted(stages, key=lambda stage: stage != initial)
    return live


def without_tenant(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The tenant comes first in every key and index of a tenant's table, so it says nothing."""
    return columns[1:] if len(columns) > 1 and columns[0] == "tenant_id" else columns
