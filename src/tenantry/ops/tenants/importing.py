"""A tenant read from a folder into a database: all of it, in one transaction, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from tenantry import ids
from tenantry.database import Database
from tenantry.errors import ConfigurationError, SecretUnreadable, TransferRefused
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor
from tenantry.models import SCHEMA, metadata
from tenantry.ops import graphs, partitions
from tenantry.schema.partitions import partitioned

from .archive import File, Manifest, as_object, batches, checked, id_in, objects, read_manifest
from .exporting import USER_COLUMNS
from .numbering import Numbering
from .tables import AS_TEXT, LOG, OUTBOX, SEALS, TenantTable, revisions, tenant_tables

Tell = Callable[[str], None]

#: What a copy under a new id leaves behind: its keys and invitations would open two tenants, and its record
#: tells of the other.
_NOT_COPIED: Final = frozenset({LOG, SEALS, "api_keys", "invitations"})
_LOAD: Final = "SELECT tenantry.load_rows($1, $2, $3, $4)"
_CHECK: Final = "SELECT tenantry.check_references($1)"
_TOLD: Final = "SELECT tenantry.record_platform_event('import', 'tenants', $1, $2)"
_KNOWN_USERS: Final = """
SELECT g.id AS given, coalesce(same.id, mailed.id) AS found
FROM unnest($1::uuid[], $2::text[]) AS g (id, email)
LEFT JOIN tenantry.users AS same ON same.id = g.id
LEFT JOIN tenantry.users AS mailed ON lower(mailed.email) = lower(g.email)"""
#: Whatever they were on the platform they come from, here they are users; a name that is taken stays
#: its owner's.
_NEW_USER: Final = """
INSERT INTO tenantry.users (id, email, username, name, kind, is_active, metadata, preferences, password_hash)
SELECT $1, $2, CASE WHEN NOT EXISTS (SELECT FROM tenantry.users AS u WHERE lower(u.username) = lower($3)) THEN $3 END,
       $4, $5, $6, $7::text::jsonb, $8::text::jsonb, $9"""


@dataclass
class Imported:
    """What was put in, and what was left in the folder."""

    tenant_id: UUID
    slug: str
    tables: dict[str, int] = field(default_factory=dict)
    users_found: int = 0
    users_made: int = 0
    #: Entries of the record that no seal covers: they stay in the folder.
    entries_left: int = 0
    #: Encrypted credentials that this platform's keys do not open: left as they are, or, since they
    #: cannot be sealed anew, empty in a copy.
    credentials_unreadable: int = 0
    partitions: list[str] = field(default_factory=list)
    graph: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rows": sum(self.tables.values())}


async def import_(
    db: Database,
    folder: Path,
    *,
    as_slug: str | None = None,
    new_id: bool = False,
    make_users: bool = True,
    passwords: bool = False,
    owner_url: str | None = None,
    reason: str = "tenant import",
    actor: Actor | None = None,
    tell: Tell = lambda _: None,
) -> Imported:
    """Put an exported tenant in, under its own id or a new one. With the owner's URL the partitions of
    its rows are made first. `passwords` takes over hashes of users that it makes: whoever wrote the
    folder can log in as them."""
    tell("Checking the files")
    manifest, digest = read_manifest(folder)
    old = UUID(manifest.tenant["id"])
    tenant_id = ids.uuid7() if new_id else old
    begin = await db.serving(reason, actor=actor)
    async with begin() as s:
        tables = await _fitting(s, manifest)
    done = Imported(tenant_id, as_slug or manifest.tenant["slug"])
    if owner_url is not None:
        done.partitions = await _make_partitions(owner_url, folder, manifest, tell)
    async with begin() as s:
        await s.execute(AS_TEXT)
        known = await _users(s, folder, manifest, done, make=make_users, passwords=passwords)
        if new_id:
            known[old] = tenant_id
        numbering = Numbering(known, _own_ids(folder, manifest) if new_id else set(), tenant_id)
        loading = _Loading(s, folder, manifest, old, numbering, done, db)
        for table in tables:
            if not (new_id and table.name in _NOT_COPIED):
                tell(f"Putting in {table.label}")
                await loading.table(table, as_slug=as_slug, copy=new_id)
        tell("Checking references")
        await s.execute(_CHECK, tenant_id)
        told = {
            **done.to_dict(),
            "sha256": digest,
            "from": manifest.tenant,
            "moment": manifest.moment,
        }
        await s.execute(_TOLD, tenant_id, _plain(told))
    tell("Bringing views and the graph up to date")
    async with begin() as s:
        await s.refresh_views()
    if await graphs.kept(begin):
        await graphs.rebuild(begin, tenant_id)
        done.graph = True
    return done


async def examine(db: Database, folder: Path, *, reason: str = "tenant import") -> Manifest:
    """Whether a folder is an export, whole, and of this schema: without putting anything in."""
    manifest, _ = read_manifest(folder)
    async with db.service(reason) as s:
        await _fitting(s, manifest)
    return manifest


async def _fitting(s: ServiceTransaction, manifest: Manifest) -> list[TenantTable]:
    """The tables to put rows into, in order; refused when this schema is not the export's."""
    here = await revisions(s)
    if here != manifest.revisions:
        raise TransferRefused(
            f"The export is of the schema's revision {', '.join(manifest.revisions)}, and this database"
            f" has {', '.join(here)}.",
            hint="Bring both to the same revision with `tenantry migrate up`, and export again.",
            reason="revision",
        )
    tables = {table.label: table for table in await tenant_tables(s)}
    for entry in manifest.tables:
        table = tables.get(entry.table)
        if table is None or dict(table.columns) != entry.columns:
            raise TransferRefused(
                f"The table {entry.table} is not here, or has other columns than in the export.",
                hint="A platform's own tables have to be the same on both sides.",
                reason="revision",
                table=entry.table,
            )
    tenant = manifest.file_of("tenants")
    named = {entry.table for entry in manifest.tables}
    wanted = {t.label for t in tables.values() if t.schema == SCHEMA and t.name != OUTBOX}
    if tenant is None or tenant.rows != 1 or not named >= wanted:
        raise TransferRefused(
            "It is not a whole tenant: "
            + (f"there are no rows of {min(wanted - named)}." if wanted - named else "there is not one row of it."),
            hint="Nothing was imported.",
            reason="damaged",
        )  # fmt: skip
    if manifest.users.columns != USER_COLUMNS:
        raise TransferRefused("Its users have other columns.", reason="damaged")
    return [table for table in tables.values() if table.label in named]


@dataclass
class _Loading:
    s: ServiceTransaction
    folder: Path
    manifest: Manifest
    old: UUID
    numbering: Numbering
    done: Imported
    db: Database

    async def table(self, table: TenantTable, *, as_slug: str | None, copy: bool) -> None:
        entry = self.manifest.file_of(table.label)
        if entry is None or not entry.rows:
            return
        rows = checked(self.folder, entry)
        if table.label == LOG:
            rows = self._sealed(entry, rows)
        elif table.label != SEALS:
            if table.label == "data_sources":
                rows = self._opened(entry, rows, copy=copy)
            if self.numbering:
                rows = map(self.numbering.text, rows)
            if table.label == "tenants":
                rows = self._renamed(entry, rows, as_slug, copy=copy)
        loaded = 0
        for some in batches(rows):
            loaded += await self.s.fetch_value(
                _LOAD, self.done.tenant_id, table.relation, list(entry.columns), some
            )
        if loaded:
            self.done.tables[table.label] = loaded

    def _sealed(self, entry: File, rows: Iterator[str]) -> Iterator[str]:
        """An entry that no seal covers could never be sealed here: its time is."""
        last = self.manifest.record["last_seal"]
        upto = UUID(last["to_id"]) if last else UUID(int=0)
        for row in rows:
            if id_in(self.folder, entry, as_object(self.folder, entry, row)) < upto:
                yield row
            else:
                self.done.entries_left += 1

    def _opened(self, entry: File, rows: Iterator[str], *, copy: bool) -> Iterator[str]:
        """Whether this platform opens its secrets. One is of no use in another row: for a copy it is
        sealed anew."""
        for row in rows:
            facts = as_object(self.folder, entry, row)
            if facts["credentials"] is not None:
                source = id_in(self.folder, entry, facts)
                try:
                    sealed = bytes.fromhex(facts["credentials"].removeprefix("\\x"))
                    secret = self.db.keyring.open(sealed, self.old, source)
                    new = self.done.tenant_id, self.numbering.id(source)
                    if copy:
                        facts["credentials"] = "\\x" + self.db.keyring.seal(secret, *new).hex()
                except (SecretUnreadable, ConfigurationError, ValueError):
                    facts["credentials"] = None if copy else facts["credentials"]
                    self.done.credentials_unreadable += 1
            yield json.dumps(facts, ensure_ascii=False)

    def _renamed(
        self, entry: File, rows: Iterator[str], slug: str | None, *, copy: bool
    ) -> Iterator[str]:
        for row in rows:
            facts = as_object(self.folder, entry, row)
            if slug:
                facts["slug"] = slug
            if copy:  # one customer, billed once
                facts |= {"stripe_customer_id": None, "subscription_id": None}
            yield json.dumps(facts, ensure_ascii=False)


async def _users(
    s: ServiceTransaction,
    folder: Path,
    manifest: Manifest,
    done: Imported,
    *,
    make: bool,
    passwords: bool,
) -> dict[UUID, UUID]:
    """Users belong to the platform: those known by id or e-mail are meant, the others are made. Which
    go by another id here."""
    users = list(objects(folder, manifest.users))
    wanted = [id_in(folder, manifest.users, u) for u in users]
    rows = await s.fetch(_KNOWN_USERS, wanted, [u["email"] for u in users])
    found = {given: known for given, known in rows if known is not None}
    missing = [u for u in users if UUID(u["id"]) not in found]
    if missing and not make:
        raise TransferRefused(
            f"{len(missing)} members are no users of this platform, the first of them {missing[0]['email']}.",
            hint="Make them first, or import with their making.",
            reason="users",
            emails=[u["email"] for u in missing[:20]],
        )
    for user in missing:
        await s.execute(
            _NEW_USER, UUID(user["id"]), user["email"], user["username"], user["name"], user["kind"],
            user["is_active"] == "true", user["metadata"], user["preferences"], user["password_hash"] if passwords else None,
        )  # fmt: skip
    done.users_found, done.users_made = len(found), len(missing)
    return {given: known for given, known in found.items() if given != known}


def _own_ids(folder: Path, manifest: Manifest) -> set[bytes]:
    """The id of every row that will be put in under another."""
    found = set()
    for entry in manifest.tables:
        if entry.table not in _NOT_COPIED | {"tenants"} and entry.columns.get("id") == "uuid":
            for row in objects(folder, entry):
                found.add(id_in(folder, entry, row).bytes)
    return found


async def _make_partitions(
    owner_url: str, folder: Path, manifest: Manifest, tell: Tell
) -> list[str]:
    """Those of the times that the rows are of; a time that nothing happens at gets none."""
    made: list[str] = []
    sane = datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=730)
    for name, period in partitioned(metadata).items():
        entry = manifest.file_of(name)
        times = {
            _period_of(moment, period): moment
            for moment in (_times(folder, entry) if entry else ())
            if sane[0] <= moment < sane[1]
        }
        for _, moment in sorted(times.items()):
            tell(f"Making the partition of {name} for {moment:%Y-%m-%d}")
            made += await partitions.ensure(owner_url, moment, moment, tables=[name])
    return made


def _period_of(moment: datetime, period: str) -> tuple[int, int]:
    return moment.isocalendar()[:2] if period == "week" else (moment.year, moment.month)


def _times(folder: Path, entry: File) -> Iterator[datetime]:
    for row in objects(folder, entry):
        try:
            yield ids.time_of(id_in(folder, entry, row))
        except OverflowError:
            continue


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {k: str(v) if isinstance(v, UUID) else v for k, v in facts.items()}
