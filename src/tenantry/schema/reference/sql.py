"""Functions and materialized views, with the comments that stand before them in the SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import MetaData

from tenantry.schema.install import install
from tenantry.schema.roles import DEFINERS

_COMMENT = r"(?P<comment>(?:^-- .*\n)*)"
_FUNCTION = re.compile(
    _COMMENT + r"CREATE (?:OR REPLACE )?FUNCTION tenantry\.(?P<name>\w+)", re.MULTILINE
)
_VIEW = re.compile(_COMMENT + r"\n?CREATE MATERIALIZED VIEW tenantry\.(?P<name>\w+)", re.MULTILINE)
_GRANT = re.compile(r"GRANT EXECUTE ON FUNCTION tenantry\.(\w+)\((.*)\) TO (.+)", re.DOTALL)
_KEY = re.compile(r"CREATE UNIQUE INDEX \w+ ON tenantry\.(\w+) \((.*)\)")


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    parameters: str
    #: The roles that may call it; a trigger's function is called by nobody.
    callers: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class View:
    name: str
    key: tuple[str, ...]


def functions(metadata: MetaData) -> list[Function]:
    """Those with a text of their own; each table's generated ones are told of once, with it."""
    statements = list(install(metadata))
    generated = {
        f"{table.name}_{part}" for table in metadata.tables.values() for part in ("get", "newest")
    }
    meanings = dict(_meanings(statements))
    granted = {
        match[1]: (match[2], tuple(_callers(match[3])))
        for statement in statements
        if (match := _GRANT.fullmatch(statement))
    }
    return [
        Function(name, *granted.get(name, ("", ())), meanings.get(name, ""))
        for name in sorted({*meanings, *granted} - generated)
        if not name.startswith(("audit_", "count_")) or name in granted
    ]


def _callers(roles: str) -> Iterator[str]:
    """Roles that people log in as; those that own functions call each other's."""
    for role in roles.split(", "):
        if role not in DEFINERS:
            yield role.removeprefix("tenantry_")


def views() -> Iterator[View]:
    for statement in install(MetaData(schema="tenantry")):
        keys = dict(_KEY.findall(statement))
        for match in _VIEW.finditer(statement):
            yield View(match["name"], tuple(keys.get(match["name"], "").split(", ")))


def _meanings(statements: list[str]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        for match in _FUNCTION.finditer(statement):
            lines = [line.removeprefix("-- ") for line in match["comment"].splitlines()]
            yield match["name"], " ".join(lines)


def meanings(metadata: MetaData) -> dict[str, str]:
    """What the comment before each function says."""
    return dict(_meanings(list(install(metadata))))


def definer_functions(metadata: MetaData) -> Iterator[str]:
    """Those that run with their owner's rights."""
    for statement in install(metadata):
        starts = [*_FUNCTION.finditer(statement)]
        for match in starts:
            header = re.split(r"\bAS \$|\bRETURN\b", statement[match.end() :], maxsplit=1)[0]
            if "SECURITY DEFINER" in header:
                yield match["name"]
