"""What each tenant must have, and how a reading of it is judged.

Everything a tenant ever writes begins with its tag, so that a row of another tenant's is known by
its text, whatever its tenant_id says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from uuid import UUID

from tenantry.models import Project

#: Name of a project -> its description. Names are used once.
Rows = dict[str, str]


class Leak(AssertionError):
    """Something of another tenant's was seen, or somebody else's context."""


class Wrong(AssertionError):
    """A tenant does not have what it wrote."""


class Deliberate(Exception):
    """An error of the program's own, that undoes a block or a savepoint."""


@dataclass(eq=False)
class Book:
    """One tenant, and its projects. One worker at a time works on it."""

    tag: str
    id: UUID
    rows: Rows = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)
    taken: bool = False
    _serial: int = 0

    def text(self) -> str:
        """A new name or description of this tenant's."""
        self._serial += 1
        return f"{self.tag}:{self._serial}"


class Stage(Enum):
    """How far the work on a draft has come, and so what may be left of it."""

    OPEN = "nothing"
    ENDING = "all or nothing"
    DONE = "all"


@dataclass(eq=False)
class Draft:
    """A book as it will be if the transaction at hand is committed."""

    book: Book
    others: list[Book]
    rng: Random
    rows: Rows = field(init=False)
    ids: dict[str, UUID] = field(init=False)
    stage: Stage = Stage.OPEN
    #: An error was swallowed, so this transaction cannot be committed any more.
    doomed: bool = False

    def __post_init__(self) -> None:
        self.rows, self.ids = dict(self.book.rows), dict(self.book.ids)

    @property
    def outcomes(self) -> list[Rows]:
        """What a later reading may find."""
        return {
            Stage.OPEN: [self.book.rows],
            Stage.ENDING: [self.book.rows, self.rows],
            Stage.DONE: [self.rows],
        }[self.stage]

    def known_names(self) -> list[str]:
        """Of the projects whose id has been seen."""
        return [name for name in self.rows if name in self.ids]

    def foreign_id(self) -> UUID | None:
        """The id of a project of another tenant's."""
        ids = [*self.rng.choice(self.others).ids.values()]
        return self.rng.choice(ids) if ids else None

    # ---- judging what was read ------------------------------------------------------------------

    def mine(self, *texts: str | None) -> None:
        for text in texts:
            if text is not None and text.partition(":")[0] != self.book.tag:
                raise Leak(f"{self.book.tag} saw {text!r}")

    def mine_by_id(self, tenant_id: UUID) -> None:
        if tenant_id != self.book.id:
            raise Leak(f"{self.book.tag} saw a row of tenant {tenant_id}")

    def project(self, row: Project) -> None:
        self.mine(row.name, row.description)
        self.mine_by_id(row.tenant_id)
        self.ids[row.name] = row.id
        if self.rows.get(row.name) != row.description:
            raise Wrong(f"{row.name} is {row.description!r}, not {self.rows.get(row.name)!r}")

    def projects(self, rows: Iterable[Project]) -> None:
        """A reading of all that there is."""
        found = list(rows)
        for row in found:
            self.project(row)
        self.all_of(row.name for row in found)

    def all_of(self, names: Iterable[str]) -> None:
        if (found := sorted(names)) != sorted(self.rows):
            raise Wrong(f"{self.book.tag} has {found}, not {sorted(self.rows)}")
