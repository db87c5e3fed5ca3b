"""Settings without which a commit is no promise."""

from __future__ import annotations

from ..check import Check, Patient
from ..finding import Advice, Finding, Severity
from ..mending import alter_system, shown

#: Setting -> what it must be, how bad it is otherwise, and why.
_MUST: dict[str, tuple[str, Severity, str]] = {
    "fsync": ("on", "critical", "After a power cut the whole cluster may be beyond repair."),
    "full_page_writes": ("on", "critical", "A page that was half written in a power cut stays so."),
    "synchronous_commit": (
        "on",
        "warning",
        "A crash loses transactions whose commit was confirmed.",
    ),
    "zero_damaged_pages": (
        "off",
        "critical",
        "A damaged page is emptied without a word, with its rows.",
    ),
    "ignore_checksum_failure": (
        "off",
        "critical",
        "Damaged pages are served as if they were whole.",
    ),
}
#: `synchronous_commit` that promises more, or as much.
_FINE = {"synchronous_commit": {"on", "remote_apply", "remote_write", "local"}}


async def _look(patient: Patient) -> list[Finding]:
    found = []
    for name, (wanted, severity, why) in _MUST.items():
        value = await shown(patient, name)
        if value and value not in _FINE.get(name, {wanted}):
            advice = Advice("As a superuser:", sql=alter_system({name: wanted}))
            found.append(Finding(CHECK.name, severity, name, f"{name} is {value}.", why, advice))
    return found


CHECK = Check(
    "durability",
    "Settings that let a crash lose or damage what was committed",
    _look,
    why="After a crash, transactions whose commit was confirmed are gone, or the whole cluster is beyond repair.",
    mend="`ALTER SYSTEM SET`",
)
