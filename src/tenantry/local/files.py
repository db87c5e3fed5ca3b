"""Files that are never half written, and locks between processes."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tenantry.errors import LocalServerError

_LOCK_TIMEOUT_S = 300.0


def write_private(path: Path, text: str, *, owner: tuple[int, int] | None = None) -> None:
    """Write a file that only its owner can read; a reader sees the old text or the new.

    `owner` is (uid, gid), for root, who writes on behalf of others.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    # O_EXCL and O_NOFOLLOW: root must not be led through a link in a folder of another account.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    fd = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if owner is not None:
                os.fchown(fd, *owner)
            os.fsync(fd)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def owner_for(folder: Path) -> tuple[int, int] | None:
    """Who should own a new file in `folder`: its owner when root writes, else the writer."""
    if os.geteuid() != 0:
        return None
    facts = folder.stat()
    return facts.st_uid, facts.st_gid


@contextmanager
def locked(path: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock file `path`; `waiting` is called once when another process has it.

    The kernel frees the lock with the process that held it, however that ended.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if (owner := owner_for(path.parent)) is not None:
            os.fchown(fd, *owner)
        _acquire(fd, path, waiting)
        yield
    finally:
        os.close(fd)


def _acquire(fd: int, path: Path, waiting: Callable[[], None]) -> None:
    deadline = time.monotonic() + _LOCK_TIMEOUT_S
    told = False
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not told:
                waiting()
                told = True
        if time.monotonic() > deadline:
            raise LocalServerError(
                f"Another process has held {path} for {_LOCK_TIMEOUT_S:.0f} s.",
                server="local",
                hint="It is starting or stopping these servers; wait for it, or end it.",
            )
        time.sleep(0.02)
