"""All checks, one after the other: one that cannot look says so, and stops none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncpg

from tenantry.errors import InvalidInput, TenantryError
from tenantry.kernel.translate import translate

from .check import MONITOR, Check, Patient
from .checks import CHECKS
from .finding import SEVERITIES, Finding


@dataclass(frozen=True, slots=True)
class Unseen:
    """A check that could not look, so that nothing is known of what it looks for."""

    check: str
    why: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    findings: tuple[Finding, ...]
    unseen: tuple[Unseen, ...]
    #: The names of the checks that looked.
    looked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing is wrong, and nothing was left unseen. A notice is no fault."""
        return not self.unseen and all(f.severity == "notice" for f in self.findings)


async def examine(
    patient: Patient,
    names: Sequence[str] = (),
    *,
    production: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Look at all of it, or with these checks alone."""
    findings: list[Finding] = []
    unseen: list[Unseen] = []
    looked: list[str] = []
    for check in _chosen(names, production):
        tell(check.about)
        try:
            findings += await check.look(patient)
        except TenantryError as error:
            findings += getattr(error, "found", ())
            unseen.append(Unseen(check.name, str(error), getattr(error, "hint", "") or ""))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            said = translate(error, closed=patient.server.is_closed())
            is_refused = isinstance(error, asyncpg.InsufficientPrivilegeError)
            hint = MONITOR if is_refused else getattr(said, "hint", "")
            unseen.append(Unseen(check.name, str(said), hint or ""))
        else:
            looked.append(check.name)
    findings.sort(key=lambda f: (SEVERITIES.index(f.severity), f.check, f.object))
    return Report(tuple(findings), tuple(unseen), tuple(looked))


def _chosen(names: Sequence[str], production: bool) -> list[Check]:
    known = {check.name: check for check in CHECKS}
    for name in names:
        if name not in known:
            raise InvalidInput(
                f"There is no check {name}.", field="check", hint=f"The checks: {', '.join(known)}."
            )
    if names:
        return [known[name] for name in names]
    return [check for check in CHECKS if production or not check.production]
