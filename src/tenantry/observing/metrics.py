"""Every metric there is: what it is called, what it counts, and by what. The dashboard, the alerts and
the documentation go by this list.

No label names a tenant, a user, a key or a value: each has few values, however large a platform is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram", "info"]

_UNITS: Final = ("seconds", "bytes")


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The name without what its kind adds to it."""
        return self.name.removesuffix("_total").removesuffix("_info")

    @property
    def unit(self) -> str:
        return next((unit for unit in _UNITS if self.family.endswith(f"_{unit}")), "")

    @property
    def samples(self) -> tuple[str, ...]:
        """What expressions may ask for."""
        if self.kind == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


def _counter(name: str, help: str, *labels: str) -> Metric:
    return Metric(f"tenantry_{name}_total", "counter", help, labels)


def _gauge(name: str, help: str, *labels: str) -> Metric:
    return Metric(f"tenantry_{name}", "gauge", help, labels)


def _histogram(name: str, help: str, *labels: str) -> Metric:
    return Metric(f"tenantry_{name}", "histogram", help, labels)


#: Upper ends of the buckets, in seconds: a read takes a tenth of a millisecond, a limit ends it at 30 s.
BUCKETS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
)  # fmt: skip

#: Of a program: what `PrometheusMetrics` tells. `role` is the database role of the work, `server` is
#: `primary` or `replica`.
PROGRAM: Final = (
    _histogram(
        "operation_seconds",
        "How long work took: `one_shot` calls, `transaction`s, each `statement` of one."
        " The outcome is `ok`, `error` or `cancelled`.",
        "kind", "role", "server", "outcome",
    ),
    _counter("errors", "Work that failed, by the error's code.", "kind", "role", "error"),
    _counter("rows", "Rows that statements returned.", "role", "server"),
    _counter("retries", "Work that was begun again, by the error's code.", "error"),
    _histogram(
        "connection_wait_seconds",
        "How long work waited for a connection, if there was none at once.",
        "role", "server",
    ),
    _gauge("pool_connections", "Connections: `idle`, `in_use`, `opening`.", "role", "server", "state"),
    _gauge("pool_max_connections", "Connections there may be.", "role", "server"),
    _gauge("pool_waiting", "Callers that wait for a connection now.", "role", "server"),
    _counter("pool_opened", "Connections opened.", "role", "server"),
    _counter("pool_closed", "Connections closed.", "role", "server"),
    _counter("pool_waits", "Callers that had to wait for a connection.", "role", "server"),
    _counter("pool_exhausted", "Callers that waited in vain.", "role", "server"),
    _counter(
        "pool_cleaned",
        "Connections that came back in a transaction, or in doubt, and were reset or cut.",
        "role", "server",
    ),
    _gauge("replica_up", "1 while reads are sent to the replica.", "replica"),
    _gauge("replica_lag_seconds", "How far the replica is behind, as this program sees it.", "replica"),
    _counter("cache_hits", "Values found in the cache."),
    _counter("cache_misses", "Values not found in the cache."),
    _counter("cache_stale", "Values past their time, given while new ones were computed."),
    _counter("cache_computed", "Values computed for the cache."),
    _counter("cache_errors", "Calls that the cache's server did not answer."),
    _counter("cache_unstored", "Values that could not be stored."),
    _counter("cache_lost_invalidations", "Deletions that did not reach the cache's server."),
    _gauge("store_up", "1 while Redis or Valkey answers; `redis`, or `cache`.", "store"),
    _counter("store_calls", "Calls to Redis or Valkey.", "store"),
    _counter("store_errors", "Of those, the ones that failed.", "store"),
    _counter("limits", "Hits of rate limits: `allowed` or `refused`.", "result"),
    _counter("limits_unchecked", "Hits that were answered while the server was away."),
    _counter("locks", "Locks asked for: `acquired` or `refused`.", "result"),
    _counter("lock_wait_seconds", "Time spent on taking locks."),
)  # fmt: skip

#: Of the servers: what `tenantry metrics` tells.
SERVER: Final = (
    _gauge("figures_up", "1 if this kind of figures could be seen.", "section"),
    _gauge("figures_duration_seconds", "How long looking at them took.", "section"),
    Metric("tenantry_postgres_info", "info", "What serves.", ("version", "database")),
    _gauge("postgres_start_time_seconds", "When the server was started, as a Unix time."),
    _gauge("postgres_is_standby", "1 if it follows another server."),
    _counter("postgres_commits", "Transactions committed in the database."),
    _counter("postgres_rollbacks", "Transactions rolled back."),
    _counter("postgres_blocks_hit", "Blocks found in shared buffers."),
    _counter("postgres_blocks_read", "Blocks read from the system."),
    _counter("postgres_rows_read", "Rows fetched by statements."),
    _counter("postgres_rows_written", "Rows inserted, changed or deleted."),
    _counter("postgres_deadlocks", "Deadlocks."),
    _counter("postgres_conflicts", "Queries of a standby that the replay cancelled."),
    _counter("postgres_temp_written_bytes", "Written to temporary files."),
    _counter("postgres_checksum_failures", "Data pages whose checksum was wrong."),
    _gauge("postgres_connections", "Connections to the server.", "role", "state"),
    _gauge("postgres_max_connections", "Connections that there may be."),
    _gauge("postgres_reserved_connections", "Of those, kept for superusers."),
    _gauge("postgres_oldest_transaction_seconds", "How long the oldest transaction has been open."),
    _gauge("postgres_transaction_age", "How many transactions ago the oldest rows are from.", "database"),
    _gauge("postgres_multixact_age", "The same of multixacts.", "database"),
    _gauge("postgres_freeze_max_age", "The age at which autovacuum forces itself on a table."),
    _gauge("postgres_lock_waits", "Sessions that wait for a lock."),
    _gauge("postgres_longest_lock_wait_seconds", "How long the longest of them has been waiting."),
    _gauge("postgres_database_bytes", "Size of a database.", "database"),
    _gauge("postgres_table_bytes", "Size of a table with its indexes; `graphs`: those of all tenants.", "table"),
    _gauge("postgres_table_rows", "Its rows, as estimated.", "table"),
    _gauge("postgres_table_dead_rows", "Rows that wait for VACUUM.", "table"),
    _gauge("postgres_tables_due_for_vacuum", "Tables that `tenantry maintain vacuum` would clear."),
    _gauge("postgres_indexes_due_for_reindex", "Indexes that `tenantry maintain reindex` would build anew."),
    _gauge("postgres_standby_lag_bytes", "WAL that a standby has not replayed.", "standby"),
    _gauge("postgres_standby_lag_seconds", "How long a commit takes to be seen there.", "standby"),
    _gauge("postgres_slot_kept_bytes", "WAL that a slot keeps from removal.", "slot"),
    _gauge("postgres_slot_active", "1 while somebody uses the slot.", "slot"),
    _gauge("postgres_replay_lag_bytes", "Of a standby: WAL received and not replayed."),
    _gauge("postgres_last_replay_seconds", "Of a standby: since the last commit that it replayed."),
    _counter("postgres_archived_segments", "WAL segments archived."),
    _counter("postgres_archive_failures", "Tries to archive one that failed."),
    _gauge("postgres_archive_failing", "1 if the last try failed."),
    _gauge("postgres_last_archived_time_seconds", "When a segment was last archived, as a Unix time."),
    _gauge("postgres_wal_bytes", "WAL on the server's disk."),
    _gauge("postgres_temp_bytes", "Temporary files of work under way."),
    _gauge("postgres_disk_free_bytes", "Room where the data folder is, if that is this machine."),
    _gauge("postgres_disk_total_bytes", "The whole of that."),
    _gauge("partitions_ahead", "Periods after this one that have a partition; -1: not even this one.", "table"),
    _gauge("partition_strays", "Rows that no partition was made for.", "table"),
    _gauge("unsealed_seconds", "Age of the oldest entry of the record without a seal; 0: there is none."),
    _gauge("backup_last_time_seconds", "When the newest backup was finished, as a Unix time; 0: there is none."),
    _gauge("backup_last_bytes", "Its size."),
    _gauge("backups", "Backups kept."),
    _gauge("backups_damaged", "Backups whose manifest cannot be read."),
    _gauge("valkey_memory_bytes", "Memory in use.", "store"),
    _gauge("valkey_memory_limit_bytes", "Its limit; absent where there is none.", "store"),
    _gauge("valkey_clients", "Connections.", "store"),
    _gauge("valkey_keys", "Keys, of everybody.", "store"),
    _counter("valkey_hits", "Keys asked for that were there.", "store"),
    _counter("valkey_misses", "Keys asked for that were not there.", "store"),
    _counter("valkey_evicted", "Keys that had to go for lack of memory.", "store"),
    _counter("valkey_expired", "Keys whose time was over.", "store"),
    _counter("valkey_commands", "Commands.", "store"),
)  # fmt: skip

METRICS: Final[dict[str, Metric]] = {metric.name: metric for metric in (*PROGRAM, *SERVER)}


def table(metrics: tuple[Metric, ...]) -> str:
    """For the documentation."""
    lines = ["| metric | | labels | |", "|---|---|---|---|"]
    for one in metrics:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(f"| `{one.name}` | {one.kind} | {labels} | {one.help} |")
    return "\n".join(lines)
