"""Sections gathered one after the other: one that cannot be seen says why, and stops none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import asyncpg

from tenantry.errors import InvalidInput, TenantryError
from tenantry.kernel.translate import translate

from .ages import AGES
from .ahead import PARTITIONS
from .bloat import BLOAT
from .connections import CONNECTIONS
from .disk import DISK
from .load import TENANTS
from .replication import REPLICATION
from .sessions import LOCKS, SESSIONS
from .sizes import INDEXES, SIZES, TABLES
from .source import Section, Source
from .statements import STATEMENTS
from .stores import VALKEY
from .traffic import TRAFFIC

F = TypeVar("F")

#: In the order in which they are shown.
SECTIONS: Final[dict[str, Section[Any]]] = {
    section.name: section
    for section in (
        TRAFFIC, CONNECTIONS, AGES, SESSIONS, LOCKS, STATEMENTS, TENANTS, TABLES, INDEXES, BLOAT, SIZES,
        REPLICATION, PARTITIONS, DISK, VALKEY,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gathered(Generic[F]):
    """`figures` is None where it could not be seen; `why` then says what stood in the way."""

    section: str
    figures: F | None
    why: str = ""
    hint: str = ""


async def gather(source: Source, section: Section[F]) -> Gathered[F]:
    """This one's figures; never raises for what it could not see."""
    try:
        return Gathered(section.name, await section.look(source))
    except asyncpg.InsufficientPrivilegeError:
        hint = "Set TENANTRY_MONITOR_URL to a login that is a member of pg_monitor."
        return Gathered(section.name, None, "This login may not see it.", hint)
    except TenantryError as error:
        said = error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        source.forget()  # a connection in an unknown state: the next look has another
        said = translate(error)
    except asyncpg.PostgresError as error:
        said = translate(error)
    return Gathered(section.name, None, said.message, str(getattr(said, "hint", "") or ""))


async def gather_all(source: Source, names: Sequence[str] = ()) -> dict[str, Gathered[Any]]:
    """Of all sections, or of these, by name."""
    chosen = [named(name) for name in names] if names else list(SECTIONS.values())
    return {section.name: await gather(source, section) for section in chosen}


def named(name: str) -> Section[Any]:
    if name not in SECTIONS:
        raise InvalidInput(
            f"There is no section {name}.",
            field="section",
            hint=f"There are {', '.join(SECTIONS)}.",
        )
    return SECTIONS[name]
