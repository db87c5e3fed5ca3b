"""The embedded PostgreSQL."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

from tenantry.errors import LocalServerMissing
from tenantry.local import account, cluster, extensions, programs
from tenantry.local.home import Home
from tenantry.local.passwords import Passwords
from tenantry.local.postgres_config import render
from tenantry.local.server import Launch, Progress, Server

_PID_LINE, _STATUS_LINE = 0, 7


class Postgres(Server):
    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, then checkpoints

    def __init__(
        self,
        home: Home,
        port: int | None,
        pg_bin: Path | None,
        passwords: Passwords,
        settings: Mapping[str, str],
    ) -> None:
        super().__init__(home, port)
        self._pg_bin = pg_bin
        self._passwords = passwords
        self._settings = dict(settings)
        self._extensions = extensions.Extensions((), {})

    def prepare(self, progress: Progress) -> Launch:
        who = account.choose(self.data)
        self.home.settle(who)
        found = programs.find_postgres(self._pg_bin, who, progress)
        self._extensions = extensions.provide(found, who, self.home.base / "age")
        data = cluster.prepare(
            self.home,
            found,
            who,
            passwords=self._passwords,
            settings=self._settings,
            progress=progress,
        )
        return Launch(
            account=who,
            program=found.folder / "postgres",
            version=found.version,
            data=data,
            socket_dir=self.home.socket_dir(who),
            extensions=self._extensions.names,
            detail=self._extensions.missing,
        )

    def command(self, launch: Launch, port: int) -> list[str | Path]:
        text = render(
            port=port,
            socket_dir=launch.socket_dir,
            logs=self.home.logs,
            extensions=self._extensions,
            settings=self._settings,
        )
        cluster.write_config(launch.data, text, launch.account)
        return [launch.program, "-D", launch.data]

    def recorded_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[_PID_LINE]) if lines and lines[_PID_LINE].isdigit() else None

    def is_ready(self, launch: Launch) -> bool:
        lines = self._pid_file()
        return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def clear_stale(self, launch: Launch) -> None:
        """The server clears pid files itself, unless the number now belongs to a stranger.

        Nothing is lost by it: what tells the server of surviving children of a killed one is the
        shared memory, which it looks up by the data folder.
        """
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for lock in launch.socket_dir.glob(".s.PGSQL.*.lock"):
            lock.unlink(missing_ok=True)

    def missing(self) -> str:
        try:
            programs.postgres_folder(self._pg_bin)
        except LocalServerMissing as error:
            return error.message
        return ""

    def log_file(self) -> Path:
        """The one of today while it runs; it is told of in the data folder."""
        try:
            current = (self.data / "current_logfiles").read_text(encoding="utf-8")
        except OSError:
            return self._latest_log()
        return Path(current.removeprefix("stderr ").strip())

    def _latest_log(self) -> Path:
        logs = sorted(self.home.logs.glob("postgres*.log"), key=lambda path: path.stat().st_mtime)
        return logs[-1] if logs else self.home.logs / "postgres-start.log"

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
