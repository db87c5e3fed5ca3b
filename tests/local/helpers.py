"""Small things that the tests of embedded servers share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

import tenantry
from tenantry.local import Account, LocalServers
from tests.fixtures.servers import require

# Only the layer itself, without what the whole package imports: another account may have to use
# a Python that is not ours, and the standard library is all that the layer needs.
LAYER = f"""
import sys, types
package = types.ModuleType("tenantry")
package.__path__ = [{str(Path(tenantry.__file__).parent)!r}]
sys.modules["tenantry"] = package
"""
UP = f"""{LAYER}
from pathlib import Path
from tenantry.local import LocalServers
servers = LocalServers(Path(sys.argv[1]), settings={{"fsync": "off", "shared_buffers": "16MB"}})
servers.up(valkey=len(sys.argv) > 2)
print(servers.status()[0].pid)
"""


def pid_of(servers: LocalServers, name: str = "postgres") -> int:
    pid = next(s.pid for s in servers.status() if s.name == name)
    assert pid is not None, f"{name} does not run"
    return pid


def running(servers: LocalServers) -> dict[str, bool]:
    return {status.name: status.running for status in servers.status()}


async def ask(servers: LocalServers, sql: str, *, tcp: bool = False) -> object:
    connection = await asyncpg.connect(servers.postgres_url("postgres", "postgres", tcp=tcp))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def python_for(account: Account) -> str:
    """An interpreter of this version that the account can run, with what it needs to import us."""
    for program in (sys.executable, f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"):
        try:
            if start(account, [program, "-c", f"{LAYER}import tenantry.local"]).returncode == 0:
                return program
        except OSError:
            continue
    require(f"a Python that the account {account.name} can run", None)
    raise AssertionError


def start(
    account: Account, command: list[str], **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": import_path(), **variables},
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    )


def import_path() -> str:
    sources = Path(tenantry.__file__).parents[1]
    return os.pathsep.join([str(sources), str(Path(pytest.__file__).parents[1])])


def need_root() -> None:
    require("root, who can act as several accounts", os.geteuid() == 0)
