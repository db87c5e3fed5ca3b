"""What is wrong with the settings: collected first, then raised together."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

from tenantry.errors import ConfigurationError, TenantryError


class Problem(NamedTuple):
    """One fault. Never holds the setting's value."""

    setting: str
    message: str
    hint: str = ""


class InvalidSettings(ConfigurationError):
    """One or more settings are missing, malformed or unsafe; `problems` lists them all."""

    problems: list[dict[str, str]]

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = list(problems)
        first = found[0]
        several = "\n".join(f"  {p.message} {p.hint}".rstrip() for p in found)
        TenantryError.__init__(
            self,
            first.message if len(found) == 1 else f"{len(found)} settings are wrong:\n{several}",
            hint=first.hint if len(found) == 1 else "",
            setting=first.setting,
            problems=[p._asdict() for p in found],
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """'Did you mean …?' for a mistyped name, or nothing when none is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""
