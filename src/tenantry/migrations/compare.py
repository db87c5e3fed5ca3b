"""The difference between a database and what the models mean, and the steps from one to the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from sqlalchemy import MetaData

from tenantry.errors import MigrationError
from tenantry.schema.catalog import CLOSED, KINDS, Catalog, Object, read_catalog
from tenantry.schema.install import SERVER_DEPENDENT, install
from tenantry.schema.roles import TENANT_ROLES
from tenantry.schema.sealing import IS_SEALED, set_kind


@dataclass(frozen=True, slots=True)
class Change:
    """One object that is missing, left over, or not as it should be."""

    before: Object | None
    after: Object | None

    @property
    def object(self) -> Object:
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a change is about something
        return found

    def __str__(self) -> str:
        if self.before is None:
            return f"missing: {self.object}"
        if self.after is None:
            return f"not in the models: {self.object}"
        return f"differs: {self.object}: {self.before.definition} -> {self.after.definition}"


class Connection(Protocol):
    async def execute(self, query: str, /, *args: object) -> str: ...
    async def fetch(self, query: str, /, *args: object) -> Any: ...
    async def fetchval(self, query: str, /, *args: object) -> Any: ...
    def transaction(self) -> Any: ...


#: The name of the real schema while another is built in its place.
LIVE: Final = "tenantry_live"
#: Makes room for that, in a transaction that is always undone. Only that one sees it, and it locks no table. A
#: table that somebody opened is closed for it: the guard would refuse to build beside it.
STAND_ASIDE: Final = f"""DO $$
DECLARE
    opened text;
BEGIN
    FOR opened IN
        SELECT c.oid::regclass::text FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.relnamespace = to_regnamespace('tenantry') AND c.relkind IN ('r', 'p')
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM {", ".join(TENANT_ROLES)}, PUBLIC', opened);
    END LOOP;
    ALTER SCHEMA tenantry RENAME TO {LIVE};
END $$"""


class _Undo(Exception):
    """Ends the transaction that built the expected schema."""


async def expected_catalog(connection: Connection, metadata: MetaData) -> Catalog:
    """Build the schema beside the live one, in a transaction that is always undone, and read it."""
    catalog: Catalog = {}
    try:
        async with connection.transaction():
            sealed = await connection.fetchval(IS_SEALED)
            await connection.execute(STAND_ASIDE)
            await connection.execute("CREATE SCHEMA tenantry")
            for statement in install(metadata):
                await connection.execute(statement)
            if sealed:
                await set_kind(connection, sealed=True)
            catalog = await read_catalog(connection)
            raise _Undo
    except _Undo:
        pass
    for name, portable in SERVER_DEPENDENT.items():
        key = ("function", "", name)
        catalog[key] = replace(catalog[key], create=(portable, *catalog[key].create[1:]))
    return catalog


async def find_changes(connection: Connection, metadata: MetaData) -> list[Change]:
    return compare(await read_catalog(connection), await expected_catalog(connection, metadata))


def compare(live: Catalog, expected: Catalog) -> list[Change]:
    """Every difference, in the order in which they can be made good."""
    gone = [
        Change(obj, None)
        for key, obj in reversed(live.items())
        if key not in expected and obj.kind != "storage"
    ]
    made = [
        Change(live.get(key), obj)
        for key, obj in expected.items()
        # How an operator has tuned a table's storage is theirs.
        if key not in live or (live[key].definition != obj.definition and obj.kind != "storage")
    ]
    return _in_order([*gone, *made])


def reverse(changes: Iterable[Change]) -> list[Change]:
    return _in_order([Change(c.after, c.before) for c in reversed(list(changes))])


def _in_order(changes: list[Change]) -> list[Change]:
    """Removals first, what depends before what it depends on; then the rest, the other way round.
    A table is opened last of all: the guard lets nothing be done beside it."""
    opened = [
        c
        for c in changes
        if c.object.kind == "row security" and c.before and c.after and not closes(c)
    ]
    gone = [c for c in changes if c.after is None]
    made = [c for c in changes if c.after is not None and c not in opened]
    gone.sort(key=lambda c: -KINDS.index(c.object.kind))
    made.sort(key=lambda c: KINDS.index(c.object.kind))
    return [*gone, *made, *opened]


def closes(change: Change) -> bool:
    """It brings row security back to a table that had lost it."""
    return bool(change.before and change.after) and change.object.definition == CLOSED


def essential(changes: Iterable[Change]) -> list[Change]:
    """The changes but for what a table's own coming or going brings about."""
    changes = list(changes)
    tables = [c for c in changes if c.object.kind == "table"]
    coming = {c.object.name for c in tables if c.before is None}
    going = {c.object.name for c in tables if c.after is None}

    def is_implied(change: Change) -> bool:
        obj = change.object
        if change.after is None:
            # An index, a trigger, a grant goes with its table; a foreign key or a policy may name
            # another table, and hold up its going.
            return obj.table in going and obj.kind not in {"foreign key", "policy"}
        return change.before is None and obj.kind == "column" and obj.table in coming

    return [change for change in changes if not is_implied(change)]


def steps(changes: Iterable[Change]) -> Iterator[str]:
    """The statements that make the changes."""
    for change in essential(changes):
        before, after = change.before, change.after
        if before is None and after is not None:
            yield from after.create
        elif after is None and before is not None:
            yield from before.drop
        elif before is not None and after is not None:
            yield from _alter(before, after)


def _alter(before: Object, after: Object) -> Iterator[str]:
    if after.kind == "column":
        yield from _alter_column(before, after)
    elif after.kind == "function" and _result(before) == _result(after):
        # Policies and defaults depend on it, so it is replaced where it stands.
        yield from after.create
        for caller in set(_callers(before)) - set(_callers(after)):
            yield f"REVOKE EXECUTE ON FUNCTION tenantry.{after.name} FROM {caller}"
    elif after.kind == "row security":
        yield from after.create
    elif after.kind == "grant":
        # Of everything: a column it names may be gone by now.
        yield f"REVOKE ALL ON tenantry.{before.table} FROM {before.name}"
        yield from after.create
    elif after.kind == "table":
        raise MigrationError(
            f"{after.name} would have to be partitioned differently, and its rows moved.",
            hint="Write that revision by hand.",
        )
    else:
        yield from before.drop
        yield from after.create


def _alter_column(before: Object, after: Object) -> Iterator[str]:
    alter = f"ALTER TABLE tenantry.{after.table} ALTER COLUMN {after.name}"
    old, new = _parts(before.definition), _parts(after.definition)
    if old == new:
        return
    if old[0] != new[0]:
        if old[1]:
            yield f"{alter} DROP DEFAULT"
        yield f"{alter} TYPE {new[0]} USING {after.name}::{new[0]}"
    if old[0] != new[0] or old[1] != new[1]:
        if new[1]:
            yield f"{alter} SET DEFAULT {new[1]}"
        elif old[0] == new[0]:
            yield f"{alter} DROP DEFAULT"
    if old[2] != new[2]:
        yield f"{alter} {'SET' if new[2] else 'DROP'} NOT NULL"


def _parts(definition: str) -> tuple[str, str, bool]:
    text = definition.removesuffix(" NOT NULL")
    type_, _, default = text.partition(" DEFAULT ")
    return type_, default, text != definition


def _result(function: Object) -> str:
    head = function.definition.partition(" AS ")[0]
    return head.partition("RETURNS ")[2].partition("\n")[0]


def _callers(function: Object) -> list[str]:
    return [line for line in function.definition.splitlines() if line.startswith("tenantry_")][1:]
