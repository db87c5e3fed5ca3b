"""What pgrls would report of our own schema and is meant so: object by object, each with its reason.

They follow from the models, so that nothing else in the database is excused by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import MetaData, Table

from tenantry.schema.access import row_security
from tenantry.schema.catalog import VERSION_TABLE
from tenantry.schema.events import ANNOUNCERS, IS_ANNOUNCED
from tenantry.schema.graph import IS_KEPT, KEEPERS
from tenantry.schema.reference.sql import definer_functions, functions, meanings, views
from tenantry.schema.roles import OWNER, SERVICE, TENANT_ROLES
from tenantry.schema.triggers import triggers

_POLICY = re.compile(
    r"CREATE POLICY (?P<name>\w+) ON tenantry\.\w+ (?P<restrictive>AS RESTRICTIVE )?"
    r"(?:FOR (?P<command>\w+) )?TO (?P<roles>[\w, ]+?)"
    r"(?: USING \((?P<using>.*?)\))?(?: WITH CHECK \((?P<check>.*?)\))?$"
)
_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) .*?EXECUTE FUNCTION tenantry\.(\w+)\(\)", re.DOTALL)

#: What functions do that have no comment of their own, by the beginning of their names.
_GENERATED = {
    "audit_": "writes what a statement changed into the record, in the tenant of each row",
    "count_": "counts rows of a tenant in its own usage, against its own quota",
    "keep_graph_": "writes what a statement changed into the graph of each row's own tenant",
    "touch_updated_at": "sets the row's updated_at, and reads no table",
    "refuse_change": "refuses, and reads no table",
}


#: In an object's place: the rule is switched off. No exception of ours is one.
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Excepted:
    """One object, one rule, one reason."""

    rule: str
    object: str
    reason: str
    #: Not an object but what the rule is told besides.
    is_option: bool = False


class Connection(Protocol):
    async def fetch(self, query: str, /, *args: object) -> Sequence[Any]: ...


async def exceptions(connection: Connection, metadata: MetaData) -> list[Excepted]:
    """Those for this database: which partitions and features it has, it alone knows."""
    rows = await connection.fetch(_PARTITIONS)
    parents = {t.name for t in metadata.sorted_tables}
    children = {
        row["child"]: [tuple(t.split(" ")) for t in row["triggers"]]
        for row in rows
        if row["parent"] in parents
    }
    told = meanings(metadata)
    found = [*_of_models(metadata), *_of_partitions(children, told)]
    if (await connection.fetch(_HAS_BACKFILLS))[0][0]:
        reason = "holds how far backfills have come, and is the owner's alone"
        found.append(Excepted("SEC001", "tenantry_upkeep.backfills", reason))
    if (await connection.fetch(IS_ANNOUNCED))[0][0]:
        found += _of_announcers(told)
    if (await connection.fetch(IS_KEPT))[0][0]:
        found += _of_keepers(told)
    return sorted(found, key=lambda e: (e.rule, e.object))


def _of_models(metadata: MetaData) -> Iterator[Excepted]:
    told = meanings(metadata)
    yield Excepted(
        "SEC001",
        f"tenantry.{VERSION_TABLE}",
        "holds the numbers of revisions, nothing of a tenant's",
    )
    for table in metadata.sorted_tables:
        yield from _of_policies(table)
        for statement in triggers(table):
            for name, function in _TRIGGER.findall(statement):
                yield Excepted("SEC013", f"tenantry.{table.name}.{name}", _does(function, told))
    callers = {f.name: f.callers for f in functions(metadata)}
    for name in definer_functions(metadata):
        reason = f"{_for(callers.get(name, ()))}: {_does(name, told)}"
        yield Excepted("SEC014", f"tenantry.{name}", reason)
    for view in views():
        yield Excepted(
            "VIEW003",
            f"tenantry.{view.name}",
            "granted to nobody: read through functions that filter",
        )


def _of_policies(table: Table) -> Iterator[Excepted]:
    """Policies that say `true` or `false`, for roles that no tenant ever works as."""
    for statement in row_security(table):
        policy = _POLICY.match(statement)
        if policy is None:
            continue
        using, check = policy["using"], policy["check"]
        constants = {(using or "").strip("()"), (check or "").strip("()")} - {""}
        if not constants <= {"true", "false"}:
            continue
        command = policy["command"] or "ALL"
        rules = ["SEC005"]
        if "false" in constants:
            rules += ["SEC010"]
        elif not policy["restrictive"]:
            rules += ["SEC008"] if using else []
            rules += ["SEC028"] if check else ["SEC006"] if command == "UPDATE" else []
            rules += ["SEC038"] if using and command in ("ALL", "SELECT") else []
        for rule in rules:
            yield Excepted(rule, f"tenantry.{table.name}.{policy['name']}", _why(policy["roles"]))


def _for(callers: Sequence[str]) -> str:
    if {"app", "readonly"} & set(callers):
        return "filters by the context, which attack 49 tries"
    return "for the service role alone" if callers else "called by triggers and its like alone"


def _why(roles: str) -> str:
    if roles == SERVICE:
        return "the service role works across tenants; every use of it is on record with its reason"
    if roles == OWNER:
        return "takes from the owner what it would see as a member of the roles that own functions"
    if roles == ", ".join(TENANT_ROLES):
        return "these rows are the same for everybody, and hold nothing of a tenant's"
    return f"nobody logs in as {roles}: it owns functions that filter by the tenant themselves"


def _of_partitions(
    children: Mapping[str, Iterable[tuple[str, ...]]], told: Mapping[str, str]
) -> Iterator[Excepted]:
    for child, guards in children.items():
        yield Excepted(
            "SEC009",
            f"tenantry.{child}",
            "a partition is reached through its parent's policies alone",
        )
        for name, function in guards:
            yield Excepted("SEC013", f"tenantry.{child}.{name}", _does(function, told))


def _of_announcers(told: Mapping[str, str]) -> Iterator[Excepted]:
    for table, name, function in ANNOUNCERS:
        yield Excepted("SEC013", f"tenantry.{table}.{name}", _does(function, told))


def _of_keepers(told: Mapping[str, str]) -> Iterator[Excepted]:
    for table, name, function in KEEPERS:
        yield Excepted("SEC013", f"tenantry.{table}.{name}", _does(function, told))


def _does(function: str, told: Mapping[str, str]) -> str:
    """What a function that works past its caller's rights is for."""
    for beginning, words in _GENERATED.items():
        if function.startswith(beginning):
            return words
    meaning = told.get(function) or "keeps a rule of the table's"
    return re.split(r"(?<=[.:;]) ", meaning)[0].rstrip(".:;")


#: Of the owner and no other, as `migrations/backfilling.py` makes it.
_HAS_BACKFILLS = """
    SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('tenantry_upkeep.backfills')
                   AND pg_get_userbyid(relowner) = 'tenantry_owner' AND relacl IS NULL)"""

_PARTITIONS = """
    SELECT child.relname AS child, root.relname AS parent,
           ARRAY(SELECT g.tgname || ' ' || f.proname FROM pg_trigger AS g JOIN pg_proc AS f ON f.oid = g.tgfoid
                 WHERE g.tgrelid = child.oid AND NOT g.tgisinternal AND g.tgparentid = 0 ORDER BY g.tgname) AS triggers
    FROM pg_class AS child JOIN pg_class AS root ON root.oid = pg_partition_root(child.oid)
    WHERE child.relispartition AND child.relkind IN ('r', 'p') AND child.relnamespace = to_regnamespace('tenantry')
    ORDER BY child.relname"""
