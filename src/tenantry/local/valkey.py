"""The embedded Valkey."""

from __future__ import annotations

import hashlib
import signal
import socket
from contextlib import suppress
from pathlib import Path

from tenantry.errors import LocalServerMissing
from tenantry.local import account, programs
from tenantry.local.files import write_private
from tenantry.local.home import Home
from tenantry.local.passwords import Passwords
from tenantry.local.server import Launch, Progress, Server

SOCKET_NAME = "valkey.sock"


class Valkey(Server):
    name = "valkey"
    stop_signal = signal.SIGTERM  # flushes the append-only file, then exits

    def __init__(self, home: Home, port: int | None, passwords: Passwords) -> None:
        super().__init__(home, port)
        self._passwords = passwords

    def prepare(self, progress: Progress) -> Launch:
        # The same account as PostgreSQL's, whose folder is there first.
        who = account.choose(self.home.data("postgres"))
        self.home.settle(who)
        found = programs.find_valkey(who, progress)
        self.home.make_folder(self.data, who, 0o700)
        return Launch(
            account=who,
            program=found.folder / "valkey-server",
            version=found.version,
            data=self.data,
            socket_dir=self.home.socket_dir(who),
        )

    def command(self, launch: Launch, port: int) -> list[str | Path]:
        # The file holds a hash: the password itself is in the home's secrets only.
        digest = hashlib.sha256(self._passwords.for_valkey().encode()).hexdigest()
        lines = [
            f"user default on #{digest} ~* &* +@all",
            "bind 127.0.0.1",
            "protected-mode yes",
            f"port {port}",
            f"unixsocket {_quoted(launch.socket_dir / SOCKET_NAME)}",
            "unixsocketperm 777",
            f"pidfile {_quoted(launch.data / 'valkey.pid')}",
            f"logfile {_quoted(self.log_file())}",
            "appendonly yes",
            "appendfsync everysec",
            # Locks, sessions and streams are here: what is full refuses, and throws nothing away.
            "maxmemory-policy noeviction",
            "daemonize no",
            # Our own words on the command line are how the process is recognised.
            "set-proc-title no",
            'save ""',
        ]
        config = launch.data / "valkey.conf"
        write_private(config, "\n".join(lines) + "\n", owner=launch.account.owner)
        return [launch.program, config, "--dir", launch.data]

    def recorded_pid(self) -> int | None:
        try:
            text = (self.data / "valkey.pid").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdigit() else None

    def is_ready(self, launch: Launch) -> bool:
        """It answers, and has loaded its data."""
        password = self._passwords.for_valkey()
        request = f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode()
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(str(launch.socket_dir / SOCKET_NAME))
            connection.sendall(request)
            answer = b""
            while part := connection.recv(1024):
                answer += part
            return b"+PONG" in answer
        return False

    def clear_stale(self, launch: Launch) -> None:
        (launch.data / "valkey.pid").unlink(missing_ok=True)

    def missing(self) -> str:
        try:
            programs.valkey_folder()
        except LocalServerMissing as error:
            return error.message
        return ""

    def log_file(self) -> Path:
        return self.home.logs / "valkey.log"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
