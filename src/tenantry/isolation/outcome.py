"""What the server answered to one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Outcome:
    """Its rows and command tag, or its refusal."""

    rows: Sequence[Any] = ()
    tag: str = ""
    sqlstate: str | None = None
    message: str = ""
    #: The column a refusal was about, where it was about one.
    column: str = ""

    @property
    def refused(self) -> bool:
        return self.sqlstate is not None

    @property
    def touched(self) -> int:
        """How many rows it returned or changed."""
        count = self.tag.rpartition(" ")[2]
        return 0 if self.refused else int(count) if count.isdecimal() else len(self.rows)

    def tells_of(self, words: Iterable[str]) -> str:
        """The first of these words that is anywhere in what it said."""
        cells = (str(value) for row in self.rows for value in row.values())
        text = " ".join((*cells, self.message)).lower()
        return next((word for word in words if word.lower() in text), "")


class Session(Protocol):
    """Somebody who can send statements; each that fails is undone alone."""

    async def run(self, sql: str, /, *args: object) -> Outcome: ...
