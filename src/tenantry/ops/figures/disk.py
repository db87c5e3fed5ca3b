"""Room on the server's disk, where that is this machine's, and what WAL and temporary files take."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class Filesystem:
    """What the data folder lies on."""

    path: str
    total: int
    free: int

    @property
    def share(self) -> float:
        """How much of it is used."""
        return 1 - self.free / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Disk:
    #: None where the server is on another machine, or its data folder cannot be seen from here.
    filesystem: Filesystem | None
    wal_bytes: int
    wal_files: int
    #: Of sorts and hashes under way that were too large for work_mem.
    temp_bytes: int
    temp_files: int


_SQL: Final = """
    SELECT w.*, t.*
    FROM (SELECT coalesce(sum(size), 0)::bigint AS wal_bytes, count(*)::int AS wal_files FROM pg_ls_waldir()) AS w,
         (SELECT coalesce(sum(size), 0)::bigint AS temp_bytes, count(*)::int AS temp_files FROM pg_ls_tmpdir()) AS t"""
_WHERE: Final = "SELECT pg_backend_pid() AS pid, current_setting('data_directory') AS folder"


async def _look(source: Source) -> Disk:
    server = await source.server()
    files = await server.fetchrow(_SQL) or {}
    where = await server.fetchrow(_WHERE) or {}
    folder = Path(where["folder"])
    return Disk(await asyncio.to_thread(_filesystem, where["pid"], folder), **files)


def _filesystem(pid: int, folder: Path) -> Filesystem | None:
    if not _is_here(pid):
        return None
    try:
        found = shutil.disk_usage(folder)
    except OSError:
        return None
    return Filesystem(str(folder), found.total, found.free)


def _is_here(pid: int) -> bool:
    """Whether the process that serves us is one of this machine's: an address may be a tunnel's."""
    try:
        os.kill(pid, 0)
        return "postgres" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except PermissionError:
        return True
    except FileNotFoundError:  # a system without /proc
        return not Path("/proc/self").exists()
    except OSError:
        return False


DISK = Section("disk", "room on the server's disk, WAL and temporary files", _look)
