"""What a PgBouncer says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tenantry.config.hosts import is_here

#: What it does where its file says nothing.
_DEFAULTS = {
    "pool_mode": "session",
    "auth_type": "md5",
    "server_reset_query": "DISCARD ALL",
    "client_tls_sslmode": "disable",
    "server_tls_sslmode": "prefer",
}


class Unseen(Exception):
    """Why it could not be looked at. Holds no password."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of its databases: where clients that ask for `name` are led."""

    name: str
    #: Empty: a socket of its own machine.
    host: str = ""
    database: str = ""
    #: Whom every client becomes, whoever it logged in as.
    user: str = ""
    pool_mode: str = ""
    #: Only a file tells these: a statement on each new connection, and how passwords are looked up.
    connect_query: str = field(default="", repr=False)
    auth_user: str = ""
    auth_query: str = ""

    def leads_to(self, database: str) -> bool:
        return self.database == database or (not self.database and self.name in {database, "*"})

    @property
    def is_local(self) -> bool:
        """Whether the server is on the pooler's own machine."""
        return all(map(_is_here, filter(None, self.host.split(","))))


@dataclass(frozen=True, slots=True)
class PoolerFacts:
    """How a PgBouncer is set up, and where that was read."""

    #: Host and port, or the file.
    name: str
    #: Empty where it was read from a file, which does not know.
    version: str
    config: Mapping[str, str] = field(repr=False)
    entries: Sequence[Entry] = ()
    #: Role -> the pool mode that is set for it alone.
    user_modes: Mapping[str, str] = field(default_factory=dict)
    #: What cannot be read there.
    untold: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.config.get(name, _DEFAULTS.get(name, ""))

    def words(self, name: str) -> set[str]:
        """A setting that is a list."""
        return {word for word in re.split(r"[\s,]+", self[name]) if word}

    @property
    def release(self) -> tuple[int, ...]:
        """Its version's numbers; none where it is not known."""
        return tuple(int(n) for n in re.findall(r"\d+", self.version)[:3])

    @property
    def is_local(self) -> bool:
        """Whether only its own machine can reach it."""
        return all(map(_is_here, self.words("listen_addr")))

    def entries_to(self, database: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.leads_to(database)]

    def modes(self, database: str, roles: Iterable[str]) -> dict[str, str]:
        """What decides how long a connection is kept for one client -> for how long: the databases'
        lines, and above them the roles'."""
        modes = {
            f"database {entry.name}": entry.pool_mode or self["pool_mode"]
            for entry in self.entries_to(database)
        } or {"database *": self["pool_mode"]}
        return modes | {
            f"user {role}": self.user_modes[role] for role in roles if role in self.user_modes
        }

    @property
    def client_tls(self) -> bool:
        """Whether no client gets in without encryption."""
        return self["client_tls_sslmode"] in {"require", "verify-ca", "verify-full"}

    def left_out(self, database: str) -> tuple[str, ...]:
        """What no rule can tell from this."""
        parts = []
        if not self.entries_to(database):
            parts.append(f"the line of its databases that leads to {database}")
        parts += self.untold
        if self["auth_type"] == "hba":
            parts.append("the rules of auth_hba_file")
        return tuple(parts)


def _is_here(address: str) -> bool:
    try:
        return is_here(address)
    except ValueError:  # no host's name, such as "*"
        return False
