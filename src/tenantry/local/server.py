"""What PostgreSQL and Valkey have in common: being started once, watched and stopped."""

from __future__ import annotations

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tenantry.errors import LocalPortTaken, LocalServerError
from tenantry.local import failures, ports
from tenantry.local.account import Account
from tenantry.local.home import Home, Instance
from tenantry.local.processes import is_ours, spawn, wait_until

Progress = Callable[[str], None]
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 60.0
_HELD_TIMEOUT_S = 15.0
_LAST_WORDS_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ServerStatus:
    name: str
    running: bool
    pid: int | None
    #: As last started; empty and None when it never was.
    version: str
    port: int | None
    socket_dir: Path | None
    data_dir: Path
    log: Path
    #: What is not available, and why.
    detail: str = ""
    #: Names that CREATE EXTENSION knows here.
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Launch:
    """All that is settled before a port is tried."""

    account: Account
    program: Path
    version: str
    data: Path
    socket_dir: Path
    extensions: tuple[str, ...] = ()
    detail: str = ""


class Server(ABC):
    """One server of a home. `start` and `stop` are called under the home's lock."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, home: Home, port: int | None) -> None:
        self.home = home
        self.port = port

    # ---- what differs ---------------------------------------------------------------------

    @abstractmethod
    def prepare(self, progress: Progress) -> Launch:
        """Find the programs and make the data folder."""

    @abstractmethod
    def command(self, launch: Launch, port: int) -> list[str | Path]:
        """Write the configuration for this port, and say how to start."""

    @abstractmethod
    def recorded_pid(self) -> int | None:
        """The number in the pid file, whoever has it now."""

    @abstractmethod
    def is_ready(self, launch: Launch) -> bool:
        """Whether the process that was just started accepts connections."""

    @abstractmethod
    def clear_stale(self, launch: Launch) -> None:
        """Remove what a killed server left and what would keep the next from starting."""

    @abstractmethod
    def missing(self) -> str:
        """Why this machine cannot have the server; empty when it seems that it can."""

    @abstractmethod
    def log_file(self) -> Path:
        """The log that is being written, or was last."""

    # ---- what does not -----------------------------------------------------------------------

    @property
    def data(self) -> Path:
        return self.home.data(self.name)

    def pid(self) -> int | None:
        """Our running server's, or None."""
        pid = self.recorded_pid()
        return pid if pid is not None and is_ours(pid, self.data) else None

    def start(self, progress: Progress) -> bool:
        """Make sure it runs; False when it already did."""
        if self.pid() is not None:
            return False
        launch = self.prepare(progress)
        self.clear_stale(launch)
        progress(f"Starting {self.name} {launch.version}")
        for port in self._ports():
            pid = self._try(launch, port)
            if pid is not None:
                facts = Instance(
                    port=port,
                    socket_dir=str(launch.socket_dir),
                    version=launch.version,
                    program_dir=str(launch.program.parent),
                    extensions=launch.extensions,
                    detail=launch.detail,
                )
                try:
                    self.home.remember(self.name, facts)
                except BaseException:
                    self._end(pid)
                    raise
                return True
        raise self._no_port()

    def stop(self) -> None:
        pid = self.pid()
        if pid is not None:
            self._end(pid)

    def _end(self, pid: int) -> None:
        if not is_ours(pid, self.data):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, self.stop_signal)
        if not wait_until(lambda: not is_ours(pid, self.data), timeout_s=_STOP_TIMEOUT_S):
            raise LocalServerError(
                f"{self.name} (process {pid}) did not stop within {_STOP_TIMEOUT_S:.0f} s.",
                server=self.name,
                pid=pid,
                hint=f"It may still be writing; its log is {self.log_file()}.",
            )

    def status(self) -> ServerStatus:
        pid = self.pid()
        facts = self.home.instances().get(self.name)
        return ServerStatus(
            name=self.name,
            running=pid is not None,
            pid=pid,
            version=facts.version if facts else "",
            port=facts.port if facts else None,
            socket_dir=Path(facts.socket_dir) if facts else None,
            data_dir=self.data,
            log=self.log_file(),
            detail=facts.detail if facts else self.missing(),
            extensions=facts.extensions if facts else (),
        )

    def _ports(self) -> Iterator[int]:
        if self.port is not None:
            return iter([self.port] if ports.is_free(self.port) else [])
        last = self.home.instances().get(self.name)
        return ports.candidates(self.name, self.home.path, last=last.port if last else None)

    def _no_port(self) -> LocalServerError:
        if self.port is None:
            return LocalServerError(
                f"No port is free for {self.name}.", server=self.name, hint="Name one yourself."
            )
        return LocalPortTaken(
            f"Port {self.port} of 127.0.0.1, asked for {self.name}, belongs to another program.",
            server=self.name,
            port=self.port,
            hint="Choose another port, or none to get a free one.",
        )

    def _try(self, launch: Launch, port: int) -> int | None:
        """Start on this port; None when somebody else took it in the meantime."""
        give_up = time.monotonic() + _HELD_TIMEOUT_S
        while True:
            pid, words = self._launch(launch, port)
            if pid is not None:
                return pid
            text = "\n".join(words)
            if "Address already in use" in text:
                return None
            if "pre-existing shared memory block" not in text or time.monotonic() > give_up:
                what = "could not start"
                raise failures.from_output(self.name, what, words, launch.data)
            # After kill -9 of the postmaster its last children take a moment to leave.
            time.sleep(0.1)

    def _launch(self, launch: Launch, port: int) -> tuple[int | None, list[str]]:
        """The pid once it is ready to serve, else None and its last words."""
        seen = self._log_sizes()
        output = self.home.logs / f"{self.name}-start.log"
        command = self.command(launch, port)
        pid = spawn(command, account=launch.account, folder=launch.data, output=output)
        try:
            done = wait_until(
                lambda: self._is_up(pid, launch) or not is_ours(pid, launch.data),
                timeout_s=_START_TIMEOUT_S,
            )
            if not done:
                raise LocalServerError(
                    f"{self.name} was not ready within {_START_TIMEOUT_S:.0f} s.",
                    server=self.name,
                    hint=f"Its log is {self.log_file()}.",
                )
            if self._is_up(pid, launch):
                return pid, []
        except BaseException:
            self._end(pid)
            raise
        # PostgreSQL's log is written by a process of its own, which may end a little later.
        wait_until(
            lambda: failures.explained(self._words_since(seen)), timeout_s=_LAST_WORDS_TIMEOUT_S
        )
        return None, self._words_since(seen)

    def _is_up(self, pid: int, launch: Launch) -> bool:
        return self.recorded_pid() == pid and self.is_ready(launch)

    def _log_sizes(self) -> dict[Path, int]:
        return {path: path.stat().st_size for path in self.home.logs.glob(f"{self.name}*.log")}

    def _words_since(self, seen: dict[Path, int]) -> list[str]:
        """Log lines written after `_log_sizes`; the start log is always new."""
        lines: list[str] = []
        for path in sorted(self.home.logs.glob(f"{self.name}*.log")):
            begin = 0 if path.name.endswith("-start.log") else seen.get(path, 0)
            with path.open("rb") as file:
                file.seek(begin)
                lines += file.read().decode(errors="replace").splitlines()
        return lines
