"""PostgreSQL's settings for a machine's size and for what is run on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tenantry.errors import InvalidInput

from .files import File, header
from .machine import RESERVED, Load, Machine, in_megabytes
from .tls import SERVER

FEATURES = frozenset({"graph", "vectors"})
VERSIONS = (15, 16, 17, 18)
_MB = 1 << 20
_GB = 1 << 30
_USE = (
    "Name it in postgresql.conf, at its end:  include = 'tenantry.conf'",
    "(Debian: put it into /etc/postgresql/VERSION/main/conf.d/), then restart the server.",
)
#: Disk -> (random_page_cost, effective_io_concurrency, checkpoint's WAL in GB).
_DISKS = {"ssd": ("1.1", 200, 16), "network": ("1.1", 100, 8), "hdd": ("4", 2, 8)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    machine: Machine
    load: Load
    version: int = 18
    #: PgBouncer's server connections, where the application comes through one.
    pooled: int | None = None
    features: frozenset[str] = frozenset()
    listen: tuple[str, ...] = ()
    port: int = 5432
    #: The folder that certificates lie in on the server.
    tls: Path | None = None
    replicas: int = 0
    #: What takes a segment of WAL away; `%p` is its path and `%f` its name.
    archive_command: str = ""
    #: Statements that take longer are logged.
    slow_ms: int = 1000

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise InvalidInput(
                f"PostgreSQL {self.version} is not supported.", field="version",
                hint="Name one of 15 to 18.",
            )  # fmt: skip
        if unknown := self.features - FEATURES:
            raise InvalidInput(
                f"There is no feature {', '.join(sorted(unknown))}.", field="feature",
                hint=f"There are {', '.join(sorted(FEATURES))}.",
            )  # fmt: skip
        if self.archive_command and "%p" not in self.archive_command:
            raise InvalidInput(
                "An archive command names the segment's path, %p.", field="archive_command"
            )

    @property
    def max_connections(self) -> int:
        """The service role goes past the pooler: its work is rare and long."""
        if self.pooled is None:
            return self.load.connections + RESERVED
        return self.pooled + self.load.one_role + RESERVED


def parts(plan: Plan) -> dict[str, dict[str, str]]:
    """The settings, by what they are about."""
    return {
        "Connections": _connections(plan),
        "Memory": _memory(plan),
        "Processes": _processes(plan),
        "Disk": _disk(plan),
        "Write-ahead log": _wal(plan),
        "Autovacuum": _autovacuum(plan),
        "Logging": _logging(plan),
        "Extensions": _extensions(plan),
    }


def file(plan: Plan, command: str) -> File:
    way = "through PgBouncer" if plan.pooled is not None else "directly"
    about = (*_USE, f"For PostgreSQL {plan.version} on {plan.machine};", f"{plan.load}, {way}.")
    text = header(command, *about)
    reasons = {"max_locks_per_transaction": _locks(plan)[1]}
    for title, values in parts(plan).items():
        text += f"# {title}\n"
        for name, value in values.items():
            why = f"# {reasons[name]}\n" if name in reasons else ""
            text += f"{why}{name} = {_quoted(value)}\n"
        text += "\n"
    return File("tenantry.conf", text.rstrip("\n") + "\n")


def _connections(plan: Plan) -> dict[str, str]:
    values = {
        "listen_addresses": ", ".join(plan.listen) or "localhost",
        "port": str(plan.port),
        "max_connections": str(plan.max_connections),
        "password_encryption": "scram-sha-256",
        # A client whose machine went away holds its locks no longer than about a minute and a half.
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "timezone": "UTC",
    }
    if plan.tls is None:
        return values | {"ssl": "off"}
    return values | {
        "ssl": "on",
        "ssl_cert_file": str(plan.tls / f"{SERVER}.crt"),
        "ssl_key_file": str(plan.tls / f"{SERVER}.key"),
        "ssl_ca_file": str(plan.tls / "ca.crt"),
        "ssl_crl_file": str(plan.tls / "ca.crl"),
        "ssl_min_protocol_version": "TLSv1.2",
    }


def _memory(plan: Plan) -> dict[str, str]:
    total = plan.machine.memory
    shared = _between(128 * _MB, total // 4, 32 * _GB)
    # Up to 17 vacuum uses 1 GB at most, and there may be several at once.
    maintenance = _between(64 * _MB, total // 16, _GB)
    # Half of what is left, if half of all connections sort or hash twice at once.
    each = (total - shared) // 2 // plan.max_connections
    return {
        "shared_buffers": in_megabytes(shared),
        "effective_cache_size": in_megabytes(max(total * 3 // 4, 256 * _MB)),
        "maintenance_work_mem": in_megabytes(maintenance),
        "work_mem": in_megabytes(_between(4 * _MB, each, 256 * _MB)),
        "max_locks_per_transaction": _locks(plan)[0],
    }


def _locks(plan: Plan) -> tuple[str, str]:
    """How many a transaction may hold on average, and why, as the file says it."""
    if "graph" in plan.features:
        return "1024", "Each label of each tenant's graph is a table with indexes and a sequence."
    return "256", "A statement over all of a table's partitions locks each, with its indexes."


def _processes(plan: Plan) -> dict[str, str]:
    cpus = plan.machine.cpus
    values = {
        "max_worker_processes": str(max(8, cpus + 8)),
        "max_parallel_workers": str(cpus),
        "max_parallel_workers_per_gather": str(_between(0, cpus // 2, 4)),
        "max_parallel_maintenance_workers": str(_between(1, cpus // 2, 4)),
        # Row security makes estimates look large; compiling short statements only delays them.
        "jit": "off",
    }
    if plan.version >= 18:
        values["io_workers"] = str(_between(3, cpus // 4, 32))
    return values


def _disk(plan: Plan) -> dict[str, str]:
    cost, concurrency, _ = _DISKS[plan.machine.disk]
    return {
        "random_page_cost": cost,
        "effective_io_concurrency": str(concurrency),
        "maintenance_io_concurrency": str(max(10, concurrency)),
    }


def _wal(plan: Plan) -> dict[str, str]:
    values = {
        "wal_level": "replica",
        "wal_compression": "on",
        "min_wal_size": "1GB",
        "max_wal_size": f"{_DISKS[plan.machine.disk][2]}GB",
        "checkpoint_timeout": "15min",
        "max_wal_senders": str(10 + 2 * plan.replicas),
        "max_replication_slots": str(10 + plan.replicas),
        # A standby that is away for long is made anew; it does not fill the primary's disk.
        "max_slot_wal_keep_size": "64GB",
        "archive_mode": "on" if plan.archive_command else "off",
    }
    if plan.archive_command:
        values |= {"archive_command": plan.archive_command, "archive_timeout": "60s"}
    if plan.replicas:
        values |= {"wal_keep_size": "2GB", "hot_standby": "on", "hot_standby_feedback": "on"}
    if plan.version >= 17:
        values["summarize_wal"] = "on"  # what incremental backups are made from
    return values


def _autovacuum(plan: Plan) -> dict[str, str]:
    values = {
        "autovacuum_max_workers": str(_between(3, plan.machine.cpus // 2, 8)),
        # The defaults wait for a fifth of a table, which of a large one is far too much.
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_vacuum_insert_scale_factor": "0.1",
        "autovacuum_analyze_scale_factor": "0.02",
    }
    if plan.machine.disk != "hdd":
        values["autovacuum_vacuum_cost_limit"] = "2000"
    return values


def _logging(plan: Plan) -> dict[str, str]:
    return {
        "log_line_prefix": "%m [%p] %q%u@%d %a ",
        "log_min_duration_statement": f"{plan.slow_ms}ms",
        # Values are tenants' data: they stay out of the log.
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_statement": "ddl",
        "log_checkpoints": "on",
        "log_connections": "on",
        "log_lock_waits": "on",
        "log_temp_files": "64MB",
        "log_autovacuum_min_duration": "10s",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "track_io_timing": "on",
    }


def _extensions(plan: Plan) -> dict[str, str]:
    preloaded = ["pg_stat_statements", *(["age"] if "graph" in plan.features else [])]
    return {
        "shared_preload_libraries": ", ".join(preloaded),
        # Each `SET LOCAL` with a tenant's id would be an entry of its own.
        "pg_stat_statements.track_utility": "off",
        "pg_stat_statements.max": "10000",
    }


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"
