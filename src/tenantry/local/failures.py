"""From what a server or the operating system says to one clear error."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tenantry.errors import LocalDiskFull, LocalFolderUnusable, LocalServerError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ROOM_TO_SPEAK = 64 * 1024
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}


@contextmanager
def translated(server: str, folder: Path) -> Iterator[None]:
    """Turn an OSError of the block into the error of its kind."""
    try:
        yield
    except OSError as error:
        path = Path(error.filename) if isinstance(error.filename, str) else folder
        if error.errno in _FULL:
            raise disk_full(server, path) from error
        if error.errno in _CLOSED or isinstance(error, PermissionError):
            raise unusable(server, path) from error
        raise LocalServerError(
            f"{error.strerror or error} ({path}).", server=server, path=str(path)
        ) from error


def disk_full(server: str, path: Path) -> LocalDiskFull:
    return LocalDiskFull(
        f"No space is left for {server} at {path}.",
        server=server,
        path=str(path),
        hint="Free some space (or raise the quota) and start again; nothing is half made.",
    )


def unusable(server: str, path: Path) -> LocalFolderUnusable:
    return LocalFolderUnusable(
        f"{path} cannot be read or written by the account that needs it.",
        server=server,
        path=str(path),
        hint="Give this account the folder, or choose another one.",
    )


def from_output(server: str, what: str, lines: Sequence[str], folder: Path) -> LocalServerError:
    """The error behind a program's own words; `folder` is where it was working."""
    text = "\n".join(lines)
    full = any(w in text for w in ("No space left", "Disk quota exceeded", "File too large"))
    # A full disk may have swallowed the message too.
    if full or shutil.disk_usage(folder).free < _ROOM_TO_SPEAK:
        return disk_full(server, folder)
    if "Permission denied" in text or "Read-only file system" in text:
        return unusable(server, folder)
    reason = _telling(lines)
    return LocalServerError(
        f"{server} {what}: {reason}" if reason else f"{server} {what}, and did not say why.",
        server=server,
        hint=f"Its files are in {folder}.",
        output=list(lines[-20:]),
    )


def explained(lines: Sequence[str]) -> bool:
    """Whether a server that ended has said why."""
    return any(mark in line for line in lines for mark in ("FATAL", "PANIC", "rror", "Fail"))


def _telling(lines: Sequence[str]) -> str:
    """The line that says why: the last one a server marked as fatal, else simply the last."""
    lines = [line.strip() for line in lines if line.strip()]
    for mark in ("PANIC:", "FATAL:", "error:", "ERROR:"):
        for line in reversed(lines):
            if mark in line:
                return line[line.index(mark) + len(mark) :].strip()
    # What PostgreSQL logs in its daily round explains no end.
    others = [line for line in lines if "LOG:" not in line and "HINT:" not in line]
    return others[-1] if others else ""
