"""A record and its seals: a tenant's, or the platform's log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Protocol, cast
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Table
from sqlalchemy.dialects.postgresql import JSONB

from tenantry.models import LEAF_SIZE, AuditLog, AuditSeal, Base, PlatformLog, PlatformSeal

from . import merkle
from .canonical import canonical, canonical_json

#: Below every id of an entry, and the highest there can be.
FIRST, LAST = UUID(int=0), UUID(int=(1 << 128) - 1)
#: Stands in every seal, so that the hash of one is no hash of anything else.
FORMAT = "tenantry-audit-seal-1"
#: Entries read at a time: each may be of a megabyte.
_PAGE = 100
_TIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


class Reads(Protocol):
    async def fetch(self, sql: str, *args: Any) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it is hashed: everything it says but its leaves, in words."""

    says: Mapping[str, str]
    hash: bytes

    @classmethod
    def read(cls, row: Any) -> Seal:
        """From a row whose columns came as text."""
        said = {k: v for k, v in row.items() if v is not None and k not in ("hash", "leaves")}
        return cls({"format": FORMAT, **said}, bytes.fromhex(row["hash"] or ""))

    @classmethod
    def anchored(cls, line: Mapping[str, str]) -> Seal:
        """`ValueError`, `KeyError`, `TypeError` or `AttributeError` when it is none."""
        if not all(isinstance(value, str) for value in line.values()):
            raise ValueError("no such seal")
        seal = cls({k: v for k, v in line.items() if k != "hash"}, bytes.fromhex(line["hash"]))
        # Any tenant's and any hash, whatever a forger had sealed: what `seal` once anchored must not
        # keep `verify` from all the rest.
        UUID(line.get("tenant_id", str(FIRST)))
        if not 0 < seal.sequence < 1 << 63:
            raise ValueError("no such seal")
        return seal

    @property
    def line(self) -> dict[str, str]:
        """As it is shown and anchored; its hash can be made from the rest."""
        return {**self.says, "hash": self.hash.hex()}

    @property
    def its_hash(self) -> bytes:
        """What its hash has to be."""
        return sha256(canonical(self.says)).digest()

    @property
    def id(self) -> UUID:
        return UUID(self.says["id"])

    @property
    def tenant_id(self) -> UUID | None:
        return UUID(self.says["tenant_id"]) if "tenant_id" in self.says else None

    @property
    def sequence(self) -> int:
        return int(self.says["sequence"])

    @property
    def entries(self) -> int:
        return int(self.says["entries"])

    @property
    def bounds(self) -> tuple[UUID, UUID]:
        return UUID(self.says["from_id"]), UUID(self.says["to_id"])


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a record and its seals stand. Without a tenant, the platform's."""

    tenant_id: UUID | None = None

    def __str__(self) -> str:
        return f"tenant {self.tenant_id}" if self.tenant_id else "the platform"

    @property
    def _sql(self) -> _Statements:
        return _TENANT if self.tenant_id else _PLATFORM

    @property
    def _whose(self) -> tuple[UUID, ...]:
        return (self.tenant_id,) if self.tenant_id else ()

    @property
    def log(self) -> str:
        return str(self._sql.log.__tablename__)

    async def entries(
        self, s: Reads, from_id: UUID, to_id: UUID | None, *, limit: int | None = None
    ) -> AsyncIterator[list[dict[str, str]]]:
        """The entries from one id on and below another as they are spelt, in their order, some at
        a time. Those that forgery gave one id are never apart."""
        rest, last = limit, preceding(to_id) if to_id else LAST
        while rest is None or rest > 0:
            many = _PAGE if rest is None else min(rest, _PAGE)
            rows = await s.fetch(self._sql.entries, *self._whose, from_id, last, many)
            if rows:
                yield [self._sql.spell(row) for row in rows]
                from_id = following(UUID(rows[-1]["id"]))
            if len(rows) < many:
                return
            rest = None if rest is None else rest - many

    async def leaves(
        self, s: Reads, from_id: UUID, to_id: UUID | None, *, limit: int | None = None
    ) -> AsyncIterator[list[bytes]]:
        """The same as leaves of a tree."""
        async for page in self.entries(s, from_id, to_id, limit=limit):
            yield [leaf_of(entry) for entry in page]

    async def newest(self, s: Reads) -> Seal | None:
        rows = await s.fetch(self._sql.newest, *self._whose)
        return Seal.read(rows[0]) if rows else None

    async def seals(self, s: Reads, *, after: int = 0) -> AsyncIterator[tuple[Seal, list[bytes]]]:
        """Every seal with its leaves, in order."""
        while rows := await s.fetch(self._sql.seals, *self._whose, after):
            for row in rows:
                seal = Seal.read(row)
                yield seal, split(row["leaves"] or b"")
                after = seal.sequence

    async def seal_of(self, s: Reads, entry: UUID) -> tuple[Seal, list[bytes]] | None:
        """The seal on the stretch that an id lies in."""
        rows = await s.fetch(self._sql.seal_of, *self._whose, entry)
        return (Seal.read(rows[0]), split(rows[0]["leaves"])) if rows else None

    async def hashes(self, s: Reads, sequences: Sequence[int]) -> dict[int, bytes]:
        return dict(await s.fetch(self._sql.hashes, *self._whose, list(sequences)))

    async def headers(self, s: Reads, after: int, many: int) -> list[Seal]:
        """The seals above a number, without their leaves."""
        rows = await s.fetch(self._sql.headers, *self._whose, after, many)
        return [Seal.read(row) for row in rows]

    async def close(
        self,
        s: Reads,
        before: Seal | None,
        bounds: tuple[UUID, UUID],
        leaves: Sequence[bytes],
        *,
        id: UUID,
        moment: datetime,
    ) -> Seal | None:
        """Set the next seal; None when somebody else was faster."""
        facts: dict[str, Any] = {
            "id": id,
            "sequence": before.sequence + 1 if before else 1,
            "from_id": bounds[0],
            "to_id": bounds[1],
            "entries": len(leaves),
            "root": merkle.root(leaves),
            "previous": before.hash if before else None,
            "created_at": moment,
        }
        if self.tenant_id:
            facts["tenant_id"] = self.tenant_id
        says = {k: _spelt(v) for k, v in facts.items() if v is not None}
        seal = Seal({"format": FORMAT, **says}, b"")
        facts |= {"hash": seal.its_hash, "leaves": b"".join(leaves)}
        made = await s.fetch(self._sql.close, *(facts[name] for name in self._sql.closed_with))
        return Seal(seal.says, facts["hash"]) if made else None


@dataclass(frozen=True)
class _Statements:
    """The SQL of a record and of its seals, from their models."""

    log: type[Base]
    seal: type[Base]
    #: What every statement begins its conditions with, and how many parameters that takes.
    whose: str
    taken: int

    def _p(self, n: int) -> str:
        return f"${n + self.taken}"

    @cached_property
    def _json(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.log.__table__.columns if isinstance(c.type, JSONB))

    def spell(self, row: Mapping[str, str | None]) -> dict[str, str]:
        entry = {k: v for k, v in row.items() if v is not None}
        for name in self._json:
            if name in entry:
                entry[name] = canonical_json(entry[name])
        return entry

    @cached_property
    def entries(self) -> str:
        return (
            f"SELECT {_as_text(self.log)} FROM tenantry.{self.log.__tablename__} AS r WHERE {self.whose}"  # noqa: S608 - names of our models
            f" r.id >= {self._p(1)} AND r.id <= {self._p(2)}"
            f" ORDER BY r.id FETCH FIRST ({self._p(3)}) ROWS WITH TIES"
        )

    def _seals(self, condition: str, rest: str = "", *, leaves: bool = False) -> str:
        columns = _as_text(self.seal) + (", r.leaves" if leaves else "")
        return (
            f"SELECT {columns} FROM tenantry.{self.seal.__tablename__} AS r"  # noqa: S608 - names of our models
            f" WHERE {self.whose} {condition} ORDER BY r.sequence {rest}"
        )

    @cached_property
    def newest(self) -> str:
        return self._seals("true", "DESC LIMIT 1")

    @cached_property
    def seals(self) -> str:
        # One at a time is half a megabyte; a few save round trips where they are small. Those that
        # forgery gave one number are never apart.
        return self._seals(
            f"r.sequence > {self._p(1)}", "FETCH FIRST 8 ROWS WITH TIES", leaves=True
        )

    @cached_property
    def seal_of(self) -> str:
        within = f"r.from_id <= {self._p(1)} AND r.to_id > {self._p(1)}"
        return self._seals(within, "LIMIT 1", leaves=True)

    @cached_property
    def headers(self) -> str:
        return self._seals(f"r.sequence > {self._p(1)}", f"LIMIT {self._p(2)}")

    @cached_property
    def hashes(self) -> str:
        return (
            f"SELECT r.sequence, r.hash FROM tenantry.{self.seal.__tablename__} AS r"  # noqa: S608 - names of our models
            f" WHERE {self.whose} r.sequence = ANY ({self._p(1)}::bigint[])"
        )

    @cached_property
    def closed_with(self) -> list[str]:
        return [c.name for c in self.seal.__table__.columns]

    @cached_property
    def close(self) -> str:
        names = self.closed_with
        places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
        return (
            f"INSERT INTO tenantry.{self.seal.__tablename__} ({', '.join(names)})"  # noqa: S608 - names of our models
            f" VALUES ({places}) ON CONFLICT DO NOTHING RETURNING sequence"
        )


_TENANT = _Statements(AuditLog, AuditSeal, "r.tenant_id = $1 AND", 1)
_PLATFORM = _Statements(PlatformLog, PlatformSeal, "", 0)


async def chain_of(s: Reads, entry: UUID) -> Chain | None:
    """Whose record an entry is in."""
    rows = await s.fetch(_WHERE, entry)
    return Chain(rows[0][0]) if rows else None


async def swept_below(s: Reads) -> UUID:
    """What the newest of the platform's seals says of everyone: older entries are all sealed."""
    last = await Chain().newest(s)
    return last.bounds[1] if last else FIRST


async def tenants_of(s: Reads, table: str, since: UUID = FIRST) -> list[Chain]:
    """Of whom there are rows in one of a record's tables, from an id on."""
    return [Chain(row[0]) for row in await s.fetch(_TENANTS.format(table), since)]


def leaf_of(entry: Mapping[str, str]) -> bytes:
    return bytes.fromhex(entry["id"].replace("-", "")) + sha256(canonical(entry)).digest()


def split(leaves: bytes) -> list[bytes]:
    return [leaves[n : n + LEAF_SIZE] for n in range(0, len(leaves), LEAF_SIZE)]


def id_of(leaf: bytes) -> UUID:
    return UUID(bytes=leaf[:16])


def following(id: UUID) -> UUID:
    return UUID(int=min(id.int + 1, LAST.int))


def preceding(id: UUID) -> UUID:
    return UUID(int=max(id.int - 1, 0))


def _as_text(model: type[Base]) -> str:
    """A model's columns as text, under their names."""
    return ", ".join(_texts(model))


def _texts(model: type[Base]) -> Iterator[str]:
    table = cast(Table, model.__table__)
    for c in sorted(table.columns, key=lambda c: c.name):
        if c.info.get("hidden"):
            continue
        if isinstance(c.type, DateTime):
            # A year before Christ has the same digits; to_char leaves infinity out.
            text = (
                f"coalesce(to_char(r.{c.name} AT TIME ZONE 'UTC', '{_TIME}')"
                f" || CASE WHEN r.{c.name} < '0001-01-01T00:00Z' THEN ' BC' ELSE '' END, r.{c.name}::text)"
            )
        elif isinstance(c.type, LargeBinary):
            text = f"encode(r.{c.name}, 'hex')"
        else:
            text = f"r.{c.name}::text"
        yield f"{text} AS {c.name}"


#: By its id alone, which tells the partition.
_WHERE = """
SELECT tenant_id FROM tenantry.audit_logs WHERE id = $1
UNION ALL SELECT NULL FROM tenantry.platform_log WHERE id = $1"""
#: A look into the index for each tenant.
_TENANTS = """
WITH RECURSIVE found AS (
    (SELECT tenant_id FROM tenantry.{0} WHERE id >= $1 ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.tenant_id FROM tenantry.{0} AS r
            WHERE r.tenant_id > f.tenant_id AND r.id >= $1 ORDER BY r.tenant_id LIMIT 1)
    FROM found AS f WHERE f.tenant_id IS NOT NULL
)
SELECT tenant_id FROM found WHERE tenant_id IS NOT NULL"""


def _spelt(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return value.hex() if isinstance(value, bytes) else str(value)
