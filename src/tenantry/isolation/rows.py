"""A row in every table, for a tenant that is there for as long as a transaction.

Made from the catalog alone, so that it serves tables nobody told of: values fit a column's type and
the words its checks name, references point at rows of the same tenant made before. What triggers
make by themselves (a tenant's counters, its record) is found, not made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, count, product
from typing import Any
from uuid import uuid4

from .outcome import Outcome, Session
from .subject import Subject

#: Column -> its value as text: every type is read from text and written as text.
Row = dict[str, str | None]

_numbers = count(1)
_NOT_NULL = "23502"
#: Every text and number, what must be given, or what the server itself says is missing.
_FILLINGS = ("full", "required", "bare")
#: Forms that checks ask of a text: a word, an address, something short, a label of vertices or edges.
_STYLES = ("{tag}-{n}", "{tag}-{n}@example.com", "x{n}", "T{tag}x{n}", "T{n}")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    category: str
    required: bool
    has_default: bool
    #: The only values it takes, as far as its checks and type tell.
    words: tuple[str, ...]
    #: How many bytes it holds, where a check says so.
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    name: str
    columns: tuple[str, ...]
    target: int
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, with what is needed to write a row of it and to find it again."""

    oid: int
    #: As SQL names it.
    name: str
    tenant_column: str | None
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...]
    #: The columns of each unique or exclusion rule.
    unique: tuple[tuple[str, ...], ...]
    is_partition: bool = False

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    def matching(
        self, row: Row, columns: Sequence[str], start: int = 1
    ) -> tuple[str, list[str | None]]:
        """A condition that finds rows with these values, and its arguments."""
        terms = [
            f"{quoted(c)} = ${n}::text::{self.column(c).type}" for n, c in enumerate(columns, start)
        ]
        return " AND ".join(terms) or "false", [row[c] for c in columns]


@dataclass
class Party:
    """A throw-away tenant: its id, and one of its rows in each table."""

    #: Every text of its rows begins with it.
    tag: str
    id: str
    rows: dict[int, Row] = field(default_factory=dict)
    spare: dict[int, Row] = field(default_factory=dict)
    #: Table -> why there is no row of it.
    missing: dict[str, str] = field(default_factory=dict)

    def words(self) -> set[str]:
        """What tells that something is this tenant's: its ids, and its tag."""
        ids = {v for row in self.rows.values() for v in row.values() if v and _is_uuid(v)}
        return {self.tag, self.id, *ids}


def _is_uuid(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))


def quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


async def read_relations(session: Session, subject: Subject) -> list[Relation]:
    """The tables of the schemas in question, referred ones before those that refer to them."""
    tenant = {(table.schema, table.name): table.column for table in subject.tables}
    found = (await session.run(_RELATIONS, list(subject.schemas))).rows
    relations = [
        Relation(
            oid=row["oid"],
            name=f"{quoted(row['schema'])}.{quoted(row['name'])}",
            tenant_column=tenant.get((row["schema"], row["name"])),
            columns=tuple(
                Column(n, t, c, r, d, tuple(w), _size(n, row["checks"]))
                for n, t, c, r, d, w in zip(
                    row["names"], row["types"], row["categories"], row["required"], row["defaults"],
                    [_words(n, row["checks"], label) for n, label in zip(row["names"], row["labels"], strict=True)],
                    strict=True,
                )
            ),
            key=tuple(row["key"] or ()),
            references=tuple(
                Reference(r["name"], tuple(r["columns"]), r["target"], tuple(r["target_columns"]))
                for r in _json(row["references"])
            ),
            unique=tuple(tuple(u) for u in _json(row["unique"])),
            is_partition=row["is_partition"],
        )
        for row in found
    ]  # fmt: skip
    return _in_order(relations)


def _json(value: Any) -> Any:
    import json  # noqa: PLC0415 - the driver may have decoded it already

    return json.loads(value) if isinstance(value, str) else value


def _words(column: str, checks: Sequence[str], label: str | None) -> list[str]:
    if label is not None:
        return [label]
    for check in _about(column, checks):
        listed = re.search(
            rf"\(\(?\"?{re.escape(column)}\"?\)?(?:::text)? = ANY \(+ARRAY\[(.*?)\]", check
        )
        if listed:
            return re.findall(r"'((?:[^']|'')*)'", listed[1])
    return []


def _about(column: str, checks: Sequence[str]) -> list[str]:
    """Without those that a column of this name cannot be in: patterns are made for the rest alone."""
    return [check for check in checks if column in check]


def _size(column: str, checks: Sequence[str]) -> int | None:
    """Also of so many bytes for each of another column's, which is given as 1."""
    about = [check for check in _about(column, checks) if "length(" in check]
    if not about:
        return None
    size = re.compile(rf"length\(\(?\"?{re.escape(column)}\"?\)? ?\)? = \(?(?:\"?\w+\"? \* )?(\d+)")
    found = [match for check in about if (match := size.search(check))]
    return int(found[0][1]) if found else None


def _in_order(relations: list[Relation]) -> list[Relation]:
    known = {r.oid for r in relations}
    waiting, done, order = list(relations), set[int](), list[Relation]()
    while waiting:
        ready = [
            r for r in waiting
            if all(t in done or t == r.oid or t not in known for t in (x.target for x in r.references))
        ] or waiting[:1]  # fmt: skip
        order += ready
        done |= {r.oid for r in ready}
        waiting = [r for r in waiting if r.oid not in done]
    return order


async def furnish(session: Session, relations: Sequence[Relation], party: Party) -> None:
    """A row of the party's in every table; what cannot be made is said in `party.missing`."""
    for relation in relations:
        if relation.is_partition:
            continue
        why = await _make(session, relation, party)
        if relation.oid not in party.rows:
            party.missing[relation.name] = why
    for relation in relations:  # what triggers made of all that
        if relation.name in party.missing and (found := await _find(session, relation, party)):
            party.rows[relation.oid] = found
            del party.missing[relation.name]
    for relation in relations:  # as triggers left them
        if relation.oid in party.rows:
            where, arguments = relation.matching(party.rows[relation.oid], relation.key)
            sql = f"SELECT {_as_text(relation)} FROM {relation.name} WHERE {where}"
            if rows := (await session.run(sql, *arguments)).rows:
                party.rows[relation.oid] = dict(rows[0])


async def _make(session: Session, relation: Relation, party: Party) -> str:
    """One row of the party's and, where rules allow, a second; else why there is none."""
    why = "nothing fits"
    for row in _candidates(relation, party):
        outcome = await _insert(session, relation, row)
        if outcome.sqlstate == _NOT_NULL:
            outcome = await _grown(session, relation, party, row, outcome)
        if outcome.refused or not outcome.rows:
            why = outcome.message
            if relation.oid in party.rows:
                return ""
        elif relation.oid in party.rows:
            party.spare[relation.oid] = dict(outcome.rows[0])
            return ""
        else:
            party.rows[relation.oid] = dict(outcome.rows[0])
            if relation.key == (relation.tenant_column,):
                return ""
    if found := await _find(session, relation, party):
        party.rows[relation.oid] = found
    return why


async def _insert(session: Session, relation: Relation, row: Row) -> Outcome:
    places = ", ".join(f"${n}::text::{relation.column(name).type}" for n, name in enumerate(row, 1))
    values = f"({', '.join(map(quoted, row))}) VALUES ({places})" if row else "DEFAULT VALUES"
    sql = f"INSERT INTO {relation.name} {values} RETURNING {_as_text(relation)}"
    return await session.run(sql, *row.values())


async def _grown(
    session: Session, relation: Relation, party: Party, row: Row, outcome: Outcome
) -> Outcome:
    """The least that is accepted: each column that the server misses, one after the other."""
    while outcome.sqlstate == _NOT_NULL and outcome.column and outcome.column not in row:
        column = relation.column(outcome.column)
        text = f"{party.tag}-{next(_numbers)}"
        row[column.name] = column.words[0] if column.words else _value(column, text)
        outcome = await _insert(session, relation, row)
    return outcome


async def _find(session: Session, relation: Relation, party: Party) -> Row | None:
    if relation.tenant_column is None:
        return None
    column = relation.tenant_column
    sql = f"SELECT {_as_text(relation)} FROM {relation.name} WHERE {quoted(column)} = $1::text::{relation.column(column).type} LIMIT 1"
    rows = (await session.run(sql, party.id)).rows
    return dict(rows[0]) if rows else None


def _as_text(relation: Relation) -> str:
    return ", ".join(f"{quoted(c.name)}::text AS {quoted(c.name)}" for c in relation.columns)


def _candidates(relation: Relation, party: Party) -> Iterator[Row]:
    """Rows that might be accepted, the fullest first."""
    optional = [r for r in relation.references if not _is_required(relation, r)]
    chosen: list[Sequence[Reference]] = [
        optional,
        (),
        *((r,) for r in optional),
        *combinations(optional, 2),
    ]
    for references, filling, style, spare in product(chosen, _FILLINGS, _STYLES, (False, True)):
        row: Row = {}
        if relation.tenant_column is not None:
            row[relation.tenant_column] = party.id
        for reference in relation.references:
            if reference in references or _is_required(relation, reference):
                row.update(_target(reference, party, row, spare))
        for column in relation.columns:
            if column.name not in row and not column.has_default and _fills(column, filling):
                text = style.format(tag=party.tag, n=next(_numbers))
                row[column.name] = column.words[0] if column.words else _value(column, text)
        yield row


def _fills(column: Column, filling: str) -> bool:
    if filling == "full":
        return column.required or (column.category in "SN" and not column.words)
    return column.required and filling == "required"


def _is_required(relation: Relation, reference: Reference) -> bool:
    own = [c for c in reference.columns if c != relation.tenant_column]
    return all(relation.column(c).required for c in own or reference.columns)


def _target(reference: Reference, party: Party, row: Row, spare: bool) -> Row:
    """Where it points: of two references to one table, the second may point at another row."""
    rows = [r for r in (party.rows.get(reference.target), party.spare.get(reference.target)) if r]
    if not rows:
        return {}
    for target in reversed(rows) if spare else rows:
        pointed = {
            c: target[t] for c, t in zip(reference.columns, reference.target_columns, strict=True)
        }
        own = {v for c, v in pointed.items() if c not in row}
        if not own & set(row.values()) or target is (rows[0] if spare else rows[-1]):
            return pointed
    return {}


_BY_TYPE: dict[str, Callable[[str], str]] = {
    "uuid": lambda _: str(uuid4()),
    "json": lambda _: "{}",
    "jsonb": lambda _: "{}",
    "inet": lambda _: "127.0.0.1",
    "tsvector": lambda _: "",
    "public.ltree": lambda text: text.replace("-", "_"),
}
_BY_CATEGORY = {
    "N": "1", "B": "true", "D": "2026-01-01", "T": "1 day", "A": "{}", "R": "empty", "I": "127.0.0.1",
    "V": "1",
}  # fmt: skip


def _value(column: Column, text: str) -> str:
    plain = column.type.partition("(")[0]
    if plain == "bytea":
        data = text.encode()
        return (
            "\\x" + (data if column.size is None else data[-column.size :].ljust(column.size)).hex()
        )
    if plain in _BY_TYPE:
        return _BY_TYPE[plain](text)
    return _BY_CATEGORY.get(column.category, text)


_RELATIONS = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relispartition AS is_partition,
       a.names, a.types, a.categories, a.required, a.defaults, a.labels,
       ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint AS k
             WHERE k.conrelid = c.oid AND k.contype = 'c') AS checks,
       (SELECT array_agg(ka.attname::text ORDER BY o.n) FROM pg_index AS x
        CROSS JOIN unnest(x.indkey::int2[]) WITH ORDINALITY AS o (attnum, n)
        JOIN pg_attribute AS ka ON ka.attrelid = c.oid AND ka.attnum = o.attnum
        WHERE x.indrelid = c.oid AND x.indisprimary) AS key,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', k.conname, 'target', k.confrelid::int8,
            'columns', (SELECT jsonb_agg(fa.attname ORDER BY o.n) FROM unnest(k.conkey) WITH ORDINALITY AS o (attnum, n)
                        JOIN pg_attribute AS fa ON fa.attrelid = k.conrelid AND fa.attnum = o.attnum),
            'target_columns', (SELECT jsonb_agg(fa.attname ORDER BY o.n) FROM unnest(k.confkey) WITH ORDINALITY AS o (attnum, n)
                               JOIN pg_attribute AS fa ON fa.attrelid = k.confrelid AND fa.attnum = o.attnum))
            ORDER BY k.conname), '[]') FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'f')::text AS "references",
       (SELECT coalesce(jsonb_agg(u.columns), '[]') FROM (
            SELECT (SELECT jsonb_agg(ua.attname ORDER BY o.n) FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS o (attnum, n)
                    JOIN pg_attribute AS ua ON ua.attrelid = c.oid AND ua.attnum = o.attnum) AS columns
            FROM pg_index AS x WHERE x.indrelid = c.oid AND (x.indisunique OR x.indisexclusion) AND x.indpred IS NULL AND 0 <> ALL (x.indkey::int2[])
        ) AS u WHERE u.columns IS NOT NULL)::text AS "unique"
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = ANY ($1)
CROSS JOIN LATERAL (
    SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names,
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types,
           array_agg(b.typcategory::text ORDER BY a.attnum) AS categories,
           array_agg(a.attnotnull ORDER BY a.attnum) AS required,
           array_agg(a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' ORDER BY a.attnum) AS defaults,
           array_agg((SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = a.atttypid
                      ORDER BY e.enumsortorder LIMIT 1) ORDER BY a.attnum) AS labels
    FROM pg_attribute AS a JOIN pg_type AS b ON b.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS a
WHERE c.relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname"""
