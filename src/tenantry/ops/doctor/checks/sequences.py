"""Sequences and identity columns that run out of numbers."""

from __future__ import annotations

from typing import Any

import asyncpg

from tenantry.errors import PermissionDenied
from tenantry.schema.roles import quote

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..objects import called, spelt

_MOST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
# How far a sequence is, is told to those who may read it.
_SQL = """
    SELECT s.schemaname AS schema, s.sequencename AS name, s.last_value AS last, s.min_value AS least,
           s.max_value AS most, s.increment_by AS step, s.data_type::text AS type,
           has_sequence_privilege(c.oid, 'SELECT, USAGE') AS is_seen, d.deptype = 'i' AS is_identity,
           n2.nspname AS table_schema, t.relname AS table, a.attname AS column, a.atttypid::regtype::text AS column_type
    FROM pg_sequences AS s JOIN pg_namespace AS n ON n.nspname = s.schemaname
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.sequencename
    LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjsubid > 0
     AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_class AS t ON t.oid = d.refobjid LEFT JOIN pg_namespace AS n2 ON n2.oid = t.relnamespace
    LEFT JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE NOT s.cycle AND c.relpersistence <> 't' ORDER BY 1, 2"""


async def _look(patient: Patient) -> list[Finding]:
    found = {(r["schema"], r["name"]): r for r in await patient.server.fetch(_SQL)}
    if _hidden(found):
        async with patient.login("owner") as owner:
            for row in await owner.fetch(_SQL):
                if row["is_seen"]:
                    found[row["schema"], row["name"]] = row
    if hidden := _hidden(found):
        raise PermissionDenied(
            f"How far {len(hidden)} sequences are cannot be seen, among them {'.'.join(hidden[0])}.",
            hint=f"GRANT SELECT ON SEQUENCE {spelt(*hidden[0])} TO the login of TENANTRY_MONITOR_URL.",
        )
    limits = patient.limits
    return [
        _finding(row, used, is_critical=used > limits.sequence_critical)
        for row in found.values()
        if row["last"] is not None and (used := _used(row)) > limits.sequence
    ]


def _hidden(found: dict[tuple[str, str], asyncpg.Record]) -> list[tuple[str, str]]:
    return [name for name, row in found.items() if not row["is_seen"]]


def _used(row: asyncpg.Record) -> float:
    """The part of the numbers that is used up: of the sequence's, or of what its column can hold."""
    if row["step"] < 0:
        return float((row["most"] - row["last"]) / (row["most"] - row["least"]))
    most = min(row["most"], _MOST.get(row["column_type"], row["most"]))
    return float((row["last"] - row["least"]) / max(most - row["least"], 1))


def _finding(row: asyncpg.Record, used: float, *, is_critical: bool) -> Finding:
    of = f" of {called(row['table_schema'], row['table'])}.{row['column']}" if row["table"] else ""
    return Finding(
        CHECK.name,
        "critical" if is_critical else "warning",
        called(row["schema"], row["name"]),
        f"The sequence{of} is at {row['last']:,}: {used:.0%} of its numbers are used.",
        CHECK.why,
        Advice(
            "Make room. Changing a column's type writes its table anew, and locks everyone out meanwhile:"
            " `tenantry migrate plan` says how long a big one may take.",
            sql=tuple(_widened(row)),
        ),
    )


def _widened(row: Any) -> list[str]:
    statements = []
    name = spelt(row["schema"], row["name"])
    is_narrow = row["column_type"] in ("smallint", "integer")
    if is_narrow:
        table = spelt(row["table_schema"], row["table"])
        statements.append(f"ALTER TABLE {table} ALTER COLUMN {quote(row['column'])} TYPE bigint")
    # An identity column takes its sequence along.
    if row["type"] != "bigint" and not (is_narrow and row["is_identity"]):
        statements.append(f"ALTER SEQUENCE {name} AS bigint")
    end = "MINVALUE" if row["step"] < 0 else "MAXVALUE"
    if row["step"] < 0 or row["most"] < _MOST[row["type"]]:
        statements.append(f"ALTER SEQUENCE {name} NO {end}")
    return statements


CHECK = Check(
    "sequences",
    "Sequences and identity columns near their last number",
    _look,
    why=("After the last one, every insert that draws a number fails."),
    mend="a wider column or sequence",
)
