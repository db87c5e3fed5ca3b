"""What a database really holds, object by object, as definitions that can be compared and replayed.

Both sides of a comparison come from the same server's own words (`pg_get_*def`), so a difference is
a difference and never a matter of spelling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .events import OPTIONAL_TRIGGERS
from .graph import QUESTIONS
from .graph import TRIGGERS as GRAPH_TRIGGERS

VERSION_TABLE = "schema_version"

#: The order in which kinds are created; they are dropped in reverse.
KINDS = (
    "sequence",
    "function",
    "table",
    "storage",
    "column",
    "key",
    "check",
    "foreign key",
    "view",
    "index",
    "row security",
    "policy",
    "trigger",
    "grant",
    "default partition",
)


@dataclass(frozen=True, slots=True)
class Object:
    """One thing in the schema: what it is, how to make it, how to remove it."""

    kind: str
    table: str
    name: str
    definition: str
    create: tuple[str, ...] = field(compare=False)
    drop: tuple[str, ...] = field(compare=False)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.table, self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.table}.{self.name}" if self.table else f"{self.kind} {self.name}"


class Connection(Protocol):
    async def fetch(self, query: str, /, *args: object) -> Sequence[Mapping[str, Any]]: ...


Catalog = dict[tuple[str, str, str], Object]


async def read_catalog(connection: Connection) -> Catalog:
    """Everything in the schema `tenantry` but partitions, extensions' own and the version table."""
    found: list[Object] = []
    for query, build in _READERS:
        found += [build(dict(row)) for row in await connection.fetch(query, VERSION_TABLE)]
    return {obj.key: obj for obj in found}


_TABLES = """
    our_tables AS (
        SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relowner
        FROM pg_class AS c
        WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition AND c.relname <> $1
    )"""

_VIEWS = """
    our_views AS (
        SELECT c.oid, c.relname, c.relowner FROM pg_class AS c
        WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind = 'm'
    )"""

_TABLE_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", pg_get_partkeydef(t.oid) AS partition,
           array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS names,
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types,
           array_agg(a.attnotnull ORDER BY a.attnum) AS required,
           array_agg(pg_get_expr(d.adbin, d.adrelid) ORDER BY a.attnum) AS defaults,
           array_agg(a.attgenerated::text ORDER BY a.attnum) AS generated
    FROM our_tables AS t
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
    GROUP BY t.oid, t.relname ORDER BY t.oid"""


def column_text(type_: str, required: bool, default: str | None, generated: str) -> str:
    if generated:
        return f"{type_} GENERATED ALWAYS AS ({default}) STORED"
    return type_ + (f" DEFAULT {default}" if default else "") + (" NOT NULL" if required else "")


def _table(row: dict[str, Any]) -> Object:
    columns = zip(
        row["names"], row["types"], row["required"], row["defaults"], row["generated"], strict=True
    )
    body = ",\n".join(f"    {name} {column_text(*rest)}" for name, *rest in columns)
    suffix = f" PARTITION BY {row['partition']}" if row["partition"] else ""
    name = row["table"]
    return Object(
        "table", "", name, row["partition"] or "",
        (f"CREATE TABLE tenantry.{name} (\n{body}\n){suffix}",),
        (f"DROP TABLE tenantry.{name}",),
    )  # fmt: skip


_COLUMN_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", quote_ident(a.attname) AS name, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AS required, pg_get_expr(d.adbin, d.adrelid) AS "default",
           a.attgenerated::text AS generated
    FROM our_tables AS t
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
    ORDER BY t.oid, a.attnum"""


def _column(row: dict[str, Any]) -> Object:
    text = column_text(row["type"], row["required"], row["default"], row["generated"])
    alter = f"ALTER TABLE tenantry.{row['table']}"
    return Object(
        "column", row["table"], row["name"], text,
        (f"{alter} ADD COLUMN {row['name']} {text}",),
        (f"{alter} DROP COLUMN {row['name']}",),
    )  # fmt: skip


# 'n' is NOT NULL, which 18 also lists as a constraint and which stands with the column.
_CONSTRAINT_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", c.conname AS name, c.contype::text AS type, pg_get_constraintdef(c.oid) AS definition
    FROM our_tables AS t JOIN pg_constraint AS c ON c.conrelid = t.oid AND c.contype IN ('p', 'u', 'x', 'c', 'f')
    ORDER BY t.oid, c.oid"""


def _constraint(row: dict[str, Any]) -> Object:
    kind = {"c": "check", "f": "foreign key"}.get(row["type"], "key")
    alter = f"ALTER TABLE tenantry.{row['table']}"
    return Object(
        kind, row["table"], row["name"], row["definition"],
        (f"{alter} ADD CONSTRAINT {row['name']} {row['definition']}",),
        (f"{alter} DROP CONSTRAINT {row['name']}",),
    )  # fmt: skip


_STORAGE_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", c.reloptions AS options
    FROM our_tables AS t JOIN pg_class AS c ON c.oid = t.oid WHERE c.reloptions IS NOT NULL ORDER BY t.oid"""


def _storage(row: dict[str, Any]) -> Object:
    alter, options = f"ALTER TABLE tenantry.{row['table']}", sorted(row["options"])
    return Object(
        "storage", row["table"], "storage", ", ".join(options),
        (f"{alter} SET ({', '.join(options)})",),
        (f"{alter} RESET ({', '.join(option.partition('=')[0] for option in options)})",),
    )  # fmt: skip


# But for those that belong to a column.
_SEQUENCE_QUERY = """
    SELECT c.relname AS name,
           ARRAY(SELECT g.privilege_type || ' TO ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
                 FROM aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner ORDER BY 1) AS granted
    FROM pg_class AS c
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind = 'S' AND c.relname <> $1
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
    ORDER BY c.oid"""


def _sequence(row: dict[str, Any]) -> Object:
    name, granted = f"tenantry.{row['name']}", [g.split(" TO ") for g in row["granted"]]
    return Object(
        "sequence", "", row["name"], ", ".join(row["granted"]),
        (
            f"CREATE SEQUENCE {name}",
            *(f"GRANT {what} ON SEQUENCE {name} TO {role}" for what, role in granted),
        ),
        (f"DROP SEQUENCE {name}",),
    )  # fmt: skip


_VIEW_QUERY = f"""WITH {_VIEWS}
    SELECT v.relname AS name, pg_get_viewdef(v.oid) AS definition, v.relowner::regrole::text AS owner
    FROM our_views AS v WHERE v.relname <> $1 ORDER BY v.oid"""


def _view(row: dict[str, Any]) -> Object:
    name, body = f"tenantry.{row['name']}", row["definition"].rstrip(" ;")
    return Object(
        "view", "", row["name"], f"{body}\n{row['owner']}",
        (
            f"CREATE MATERIALIZED VIEW {name} AS\n{body}\nWITH NO DATA",
            f"ALTER MATERIALIZED VIEW {name} OWNER TO {row['owner']}",
        ),
        (f"DROP MATERIALIZED VIEW {name}",),
    )  # fmt: skip


_INDEX_QUERY = f"""WITH {_TABLES}, {_VIEWS}
    SELECT t.relname AS "table", i.relname AS name, pg_get_indexdef(x.indexrelid) AS definition,
           x.indisvalid AS valid
    FROM (SELECT oid, relname FROM our_tables UNION ALL SELECT oid, relname FROM our_views) AS t
    JOIN pg_index AS x ON x.indrelid = t.oid JOIN pg_class AS i ON i.oid = x.indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x'))
    ORDER BY t.oid, i.relname"""


def _index(row: dict[str, Any]) -> Object:
    definition = row["definition"].replace(" ON ONLY tenantry.", " ON tenantry.")
    return Object(
        "index", row["table"], row["name"], definition + ("" if row["valid"] else " (invalid)"),
        (definition,),
        (f"DROP INDEX tenantry.{row['name']}",),
    )  # fmt: skip


_FUNCTION_QUERY = f"""
    SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
           p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS signature,
           pg_get_functiondef(p.oid) AS definition, pg_get_function_result(p.oid) AS result,
           p.proowner::regrole::text AS owner,
           ARRAY(SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
                 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS g
                 -- Who may ask questions of their own is an operator's choice.
                 WHERE g.grantee <> p.proowner AND NOT (p.proname = '{QUESTIONS.partition("(")[0]}' AND g.grantee <> 0)
                 ORDER BY 1) AS callers
    FROM pg_proc AS p
    WHERE p.pronamespace = 'tenantry'::regnamespace AND p.prokind = 'f' AND p.proname <> $1
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY p.oid"""


def _function(row: dict[str, Any]) -> Object:
    name = f"tenantry.{row['signature']}"
    create = [row["definition"].rstrip()]
    if row["owner"] != "tenantry_owner":
        create.append(f"ALTER FUNCTION {name} OWNER TO {row['owner']}")
    create.append(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    if row["callers"]:
        create.append(f"GRANT EXECUTE ON FUNCTION {name} TO {', '.join(row['callers'])}")
    definition = "\n".join([row["definition"], row["owner"], *row["callers"]])
    return Object(
        "function", "", row["name"], definition, tuple(create), (f"DROP FUNCTION {name}",)
    )


#: The row security of a table that may be granted.
CLOSED = "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"

_SECURITY_QUERY = f"""WITH {_TABLES}
    SELECT relname AS "table", relrowsecurity AS enabled, relforcerowsecurity AS forced
    FROM our_tables ORDER BY oid"""


def _row_security(row: dict[str, Any]) -> Object:
    state = f"{'ENABLE' if row['enabled'] else 'DISABLE'} ROW LEVEL SECURITY, "
    state += f"{'FORCE' if row['forced'] else 'NO FORCE'} ROW LEVEL SECURITY"
    alter = f"ALTER TABLE tenantry.{row['table']}"
    return Object(
        "row security", row["table"], "row security", state,
        (f"{alter} {state}",),
        (f"{alter} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",),
    )  # fmt: skip


_POLICY_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", p.polname AS name, p.polpermissive AS permissive,
           CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                         WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,
           ARRAY(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END
                 FROM unnest(p.polroles) AS r ORDER BY 1) AS roles,
           pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS checks
    FROM our_tables AS t JOIN pg_policy AS p ON p.polrelid = t.oid ORDER BY t.oid, p.oid"""


def _policy(row: dict[str, Any]) -> Object:
    text = (
        f"AS {'PERMISSIVE' if row['permissive'] else 'RESTRICTIVE'} FOR {row['command']}"
        f" TO {', '.join(row['roles'])}"
        + (f" USING ({row['using']})" if row["using"] else "")
        + (f" WITH CHECK ({row['checks']})" if row["checks"] else "")
    )
    on = f"{row['name']} ON tenantry.{row['table']}"
    return Object(
        "policy", row["table"], row["name"], text,
        (f"CREATE POLICY {on} {text}",),
        (f"DROP POLICY {on}",),
    )  # fmt: skip


_TRIGGER_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", g.tgname AS name, pg_get_triggerdef(g.oid) AS definition, g.tgenabled::text AS enabled
    FROM our_tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
    WHERE NOT starts_with(g.tgname::text, '{OPTIONAL_TRIGGERS}')
      AND NOT starts_with(g.tgname::text, '{GRAPH_TRIGGERS}')
    ORDER BY t.oid, g.tgname"""


def _trigger(row: dict[str, Any]) -> Object:
    state = "" if row["enabled"] == "O" else f" (enabled: {row['enabled']})"
    return Object(
        "trigger", row["table"], row["name"], row["definition"] + state,
        (row["definition"],),
        (f"DROP TRIGGER {row['name']} ON tenantry.{row['table']}",),
    )  # fmt: skip


_GRANT_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", t.grantee, string_agg(t.what, ', ' ORDER BY t.what) AS privileges
    FROM (
        SELECT t.relname, g.privilege_type AS what,
               CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END AS grantee
        FROM our_tables AS t, aclexplode(t.relacl) AS g WHERE g.grantee <> t.relowner
        UNION ALL
        SELECT t.relname, g.privilege_type || ' (' || string_agg(a.attname, ', ' ORDER BY a.attname) || ')',
               CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
        FROM our_tables AS t
        JOIN pg_attribute AS a ON a.attrelid = t.oid AND NOT a.attisdropped, aclexplode(a.attacl) AS g
        GROUP BY t.relname, g.privilege_type, g.grantee
    ) AS t GROUP BY 1, 2 ORDER BY 1, 2"""


def _grant(row: dict[str, Any]) -> Object:
    on = f"ON tenantry.{row['table']}"
    return Object(
        "grant", row["table"], row["grantee"], row["privileges"],
        (f"GRANT {row['privileges']} {on} TO {row['grantee']}",),
        (f"REVOKE {row['privileges']} {on} FROM {row['grantee']}",),
    )  # fmt: skip


_DEFAULT_PARTITION_QUERY = f"""WITH {_TABLES}
    SELECT t.relname AS "table", c.relname AS name
    FROM our_tables AS t JOIN pg_partitioned_table AS p ON p.partrelid = t.oid
    JOIN pg_class AS c ON c.oid = p.partdefid ORDER BY t.oid"""


def _default_partition(row: dict[str, Any]) -> Object:
    child = row["name"]
    return Object(
        "default partition", row["table"], child, "",
        (
            f"CREATE TABLE tenantry.{child} PARTITION OF tenantry.{row['table']} DEFAULT",
            f"SELECT tenantry.secure_partition('{child}', '{row['table']}')",
        ),
        (f"DROP TABLE tenantry.{child}",),
    )  # fmt: skip


_READERS = (
    (_SEQUENCE_QUERY, _sequence),
    (_FUNCTION_QUERY, _function),
    (_TABLE_QUERY, _table),
    (_STORAGE_QUERY, _storage),
    (_COLUMN_QUERY, _column),
    (_CONSTRAINT_QUERY, _constraint),
    (_VIEW_QUERY, _view),
    (_INDEX_QUERY, _index),
    (_SECURITY_QUERY, _row_security),
    (_POLICY_QUERY, _policy),
    (_TRIGGER_QUERY, _trigger),
    (_GRANT_QUERY, _grant),
    (_DEFAULT_PARTITION_QUERY, _default_partition),
)
