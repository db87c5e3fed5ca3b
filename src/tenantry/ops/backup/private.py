"""A server on a data folder that nobody else reaches: for recovery, and to look into a copy.

It listens on a socket in a folder of its own, archives nothing, and is stopped afterwards. Whatever the
folder's own files say of ports, logs and libraries is overruled.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from tenantry.local import SUPERUSER, Account, LocalServers
from tenantry.local.processes import is_ours

from .source import program_failed

_PORT = 5432
#: What a standby's must not be lower than the primary's were.
_CONTROLLED = {
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_xacts": "max_prepared_transactions",
    "max_locks_per_xact": "max_locks_per_transaction",
}


class Private:
    """The running server."""

    def __init__(self, folder: Path, log: Path, data: Path, user: str) -> None:
        self._folder = folder
        self._user = user
        self.data = data
        self.log = log

    def url(self, database: str) -> str:
        place = quote(str(self._folder), safe="/")
        return f"postgresql://{quote(self._user)}@/{quote(database, safe='')}?host={place}&port={_PORT}"

    def words(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    @property
    def runs(self) -> bool:
        try:
            first = (self.data / "postmaster.pid").read_text().partition("\n")[0]
        except OSError:
            return False
        return first.isdigit() and is_ours(int(first), self.data)


@asynccontextmanager
async def running(
    local: LocalServers,
    data: Path,
    account: Account,
    *,
    settings: Mapping[str, str] | None = None,
    user: str = SUPERUSER,
) -> AsyncIterator[Private]:
    """Start it, and wait until it answers or has ended."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-", dir="/tmp"))
    server = Private(folder, folder / "log", data, user)
    pg_ctl = local.binary("pg_ctl")
    try:
        options = {
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": str(folder),
            "hba_file": str(folder / "pg_hba.conf"),
            "ident_file": str(folder / "pg_ident.conf"),
            "external_pid_file": "",
            "ssl": "off",
            "logging_collector": "off",
            "log_destination": "stderr",
            "lc_messages": "C",
            "archive_mode": "off",
            "shared_preload_libraries": "",
            "primary_conninfo": "",
            # A subscription in the copy would take what the original waits for.
            "max_logical_replication_workers": "0",
            **await asyncio.to_thread(_controlled, local, data, account),
            **(settings or {}),
        }
        (folder / "pg_hba.conf").write_text("local all all trust\n")
        (folder / "pg_ident.conf").touch()
        main = data / "postgresql.conf"
        if not main.exists():  # Debian's are in /etc, so that a copy has none
            main.touch(0o600)
            account.own(main)
        for path in (folder, *folder.iterdir()):
            account.own(path)
        words = " ".join(shlex.quote(f"--{name}={value}") for name, value in options.items())
        started = await asyncio.to_thread(
            account.run,
            [pg_ctl, "start", "-w", "-t", "86400", "-D", data, "-l", server.log, "-o", words],
        )
        if started.returncode and not server.words():
            raise program_failed("pg_ctl", started.stderr.splitlines())
        yield server
    finally:
        if server.runs:
            await asyncio.to_thread(account.run, [pg_ctl, "stop", "-w", "-m", "fast", "-D", data])
        shutil.rmtree(folder, ignore_errors=True)


def _controlled(local: LocalServers, data: Path, account: Account) -> dict[str, str]:
    said = account.run([local.binary("pg_controldata"), "-D", data])
    if said.returncode:
        raise program_failed("pg_controldata", said.stderr.splitlines())
    found = dict(re.findall(r"^(\w+) setting:\s+(\d+)$", said.stdout, re.MULTILINE))
    return {ours: found[theirs] for theirs, ours in _CONTROLLED.items() if theirs in found}
