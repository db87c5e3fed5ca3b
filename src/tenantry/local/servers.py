"""The embedded servers of one home folder, as everything above sees them."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from tenantry.errors import LocalServerError, LocalServerMissing
from tenantry.local import account as accounts
from tenantry.local import failures, programs
from tenantry.local.account import Account
from tenantry.local.home import Home, Instance
from tenantry.local.passwords import Passwords
from tenantry.local.postgres import Postgres
from tenantry.local.server import Server, ServerStatus
from tenantry.local.valkey import SOCKET_NAME, Valkey


def _silent(message: str) -> None:
    """Progress that nobody watches."""


class LocalServers:
    """PostgreSQL and Valkey for one project, kept in its `home` folder.

    `settings` are PostgreSQL settings that win over the defaults at the next start. `pg_bin` is
    the bin folder of a PostgreSQL 15 to 18 to use instead of the wheel's.
    """

    def __init__(
        self,
        home: Path,
        *,
        pg_bin: Path | None = None,
        port: int | None = None,
        valkey_port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._home = Home(home)
        self._pg_bin = pg_bin
        self.passwords = Passwords(self._home)
        self._postgres = Postgres(self._home, port, pg_bin, self.passwords, settings or {})
        self._valkey = Valkey(self._home, valkey_port, self.passwords)

    def __repr__(self) -> str:
        return f"LocalServers({str(self._home.path)!r})"

    # ---- lifecycle ------------------------------------------------------------------------

    def up(self, *, valkey: bool = True, progress: Callable[[str], None] = _silent) -> None:
        """Make sure the servers run; what is missing is made, what runs is left alone.

        A Valkey that this machine cannot have is no error: `status` says why.
        """
        waited = "Waiting for another process that is starting or stopping these servers"
        with failures.translated("postgres", self._home.path):
            self._home.create()
            with self._home.lock(lambda: progress(waited)), ExitStack() as undo:
                if self._postgres.start(progress):
                    undo.callback(self._postgres.stop)
                if valkey:
                    self._start_valkey(progress)
                undo.pop_all()

    def down(self) -> None:
        """Stop what this home started. Its data stays."""
        if not self._home.path.is_dir():
            return
        with failures.translated("postgres", self._home.path), self._home.lock(lambda: None):
            self._valkey.stop()
            self._postgres.stop()

    def _start_valkey(self, progress: Callable[[str], None]) -> None:
        try:
            with failures.translated("valkey", self._home.path):
                self._valkey.start(progress)
        except LocalServerMissing as missing:
            progress(f"Valkey is not available: {missing.message}")

    # ---- what there is ----------------------------------------------------------------------

    @property
    def home(self) -> Path:
        return self._home.path

    @property
    def account(self) -> Account:
        """Who the servers run as: what other programs need to work on their files."""
        with failures.translated("postgres", self._home.path):
            return accounts.choose(self._postgres.data)

    def status(self) -> list[ServerStatus]:
        with failures.translated("postgres", self._home.path):
            return [self._postgres.status(), self._valkey.status()]

    def log_path(self, server: str = "postgres") -> Path:
        with failures.translated(server, self._home.path):
            return self._server(server).log_file()

    def logs(self, server: str = "postgres", lines: int = 50) -> list[str]:
        """The last lines of a server's log."""
        path = self.log_path(server)
        with failures.translated(server, path):
            if not path.exists():
                return []
            with path.open(encoding="utf-8", errors="replace") as file:
                return [line.rstrip("\n") for line in deque(file, maxlen=lines)]

    def binary(self, name: str) -> Path:
        """A program of the PostgreSQL that is used here: psql, pg_dump, pg_basebackup, …"""
        with failures.translated("postgres", self._home.path):
            facts = self._home.instances().get("postgres")
        if facts is not None:
            folder = Path(facts.program_dir)
        else:
            folder = programs.find_postgres(self._pg_bin, self.account, _silent).folder
        program = folder / name
        if not program.is_file():
            # Debian puts some clients only on the PATH.
            found = shutil.which(name)
            if found is None:
                raise LocalServerMissing(
                    f"{folder} has no {name}, nor has the PATH.",
                    server="postgres",
                    hint="Install the PostgreSQL client programs.",
                )
            program = Path(found)
        return program

    # ---- how to connect -----------------------------------------------------------------------

    def password(self, role: str) -> str:
        """A login role's password, generated on first ask; setting it in the server is yours."""
        with failures.translated("postgres", self.passwords.path):
            return self.passwords.for_role(role)

    def postgres_url(self, role: str, database: str, *, tcp: bool = False) -> str:
        """A URL with the role's password, as libpq and asyncpg read it."""
        facts = self._started("postgres")
        login = f"{quote(role, safe='')}:{quote(self.password(role), safe='')}"
        name = quote(database, safe="")
        if tcp:
            return f"postgresql://{login}@127.0.0.1:{facts.port}/{name}"
        folder = quote(facts.socket_dir, safe="/")
        return f"postgresql://{login}@/{name}?host={folder}&port={facts.port}"

    def valkey_url(self, *, tcp: bool = False) -> str:
        """A URL with the password, as redis-py and valkey-py read it."""
        facts = self._started("valkey")
        with failures.translated("valkey", self.passwords.path):
            password = quote(self.passwords.for_valkey(), safe="")
        if tcp:
            return f"redis://:{password}@127.0.0.1:{facts.port}/0"
        return f"unix://:{password}@{quote(facts.socket_dir, safe='/')}/{SOCKET_NAME}?db=0"

    def _started(self, server: str) -> Instance:
        with failures.translated(server, self._home.path):
            facts = self._home.instances().get(server)
        if facts is None:
            raise LocalServerError(
                f"The embedded {server} was never started in {self._home.path}.",
                server=server,
                hint="Run: tenantry up",
            )
        return facts

    def _server(self, name: str) -> Server:
        return {"postgres": self._postgres, "valkey": self._valkey}[name]
