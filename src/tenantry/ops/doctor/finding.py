"""What the doctor finds: what is wrong, why it matters, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: `critical`: it stands still, or will, or loses data. `warning`: it gets worse. `notice`: it could be
#: better.
Severity = Literal["critical", "warning", "notice"]
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "warning", "notice")


@dataclass(frozen=True, slots=True)
class Advice:
    """What mends it, in words and, wherever something can be run, word for word: first the statements,
    then the commands."""

    words: str
    #: Statements for the owner of the database, or where it says so for a superuser.
    sql: tuple[str, ...] = ()
    #: Commands for a shell, such as `tenantry maintain reindex tasks_pkey`.
    shell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    #: The name of the check that found it.
    check: str
    severity: Severity
    #: The table, session, setting, file or server it is about.
    object: str
    what: str
    why: str
    advice: Advice

    @property
    def key(self) -> str:
        """The same in every run, whatever the figures: to tell a new finding from a known one."""
        return f"{self.check}:{self.object}"
