"""A revision run on an empty copy of the schema, to see what each statement does.

The server itself says whether it writes a table anew (its file changes) or reads all of it (its
counters say so), whatever the version, and also of what no text tells: that a type changes without a
rewrite, or that a validated check spares NOT NULL its scan.

The copy stands in the database under the schema's own name, which is another's meanwhile; only this
transaction sees that, it locks no table of the real ones, and it is always undone: no revision can end
it, and a check that waits for its end would have the server refuse to commit it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Row, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tenantry.errors import MigrationError, TenantryError
from tenantry.schema.catalog import VERSION_TABLE, read_catalog
from tenantry.schema.roles import SCHEMA_USAGE

from ..compare import LIVE, STAND_ASIDE, compare
from ..generate import frame
from .dangers import Seen
from .statements import read

#: What `tenantry.migrations` asks of a context, to say what it would do instead of doing it.
REHEARSAL: Final = "tenantry_rehearsal"

#: Broken from the beginning, and looked at by a commit alone.
_NEVER_COMMITTED: Final = f"""
    CREATE TABLE {LIVE}.tenantry_rehearsal (
        n int PRIMARY KEY,
        m int CONSTRAINT a_rehearsal_is_never_committed REFERENCES {LIVE}.tenantry_rehearsal
            DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO {LIVE}.tenantry_rehearsal VALUES (1, 2)"""
_ENDS: Final = re.compile(
    r"(BEGIN|START TRANSACTION|COMMIT|END|ABORT|ROLLBACK(?! TO\b)|PREPARE TRANSACTION)\b", re.I
)
_STEPPED: Final = re.compile(r"\b(?:nextval|setval)\s*\(\s*'([^']*)'", re.I)
_PARTITIONS: Final = """
    SELECT format('CREATE TABLE tenantry.%I PARTITION OF tenantry.%I %s', c.relname, p.relname,
                  pg_get_expr(c.relpartbound, c.oid)) AS made
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_class AS p ON p.oid = i.inhparent
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind = 'r' AND c.relispartition
      AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' ORDER BY 1"""
_STATE: Final = f"""
    SELECT c.relname, coalesce(t.relname, c.relname) AS table, c.relkind::text AS kind,
           to_regnamespace('{LIVE}') IS NOT NULL AS copied,
           c.relfilenode::bigint AS file, pg_stat_get_xact_numscans(c.oid) AS scans,
           (SELECT r.relname FROM pg_class AS r WHERE r.oid = pg_partition_root(coalesce(t.oid, c.oid))) AS root
    FROM pg_class AS c LEFT JOIN pg_index AS x ON x.indexrelid = c.oid LEFT JOIN pg_class AS t ON t.oid = x.indrelid
    WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'i', 'I')"""
#: What holds or shows rows and the copy does not shield. A sequence's steps are not even undone.
_OUTSIDE: Final = """
    SELECT DISTINCT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT LIKE 'tg\\_%'
      AND n.nspname NOT IN ('tenantry', 'tenantry_archive', 'information_schema', 'ag_catalog')"""
_READERS: Final = """
    SELECT p.proname, p.prosrc FROM pg_proc AS p
    WHERE p.pronamespace = 'tenantry'::regnamespace AND p.prosrc <> ''"""


@dataclass(frozen=True, slots=True)
class Script:
    """A revision as the rehearsal runs it."""

    revision: str
    upgrade: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    #: Of each revision, what was seen of its statements.
    seen: dict[str, list[Seen]]
    #: The functions that are left, and their texts.
    functions: dict[str, str]


class _Context(MigrationContext):
    """Alembic's, of one transaction that nothing ends."""

    autocommit = False

    @contextmanager
    def autocommit_block(self) -> Iterator[None]:
        self.autocommit = True
        try:
            yield
        finally:
            self.autocommit = False


async def rehearse(
    connect: Callable[[], Any], scripts: list[Script], tell: Callable[[str], None]
) -> Rehearsed:
    """Run `scripts` on an empty copy of the database that `connect` leads to, and undo it all."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            # The driver's own transaction begins with the first statement.
            await connection.exec_driver_sql("SELECT 1")
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None  # noqa: S101 - it is connected
            outside = {row[0] for row in await raw.fetch(_OUTSIDE)}
            await _copy(raw)
            found: dict[str, list[Seen]] = {}
            for script in scripts:
                tell(f"Rehearsing {script.revision}")
                found[script.revision] = await connection.run_sync(_run, script, outside)
            functions = {row[0]: row[1] for row in await raw.fetch(_READERS)}
            await connection.rollback()
            return Rehearsed(found, functions)
    finally:
        await engine.dispose()


async def _copy(raw: asyncpg.Connection[Any]) -> None:
    """The schema as it is, without its rows."""
    live = await read_catalog(raw)
    partitions = [row[0] for row in await raw.fetch(_PARTITIONS)]
    await raw.execute(STAND_ASIDE)
    await raw.execute(_NEVER_COMMITTED)
    await raw.execute(f"CREATE SCHEMA tenantry; {SCHEMA_USAGE}")
    # In one message: a schema is some two thousand statements.
    await raw.execute(";\n".join([*frame(compare({}, live)), *partitions]))
    await raw.execute(f"CREATE TABLE tenantry.{VERSION_TABLE} AS TABLE {LIVE}.{VERSION_TABLE}")


def _run(connection: Connection, script: Script, outside: set[str]) -> list[Seen]:
    """One revision. What fails ends it, and leaves the others as if it had not been."""
    watch = _Watch(connection, outside)
    context = _Context(connection.dialect, connection, {REHEARSAL: watch.note})
    watch.context = context
    event.listen(connection, "before_cursor_execute", watch.before, retval=True)
    event.listen(connection, "after_cursor_execute", watch.after)
    event.listen(connection, "commit", _refuse_end)
    event.listen(connection, "rollback", _refuse_end)
    point = connection.begin_nested()
    try:
        with Operations.context(context):
            script.upgrade()
        point.commit()
    except MigrationError:
        raise
    except (DBAPIError, TenantryError) as error:
        watch.failed(str(getattr(error, "orig", None) or error))
        point.rollback()
    finally:
        event.remove(connection, "before_cursor_execute", watch.before)
        event.remove(connection, "after_cursor_execute", watch.after)
        event.remove(connection, "commit", _refuse_end)
        event.remove(connection, "rollback", _refuse_end)
    return watch.seen


def _refuse_end(_: Connection) -> None:
    raise MigrationError(
        "A revision ends its transaction by itself, so it cannot be rehearsed.",
        hint="Put what stands outside of it into `with op.get_context().autocommit_block():`.",
    )


class _Watch:
    """Looks at the copy before and after each statement."""

    def __init__(self, connection: Connection, outside: set[str]) -> None:
        self.seen: list[Seen] = []
        self.context: _Context | None = None
        self._connection = connection
        self._outside = outside
        self._looking = False
        self._state: dict[str, Row[Any]] = {}
        self._text = ""

    def before(
        self, _c: object, _k: object, text: str, parameters: Any, _x: object, _m: object
    ) -> tuple[str, Any]:
        if self._looking or text.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO")):
            return text, parameters
        self._text = text
        if _ENDS.match(read(text).bare):
            raise TenantryError("it ends or begins a transaction, which is the runner's to do.")
        if other := self._names_outside(text):
            raise TenantryError(f"{other} is a table of another schema, which is not copied.")
        self._state = self._look()
        if read(text).vacuums and self.context is not None and self.context.autocommit:
            return "SELECT", ()  # there is nothing to be seen of it
        # Inside the one transaction it is done as it is elsewhere; what it does is the same.
        return re.sub(r"\bCONCURRENTLY\b", "", text, flags=re.IGNORECASE), parameters

    def after(self, _c: object, _k: object, _t: str, _p: object, _x: object, _m: object) -> None:
        if self._looking or not self._text:
            return
        statement, self._text = read(self._text), ""
        old, new = self._state, self._look()
        tables = {name: row.table for name, row in old.items() if row.kind in "iI"}
        locks = statement.locks(tables)
        rewritten: set[str] = set()
        reindexed: set[str] = set()
        scanned: set[str] = set()
        for name, row in old.items():
            # A partition that the statement does not name is worked through with all the others.
            table = row.table if row.table in locks else row.root or row.table
            if name in new and new[name].file != row.file:
                (reindexed if row.kind in "iI" else rewritten).add(table)
            elif name in new and new[name].scans > row.scans and row.kind in "rm":
                scanned.add(table)
        if statement.copies:
            rewritten |= set(locks)
        if re.match(r"(SELECT|SET|SHOW)\b", statement.bare, re.IGNORECASE):
            scanned = set()  # a question holds up nobody
        autocommit = self.context is not None and self.context.autocommit
        self.seen.append(
            Seen(statement, locks, rewritten, reindexed - rewritten, scanned, autocommit=autocommit)
        )

    def note(self, text: str) -> None:
        """Something that is done in steps of its own, each a short transaction."""
        self.seen.append(Seen(read(text), {}, (), (), (), autocommit=True))

    def failed(self, error: str) -> None:
        text = self._text or (self.seen[-1].statement.text if self.seen else "")
        self._text = ""
        message = error.partition(": ")[2] if error.startswith("<class") else error
        self.seen.append(
            Seen(read(text), {}, (), (), (), autocommit=False, error=message.partition("\n")[0])
        )

    def _look(self) -> dict[str, Row[Any]]:
        self._looking = True
        try:
            rows = self._connection.exec_driver_sql(_STATE).all()
        finally:
            self._looking = False
        if not all(row.copied for row in rows):  # by whatever way, before anything is done to them
            raise MigrationError("A revision left the rehearsal: what followed was not run.")
        return {row.relname: row for row in rows}

    def _names_outside(self, text: str) -> str | None:
        bare = read(text).bare
        # What a block does is done now; and a sequence is named by a literal.
        done = text if bare.upper().startswith("DO ") else " ".join([bare, *_STEPPED.findall(text)])
        for qualifier, name in re.findall(r'(?:(\w+|"[^"]+")\.)?\b(\w+)\b', done):
            if qualifier.strip('"') == LIVE:
                return f"{LIVE}.{name}"
            if name.lower() in self._outside and qualifier.strip('"') != "tenantry":
                return str(name)
        return None
