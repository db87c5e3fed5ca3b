"""What a proof finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that lets a tenant at what is not its own, or could."""

    #: What found it: the name of a check, a rule of pgrls, or `attack-27`.
    check: str
    severity: Severity
    #: The table, function, role or setting it is about.
    object: str
    detail: str
    remediation: str

    @property
    def key(self) -> str:
        """The same in every run, whatever the words: to tell a new finding from a known one."""
        return f"{self.check}:{self.object}"
