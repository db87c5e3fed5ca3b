"""Tables and indexes as findings name them and statements take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tenantry.models import metadata
from tenantry.models.base import model_of
from tenantry.schema.partitions import parent_names
from tenantry.schema.roles import quote

from .finding import Advice

SCHEMA = "tenantry"


def called(schema: str, name: str) -> str:
    """As a person says it: what is of Tenantry's schema goes by its name alone."""
    return name if schema == SCHEMA else f"{schema}.{name}"


def spelt(schema: str, name: str) -> str:
    """As a statement takes it."""
    return f"{quote(schema)}.{quote(name)}"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def maintained(words: str, step: str, schema: str, name: str, sql: str) -> Advice:
    """By `tenantry maintain` where that reaches; a table of another schema by the statement."""
    if schema == SCHEMA:
        return Advice(words, shell=(f"tenantry maintain {step} {name}",))
    return Advice(words, sql=(sql,))


def by_root(tables: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Partitions together with the table that they are of: one name means them all."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for table in tables:
        found.setdefault((table["schema"], table["root"]), []).append(table)
    return found


def is_built_in(schema: str, table: str) -> bool:
    """Whether Tenantry brings this table, or the one that it is a partition of. Which indexes that has is
    decided for all who use Tenantry, and `tenantry migrate check` would miss one that was dropped."""
    if schema != SCHEMA:
        return schema.startswith("tg_")
    name, _ = parent_names(table, "")
    known = metadata.tables.get(f"{SCHEMA}.{name}")
    if known is None:
        known = metadata.tables.get(name)
    return known is not None and model_of(known).__module__.startswith("tenantry.")
