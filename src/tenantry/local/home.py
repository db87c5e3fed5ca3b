"""The home folder: what belongs to the caller, and where the servers' own files lie.

The home holds the passwords, the lock and `state.json`. The servers' files (data, logs, sockets)
lie beside them, in `base`. When root starts servers for an account that cannot reach the home,
say below /root, `base` is a folder of the system instead, and the state says which.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tenantry.local.account import Account
from tenantry.local.files import locked, owner_for, write_private

#: Where root keeps data that the servers' account could not reach in the home.
SYSTEM_DATA = Path("/var/lib/tenantry")
# The length limit is 107 bytes on Linux, 103 on macOS; "/.s.PGSQL.65535" takes 15 of them.
_SOCKET_FOLDER_BYTES = 103 - 15


@dataclass(frozen=True, slots=True)
class Instance:
    """How a server was last started; with its pid file, all that a warm `up` reads."""

    port: int
    socket_dir: str
    version: str
    program_dir: str
    extensions: tuple[str, ...] = ()
    detail: str = ""


class Home:
    def __init__(self, path: Path) -> None:
        self.path = Path(path).expanduser().absolute()
        self._base: Path | None = None

    # ---- folders --------------------------------------------------------------------------

    @property
    def base(self) -> Path:
        if self._base is None:
            self._base = self._recorded_base()
        return self._base

    def data(self, server: str) -> Path:
        return self.base / server

    @property
    def logs(self) -> Path:
        return self.base / "log"

    def create(self) -> None:
        """Make the home, with nothing in it that version control would pick up."""
        if self.path.is_dir():
            return
        self.path.mkdir(parents=True, exist_ok=True)
        # Whatever the umask: the servers' account passes through. Every file guards itself.
        self.path.chmod(0o755)
        write_private(self.path / ".gitignore", "*\n", owner=owner_for(self.path))

    def lock(self, waiting: Callable[[], None]) -> AbstractContextManager[None]:
        return locked(self.path / "lock", waiting=waiting)

    def settle(self, account: Account) -> None:
        """Choose where the servers' files lie, and make those folders for their account."""
        if self.base == self.path and not account.can_enter(self.path):
            self._base = self._system_base()
        if self.base != self.path:
            for folder in (self.base.parent, self.base):
                if not folder.is_dir():
                    folder.mkdir(parents=True)
                    folder.chmod(0o755)
            marker = self.base / "home"
            marker.unlink(missing_ok=True)
            write_private(marker, f"{self.path}\n")
            self._save({**self._load(), "base": str(self.base)})
        # The log can quote statements, so it is private; sockets are for whoever has a password.
        for name, mode in (("log", 0o700), ("run", 0o755)):
            self.make_folder(self.base / name, account, mode)

    def make_folder(self, folder: Path, account: Account, mode: int) -> None:
        if not folder.is_dir():
            folder.mkdir()
            account.own(folder)
            folder.chmod(mode)

    def socket_dir(self, account: Account) -> Path:
        """`run` in the base, or a short folder of our own when a socket's path would not fit."""
        usual = self.base / "run"
        # A comma would separate two hosts in a libpq URL, and two folders in the server's setting.
        if len(os.fsencode(usual)) <= _SOCKET_FOLDER_BYTES and "," not in str(usual):
            return usual
        # The name tells of this home, so that a copy of it makes a folder of its own.
        prefix = f"tenantry-{self._digest()}-"
        for instance in self.instances().values():
            known = Path(instance.socket_dir)
            if known.name.startswith(prefix) and self._is_private(known, account):
                return known
        short = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
        account.own(short)
        short.chmod(0o755)
        return short

    @staticmethod
    def _is_private(folder: Path, account: Account) -> bool:
        """Nobody else owns it: /tmp is everyone's, and a name there may be somebody's trap."""
        try:
            owner = folder.lstat().st_uid
        except FileNotFoundError:
            return False
        mine = account.user if account.user is not None else os.geteuid()
        return owner == mine and folder.is_dir() and not folder.is_symlink()

    # ---- state ----------------------------------------------------------------------------

    def instances(self) -> dict[str, Instance]:
        known = self._load().get("servers", {})
        return {
            name: Instance(**{**facts, "extensions": tuple(facts["extensions"])})
            for name, facts in known.items()
        }

    def remember(self, server: str, instance: Instance) -> None:
        state = self._load()
        self._save({**state, "servers": {**state.get("servers", {}), server: asdict(instance)}})

    def _load(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
            return content
        except (FileNotFoundError, ValueError):
            # All of it can be found out anew at the next start.
            return {}

    def _save(self, state: dict[str, Any]) -> None:
        text = json.dumps(state, indent=2) + "\n"
        write_private(self._state, text, owner=owner_for(self.path))

    @property
    def _state(self) -> Path:
        return self.path / "state.json"

    # ---- data outside the home ----------------------------------------------------------------

    def _system_base(self) -> Path:
        """A new folder. One that is there already is of an earlier home, whose passwords went."""
        names = (self._digest() + suffix for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
        return next(base for name in names if not (base := SYSTEM_DATA / name).exists())

    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    def _recorded_base(self) -> Path:
        recorded = self._load().get("base")
        if recorded is None:
            return self.path
        base = Path(recorded)
        try:
            owner = Path((base / "home").read_text(encoding="utf-8").strip())
        except OSError:
            return base
        # A home that was moved takes its data along; a copy of a home must not share the data.
        is_copy = owner != self.path and (owner / "state.json").exists()
        return self._system_base() if is_copy else base
