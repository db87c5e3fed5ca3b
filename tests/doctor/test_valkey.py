"""Redis or Valkey that is away, throws away, forgets or is full."""

from __future__ import annotations

import asyncio
import shlex

from tenantry.ops.doctor import Finding
from tests.fixtures.topologies import PASSWORD, Node, kv_node

from .clinic import Clinic

_LINES = ("port {port}", f"requirepass {PASSWORD}", "appendonly yes")


def _follow(node: Node, finding: Finding) -> None:
    """As valkey-cli would, which asks for the password."""
    for line in finding.advice.shell:
        where, command = line.split(" --askpass ")
        assert where == f"valkey-cli -h 127.0.0.1 -p {node.port}"
        node.admin.execute_command(*shlex.split(command))


async def test_valkey(clinic: Clinic) -> None:
    assert await clinic.find("valkey") == []  # a platform without it
    with kv_node("valkey", _LINES) as node:
        clinic.settings["redis_url"] = f"redis://:{PASSWORD}@127.0.0.1:{node.port}/0"
        assert await clinic.find("valkey") == []
        node.admin.config_set("maxmemory", "100mb")
        node.admin.config_set("maxmemory-policy", "allkeys-lru")
        node.admin.config_set("appendonly", "no")
        found = {f.object: f for f in await clinic.find("valkey")}
        assert found["redis: maxmemory-policy"].severity == "critical"
        assert found["redis: appendonly"].severity == "notice"
        for finding in found.values():
            _follow(node, finding)
        assert await clinic.find("valkey") == []

        node.admin.config_set("maxmemory", str(node.admin.info()["used_memory"]))
        full = await clinic.one("valkey", "redis: memory")
        _follow(node, full)
        assert await clinic.find("valkey") == []
        # It does not stop while it writes the file that it was told to keep.
        for _ in range(200):
            if not node.admin.info()["aof_rewrite_in_progress"]:
                break
            await asyncio.sleep(0.05)
    away = await clinic.one("valkey")
    assert (away.severity, away.advice.shell) == ("critical", ("systemctl start valkey",))
    assert PASSWORD not in str(away)
