"""The account the servers run as.

PostgreSQL refuses to run as root, so root hands over to an unprivileged account. Everyone else
runs the servers as themselves.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantry.errors import LocalServerError

#: In order of preference, when root starts servers that no account owns yet.
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """Pass `user`, `group` and `extra_groups` to `subprocess` to run a program as this account.

    All three are None when it is the caller's own account.
    """

    name: str
    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None

    @property
    def is_other(self) -> bool:
        return self.user is not None

    @property
    def owner(self) -> tuple[int, int] | None:
        """(uid, gid) for files made on its behalf; None when the maker is the owner anyway."""
        return None if self.user is None or self.group is None else (self.user, self.group)

    def own(self, path: Path) -> None:
        """Give a file or folder that Tenantry just made to this account."""
        if self.owner is not None:
            os.chown(path, *self.owner, follow_symlinks=False)

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a short command to its end, as this account.

        It starts in / because the caller's folder may be closed to the account. Ctrl-C reaches
        only the caller, who then ends the command (see `subprocess.run`).
        """
        return subprocess.run(
            [str(part) for part in command],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=environment(),
            umask=0o077,
            start_new_session=True,
            user=self.user,
            group=self.group,
            extra_groups=self.extra_groups,
        )

    def can_enter(self, folder: Path) -> bool:
        """Asked by trying, since mode bits do not tell of ACLs and mounts."""
        return (
            not self.is_other
            or self.run(["sh", "-c", 'test -x "$1"', "sh", folder]).returncode == 0
        )


def environment() -> dict[str, str]:
    """What a server inherits: no PG* variable of the caller, and messages in English."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/"}


def choose(data: Path) -> Account:
    """The account for servers whose data lies, or will lie, in `data`."""
    if os.geteuid() != 0:
        return Account(name=_name(os.geteuid()))
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid, ())
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid, ())
    raise LocalServerError(
        "PostgreSQL does not run as root, and there is no unprivileged account to hand over to.",
        server="postgres",
        hint="Create an account named 'postgres' (useradd --system postgres), or do not run as root.",
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
