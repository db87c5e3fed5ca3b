"""Where attacks are made: one transaction with two throw-away tenants in it, which is undone.

Rows of a tenant that exists only inside a transaction are seen by that transaction alone. So an
administrator makes them and then takes the roles of the application in turn, by SET SESSION
AUTHORIZATION: from there on the server holds it to that role's rights. The context is set by the
kernel's own words. Attacks that need no rows go through the application's own doors: see `doors.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from tenantry.errors import PermissionDenied
from tenantry.kernel.connect import ConnectOptions, Connector
from tenantry.kernel.connection import Connection
from tenantry.kernel.context import Context
from tenantry.kernel.seal import Sealer, verifiers
from tenantry.keyring import new_key

from ..outcome import Outcome
from ..rows import Party, Relation, Row, furnish, quoted, read_relations
from ..subject import Subject
from .decoys import Decoy, lay_decoys
from .doors import Doors

DENIED = "42501"
#: Violations of unique and of exclusion rules.
TAKEN = ("23505", "23P01")
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """A table to attack, and a row of the victim's in it."""

    relation: Relation
    mine: Row
    theirs: Row
    control: bool = False

    @property
    def name(self) -> str:
        return self.relation.name

    @property
    def label(self) -> str:
        return self.name.replace('"', "")

    def of_theirs(self, start: int = 1) -> tuple[str, list[str | None]]:
        """A condition for what is the victim's: its tenant, or its row where a table has none."""
        column = self.relation.tenant_column
        columns = (column,) if column is not None else self.relation.key
        return self.relation.matching(self.theirs, columns, start)

    def their_row(self, start: int = 1) -> tuple[str, list[str | None]]:
        return self.relation.matching(self.theirs, self.relation.key, start)

    def my_row(self, start: int = 1) -> tuple[str, list[str | None]]:
        return self.relation.matching(self.mine, self.relation.key, start)


@dataclass
class Arena:
    """One connection of an administrator, inside a transaction that never ends well."""

    subject: Subject
    connection: Connection
    me: Party
    victim: Party
    relations: list[Relation]
    doors: Doors | None
    #: Takes and gives back a role.
    take_role: str
    #: Where contexts are sealed: under a key that the database accepts in this transaction alone.
    sealer: Sealer | None = None
    decoys: dict[str, Decoy] = field(default_factory=dict)
    _depth: int = 0
    #: The last scene's doings are still there, until somebody acts again.
    _stale: bool = False
    _privileges: dict[tuple[str, str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def roles(self) -> tuple[str, ...]:
        return self.subject.roles

    # ---- statements -----------------------------------------------------------------------------

    async def run(self, sql: str, /, *args: object) -> Outcome:
        """One statement as whoever is acting; undone alone when it fails."""
        settle = "ROLLBACK TO scene; " if self._stale and not self._depth else ""
        self._stale = self._stale and not settle
        await self.connection.command(f"{settle}SAVEPOINT attempt")
        outcome = await self._send(sql, args)
        undo = "ROLLBACK TO attempt; " if outcome.refused else ""
        await self.connection.command(f"{undo}RELEASE attempt")
        return outcome

    async def alone(self, role: str, party: Party | None, sql: str, /, *args: object) -> Outcome:
        """One statement in a scene of its own."""
        async with self.scene(role, party):
            return await self._send(sql, args)

    @asynccontextmanager
    async def scene(self, role: str | None, party: Party | None = None) -> AsyncIterator[None]:
        """Act as a role for a tenant; all that happens is undone, at the latest by the next scene."""
        name = f"scene_{self._depth}" if self._depth else "scene"
        begin = f"SAVEPOINT {name}" if self._depth else f"ROLLBACK TO {name}"
        await self.connection.command(f"{begin}; {self._acting(role, party)}")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._stale = not self._depth
            if self._depth:
                await self.connection.command(f"ROLLBACK TO {name}; RELEASE {name}")

    async def act(self, role: str | None, party: Party | None = None) -> None:
        """From here on as this role, or as the administrator; for this tenant, or for none."""
        await self.connection.command(self._acting(role, party))

    def _acting(self, role: str | None, party: Party | None) -> str:
        take = f"{self.take_role} {quoted(role)}; " if role else ""
        return f"RESET {self._what}; {take}{self.context(party.id if party else None, party)}"

    async def _send(self, sql: str, args: tuple[object, ...]) -> Outcome:
        try:
            rows, tag = await self.connection.fetch(sql, args, False, _SECONDS)
        except asyncpg.PostgresError as error:
            said = " ".join(filter(None, (str(error), error.detail, error.hint)))
            return Outcome(sqlstate=error.sqlstate, message=said, column=error.column_name or "")
        except (asyncpg.InterfaceError, ValueError, TypeError, OverflowError) as error:
            # The driver would not send it.
            return Outcome(sqlstate="driver", message=type(error).__name__)
        return Outcome(rows, tag)

    @property
    def _what(self) -> str:
        return "ROLE" if self.take_role.endswith("ROLE") else "SESSION AUTHORIZATION"

    def context(self, tenant: str | None, party: Party | None = None) -> str:
        """The words that set a context: the kernel's own, where it is ours."""
        if self.subject.installed:
            user = party.rows.get(self._users, {}).get("id") if party else None
            made = Context(UUID(tenant) if tenant else None, UUID(user) if user else None)
            words = made.sealed(self.sealer) if self.sealer else made.settings
            return words.removeprefix("; ")
        if not self.subject.setting:
            return "SELECT"
        return f"SET LOCAL {self.subject.setting} = '{_literal(tenant or '')}'"

    @property
    def _users(self) -> int:
        return next((r.oid for r in self.relations if r.name == '"tenantry"."users"'), 0)

    # ---- what there is to attack ----------------------------------------------------------------

    def targets(self, role: str) -> list[Target]:
        """Every table that a tenant's rows are in, and one that is left open, as a control."""
        known = self._keyed_by_row
        found = [
            Target(r, self.me.rows[r.oid], self.victim.rows[r.oid])
            for r in self.relations
            if r.oid in self.me.rows
            and r.oid in self.victim.rows
            and (r.tenant_column is not None or r.name in known)
        ]
        decoy = self.decoys[role]
        return [*found, Target(decoy.things, decoy.mine, decoy.theirs, control=True)]

    async def victims_rows(self, role: str) -> dict[str, str]:
        """Table -> the victim's row in it, as the administrator sees it now."""
        each = []
        for t in self.targets(role):
            terms = [
                f"{quoted(c)} = '{_literal(t.theirs[c] or '')}'::{t.relation.column(c).type}"
                for c in t.relation.key
            ]
            condition = " AND ".join(terms) or "false"
            each.append(
                f"SELECT '{_literal(t.label)}' AS name, to_jsonb(t)::text AS row FROM {t.name} AS t WHERE {condition}"
            )
        outcome = await self.run(" UNION ALL ".join(each))
        if outcome.refused:
            raise PermissionDenied(f"The arena cannot be looked over: {outcome.message}")
        return {row["name"]: row["row"] for row in outcome.rows}

    @property
    def _keyed_by_row(self) -> set[str]:
        """Tables of ours without a tenant's column, whose rows are not everybody's all the same."""
        return {
            f'"tenantry"."{table.name}"'
            for table, model in self.subject.models()
            if model.__access__.rows != "true"
        }

    async def allowed(self, role: str, target: Target, privilege: str) -> tuple[str, ...]:
        """The columns of a table that a role holds a privilege on."""
        key = (role, target.name, privilege)
        if key not in self._privileges:
            columns = [c.name for c in target.relation.columns]
            sql = "SELECT c FROM unnest($1::text[]) AS c WHERE has_column_privilege($2, $3::oid, c, $4)"
            rows = (await self.run(sql, columns, role, target.relation.oid, privilege)).rows
            self._privileges[key] = tuple(row["c"] for row in rows)
        return self._privileges[key]


def _literal(text: str) -> str:
    return text.replace("'", "''")


@asynccontextmanager
async def arena(
    url: str, subject: Subject, doors: Doors | None, *, prepare: str = ""
) -> AsyncIterator[Arena]:
    """Make the tenants and their rows; undo everything at the end. `prepare` is done first."""
    connector = Connector(
        ConnectOptions(
            dsn=url,
            application_name="tenantry-prove",
            statement_timeout=_SECONDS,
            idle_in_transaction_timeout=300,
            lock_timeout=1,
        )
    )
    connection = await connector.open()
    try:
        await connection.command("BEGIN" + connection.limits)
        if prepare:
            await connection.command(prepare)
        made = Arena(subject, connection, _party(), _party(), [], doors, await _take(connection))
        await _hold_off_guards(made)
        if subject.sealed:
            made.sealer = await _sealer(made)
        made.relations = await read_relations(made, subject)
        await _settle_ids(made)
        for party in (made.me, made.victim):
            await furnish(made, made.relations, party)
        made.decoys = await lay_decoys(made)
        await connection.command("SAVEPOINT scene")
        yield made
    finally:
        await _leave(connection)


async def _leave(connection: Connection) -> None:
    try:
        if not connection.raw.is_closed():
            await connection.rollback()
    finally:
        connection.terminate()


async def _hold_off_guards(arena: Arena) -> None:
    """An event trigger would refuse the decoys, and after them whatever an attack tries to make:
    rights alone must be what refuses it."""
    if arena.take_role.endswith("AUTHORIZATION"):
        for row in (
            await arena.run("SELECT evtname FROM pg_event_trigger WHERE evtenabled <> 'D'")
        ).rows:
            await arena.run(f"ALTER EVENT TRIGGER {quoted(row['evtname'])} DISABLE")


async def _sealer(arena: Arena) -> Sealer:
    key = new_key()
    (made,) = verifiers([key])
    outcome = await arena.run(
        "INSERT INTO tenantry.seal_keys (name, inner_pad, outer_pad) VALUES ($1, $2, $3)",
        made.name, made.inner, made.outer,
    )  # fmt: skip
    if outcome.refused:
        raise PermissionDenied(
            "The database asks for sealed contexts, and the administrator may add no key.",
            hint="Give a superuser's URL.",
        )
    return Sealer([key])


async def _take(connection: Connection) -> str:
    rows, _ = await connection.fetch(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user", (), True, _SECONDS
    )
    return "SET LOCAL SESSION AUTHORIZATION" if rows[0][0] else "SET LOCAL ROLE"


def _party() -> Party:
    identity = uuid4()
    # Short enough for most columns, long enough to be nobody else's.
    return Party(f"p{identity.hex[:10]}", str(identity))


async def _settle_ids(arena: Arena) -> None:
    """Tenants' ids have the type of their column; where a table lists them, their row comes first."""
    tenants = next(
        (r for r in arena.relations if r.tenant_column and r.key == (r.tenant_column,)), None
    )
    sample = tenants or next((r for r in arena.relations if r.tenant_column), None)
    if sample is None or sample.tenant_column is None:
        raise PermissionDenied("There is no table of tenants to attack.")
    kind = sample.column(sample.tenant_column)
    for number, party in enumerate((arena.me, arena.victim)):
        if kind.category == "N":
            party.id = str(2_000_000_000 + number * 7 + int(party.id[:6], 16))
        elif kind.category == "S":
            party.id = party.tag
