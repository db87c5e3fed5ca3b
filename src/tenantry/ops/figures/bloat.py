"""Room that holds nothing, as estimated; when it is too much is `ops.maintain`'s to say."""

from __future__ import annotations

from dataclasses import dataclass

from tenantry.ops.maintain import reindex, tables, vacuum

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class BloatedIndex:
    index: str
    table: str
    bytes: int
    #: Beyond what it would take when it is new.
    wasted_bytes: int
    #: Why `tenantry maintain reindex` builds it anew; empty where it would not.
    due: str


@dataclass(frozen=True, slots=True)
class DeadRows:
    """Of a table, or a partition."""

    table: str
    dead: int
    live: int
    #: The part of it that dead rows take, if they are as wide as the others.
    wasted_bytes: int
    #: Why `tenantry maintain vacuum` clears it; empty where it would not.
    due: str


@dataclass(frozen=True, slots=True)
class Bloat:
    """The largest waste first."""

    tables: tuple[DeadRows, ...]
    indexes: tuple[BloatedIndex, ...]
    #: Of all, also of those that are not listed.
    dead_bytes: int
    index_bytes: int
    #: How many `tenantry maintain` would see to.
    due: int


async def _look(source: Source) -> Bloat:
    server = await source.server()
    dead = [
        DeadRows(
            row["name"],
            row["dead"],
            row["live"],
            int(row["bytes"] * row["dead"] / max(1, row["dead"] + row["live"])),
            vacuum.reason(row),
        )
        for row in await tables.figures(server, None)
        if row["dead"] or vacuum.reason(row)
    ]
    bloated = [
        BloatedIndex(
            row["name"],
            row["table"],
            row["bytes"],
            max(0, int(row["bytes"] - reindex.least_bytes(row))) if row["btree"] else 0,
            reindex.reason(row),
        )
        for row in await server.fetch(reindex.INDEXES)
    ]
    dead.sort(key=lambda one: (-one.wasted_bytes, one.table))
    bloated.sort(key=lambda one: (not one.due, -one.wasted_bytes, one.index))
    return Bloat(
        tuple(dead[: source.rows]),
        tuple(one for one in bloated[: source.rows] if one.due or one.wasted_bytes),
        sum(one.wasted_bytes for one in dead),
        sum(one.wasted_bytes for one in bloated),
        sum(bool(one.due) for one in dead) + sum(bool(one.due) for one in bloated),
    )


BLOAT = Section("bloat", "dead rows, and indexes larger than what they hold", _look)
