"""The embedded PostgreSQL's settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tenantry.local.extensions import Extensions

_MB = 1 << 20
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def render(
    *,
    port: int,
    socket_dir: Path,
    logs: Path,
    extensions: Extensions,
    settings: Mapping[str, str],
) -> str:
    """The file `tenantry.conf`. The caller's `settings` win; ALTER SYSTEM wins over both."""
    loaded = [n for n in ("pg_stat_statements", "age") if n in extensions.names]
    values = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(socket_dir),
        "max_connections": "200",
        "password_encryption": "scram-sha-256",
        "wal_level": "replica",
        # A copy begins where the last checkpoint was, and the next one must not remove that meanwhile.
        "wal_keep_size": "64MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        # Row-level security makes cost estimates look large; compiling short queries only delays.
        "jit": "off",
        "shared_preload_libraries": ", ".join(loaded),
        **extensions.settings,
        **_memory(),
        **_logging(logs),
    }
    if "pg_stat_statements" in loaded:
        # Each `SET LOCAL` with a tenant's id would be an entry of its own.
        values["pg_stat_statements.track_utility"] = "off"
    values.update(settings)
    lines = [f"{name} = {_quoted(value)}" for name, value in values.items()]
    header = "# Written at each start. Change settings with ALTER SYSTEM, which overrides these.\n"
    return header + "\n".join(lines) + "\n"


def _memory() -> dict[str, str]:
    """A quarter of what a server of its own machine takes: this one lives beside an application."""
    total = machine_memory() // _MB
    return {
        "shared_buffers": f"{_between(128, total // 16, 1024)}MB",
        "effective_cache_size": f"{max(total // 2, 256)}MB",
        "maintenance_work_mem": f"{_between(64, total // 64, 512)}MB",
        "work_mem": "8MB",
    }


def _logging(logs: Path) -> dict[str, str]:
    """Seven files, one for each weekday, each begun anew after a week."""
    return {
        "logging_collector": "on",
        "log_destination": "stderr",
        "log_directory": str(logs),
        "log_filename": "postgres-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }


def machine_memory() -> int:
    """Bytes that this machine, or its container, has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no such limit, or "max"
        return total


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"
