"""Keys in the settings that somebody could guess, or that serve two purposes."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tenantry.config import Settings
from tenantry.config.production import key_problems

from ..check import Check, Patient
from ..finding import Advice, Finding

_LISTS = ("secret_keys", "seal_keys", "backup_keys")
#: Of 32 random bytes more are different from each other, but for one time in many millions.
_DIFFERENT = 20
_NEW = "tenantry secrets new-key"


async def _look(patient: Patient) -> list[Finding]:
    found = [
        _finding(p.setting, p.message, "openssl rand -base64 48")
        for p in key_problems(patient.settings)
    ]
    used: dict[str, str] = {}
    for name, key in _keys(patient.settings):
        command = "tenantry secrets new-signing-key" if name == "report_key" else _NEW
        if len(set(base64.urlsafe_b64decode(key))) < _DIFFERENT:
            found.append(_finding(name, f"A key in {name} is too regular to be random.", command))
        if used.setdefault(key, name) != name:
            found.append(_finding(name, f"{name} holds a key of {used[key]}.", command))
    return found


def _keys(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in _LISTS:
        for key in getattr(settings, name):
            yield name, key.get_secret_value()


def _finding(name: str, what: str, command: str) -> Finding:
    return Finding(
        CHECK.name,
        "critical",
        name,
        what,
        "Who guesses it, or got it in another place, reads or forges what it protects.",
        Advice(f"Make one, and put it into TENANTRY_{name.upper()}:", shell=(command,)),
    )


CHECK = Check(
    "production-keys",
    "Keys that are not random, or serve two purposes",
    _look,
    production=True,
    why="What can be guessed keeps nothing secret, and what opens two things gives away both.",
    mend="`tenantry secrets new-key`",
)
