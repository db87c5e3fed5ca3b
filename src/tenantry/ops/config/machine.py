"""The machine that a configuration is for, and how many connections will come to it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tenantry.config import Settings
from tenantry.endpoints import is_embedded
from tenantry.errors import InvalidInput
from tenantry.local.postgres_config import machine_memory

Disk = Literal["ssd", "hdd", "network"]
_UNITS = {"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_QUOTA = Path("/sys/fs/cgroup/cpu.max")

#: Connections beside those of the application's pools: the superuser's three, migrations,
#: maintenance, backups, and somebody who looks what is wrong.
RESERVED = 15


@dataclass(frozen=True, slots=True)
class Machine:
    memory: int
    cpus: int
    disk: Disk = "ssd"

    @classmethod
    def here(
        cls, memory: str | None = None, cpus: int | None = None, disk: Disk = "ssd"
    ) -> Machine:
        """This one, or as it is said."""
        size = machine_memory() if memory is None else read_size(memory)
        return cls(size, cpus or _cpus(), disk)

    def __str__(self) -> str:
        return f"{in_megabytes(self.memory)} of memory, {self.cpus} CPUs, disk {self.disk}"


@dataclass(frozen=True, slots=True)
class Load:
    """How many connections the application opens at most, all its processes together."""

    processes: int
    pool: int
    pools: int

    @classmethod
    def of(cls, settings: Settings, processes: int) -> Load:
        """Each process has a pool for each role that it logs in as, and one for the ORM's sessions."""
        further = (settings.service_url, settings.readonly_url)
        pools = 4 if is_embedded(settings) else 2 + sum(url is not None for url in further)
        return cls(processes, settings.pool_max + settings.pool_overflow, pools)

    @property
    def one_role(self) -> int:
        return self.processes * self.pool

    @property
    def connections(self) -> int:
        return self.one_role * self.pools

    def __str__(self) -> str:
        return f"{self.processes} processes with {self.pools} pools of {self.pool} connections each"


def read_size(text: str) -> int:
    """`16GB` in bytes."""
    match = re.fullmatch(r"(\d+)\s*([kKMGT])i?B?", text.strip())
    if match is None or not (size := int(match[1]) * _UNITS[f"{match[2]}B".replace("K", "k")]):
        raise InvalidInput(f"{text!r} is no size.", field="memory", hint="Say it as 16GB.")
    return size


def in_megabytes(size: int) -> str:
    return f"{size >> 20}MB"


def _cpus() -> int:
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = _QUOTA.read_text().split()
        allowed = int(quota) // int(period)
    except (OSError, ValueError):  # no such limit, or "max"
        return there or 1
    return max(1, min(there or 1, allowed))
