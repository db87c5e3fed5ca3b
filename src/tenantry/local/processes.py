"""Starting servers that outlive us, and telling our processes from everyone else's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tenantry.local.account import Account, environment

_PROC = Path("/proc")
_EXEC_TIMEOUT_S = 1.0
# The shell leaves at once, so the server is nobody's child that would have to be reaped.
_DETACH = 'log=$1; shift; "$@" </dev/null >"$log" 2>&1 & echo $!'


def spawn(command: Sequence[str | Path], *, account: Account, folder: Path, output: Path) -> int:
    """Start a server in `folder`, its first words going to `output`; returns its pid."""
    shell = shutil.which("sh") or "/bin/sh"
    started = subprocess.run(
        [shell, "-c", _DETACH, "sh", str(output), *(str(part) for part in command)],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=environment(),
        umask=0o077,
        # Ctrl-C at our terminal is not meant for the server.
        start_new_session=True,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    )
    return int(started.stdout)


def is_ours(pid: int, folder: Path) -> bool:
    """Whether `pid` is a live server of `folder`.

    A pid file can outlive its process and the number go to a stranger, so the pid alone proves
    nothing: our servers work in their data folder, and are told of it on their command line. The
    one is not enough: PostgreSQL up to 15 begins in the folder of its program, for a moment, and root
    in a container may lack the capability to look.
    """
    if not _PROC.joinpath("self").exists():
        return str(folder) in _command_by_ps(pid)
    try:
        if _PROC.joinpath(str(pid), "cwd").samefile(folder):
            return True
    except PermissionError:
        pass
    except OSError:
        return False
    return _names(pid, folder)


def _names(pid: int, folder: Path) -> bool:
    """Whether its command line names the folder.

    A process has no command line while it becomes another program (exec), which is a moment that
    a server being started goes through, and none ever again once it has ended but was not reaped.
    """
    line = b""

    def settled() -> bool:
        nonlocal line
        line = _PROC.joinpath(str(pid), "cmdline").read_bytes()
        return bool(line) or _has_ended(pid)

    try:
        wait_until(settled, timeout_s=_EXEC_TIMEOUT_S)
    except OSError:
        return False
    return os.fsencode(folder) in line.split(b"\0")


def _has_ended(pid: int) -> bool:
    # The name before the state is the program's own and may hold anything, brackets too.
    state = _PROC.joinpath(str(pid), "stat").read_bytes().rpartition(b")")[2].split()[0]
    return state in {b"Z", b"X"}


def _command_by_ps(pid: int) -> str:
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return listed.stdout


def wait_until(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    """Poll quickly at first, then with patience; False when the time is over."""
    deadline = time.monotonic() + timeout_s
    pause = 0.004
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.3, 0.1)
    return True
