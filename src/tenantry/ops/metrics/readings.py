"""Each kind of figures, as readings of the metrics in `observing.metrics`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from tenantry.observing.exposition import Reading
from tenantry.ops import figures as f

from .backups import BACKUPS, Backups
from .seals import SEALS, Seals

_PG: Final = "tenantry_postgres"
#: Schemas of tenants' graphs begin so; each bears its tenant's id.
_GRAPH: Final = "tg_"


def _traffic(seen: f.Traffic) -> Iterator[Reading]:
    yield Reading(f"{_PG}_info", 1, (seen.version, seen.database))
    yield Reading(f"{_PG}_start_time_seconds", seen.started_at.timestamp())
    yield Reading(f"{_PG}_is_standby", int(seen.is_standby))
    for name in (
        "commits", "rollbacks", "blocks_hit", "blocks_read", "rows_read", "rows_written", "deadlocks",
        "conflicts", "checksum_failures",
    ):  # fmt: skip
        yield Reading(f"{_PG}_{name}_total", getattr(seen, name))
    yield Reading(f"{_PG}_temp_written_bytes_total", seen.temp_bytes)


def _connections(seen: f.Connections) -> Iterator[Reading]:
    yield Reading(f"{_PG}_max_connections", seen.maximum)
    yield Reading(f"{_PG}_reserved_connections", seen.reserved)
    for one in seen.by:
        yield Reading(f"{_PG}_connections", one.count, (one.role, one.state))


def _ages(seen: f.Ages) -> Iterator[Reading]:
    oldest = seen.oldest.seconds if seen.oldest else 0.0
    yield Reading(f"{_PG}_oldest_transaction_seconds", max(0.0, oldest))
    yield Reading(f"{_PG}_freeze_max_age", seen.forced_at)
    for one in seen.databases:
        yield Reading(f"{_PG}_transaction_age", one.transactions, (one.database,))
        yield Reading(f"{_PG}_multixact_age", one.multixacts, (one.database,))


def _locks(seen: f.Locks) -> Iterator[Reading]:
    yield Reading(f"{_PG}_lock_waits", len(seen.waits))
    longest = max((wait.waiting.state_s or 0.0 for wait in seen.waits), default=0.0)
    yield Reading(f"{_PG}_longest_lock_wait_seconds", longest)


def _sizes(seen: f.DatabaseSizes) -> Iterator[Reading]:
    for one in seen.databases:
        yield Reading(f"{_PG}_database_bytes", one.bytes, (one.database,))


def _tables(seen: f.TableSizes) -> Iterator[Reading]:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in seen.tables:
        name = "graphs" if one.table.startswith(_GRAPH) else one.table
        sums["bytes", name] += one.bytes
        sums["rows", name] += one.rows
        sums["dead_rows", name] += one.dead
    for (what, name), value in sums.items():
        yield Reading(f"{_PG}_table_{what}", value, (name,))


def _bloat(seen: f.Bloat) -> Iterator[Reading]:
    yield Reading(f"{_PG}_tables_due_for_vacuum", sum(bool(one.due) for one in seen.tables))
    yield Reading(f"{_PG}_indexes_due_for_reindex", sum(bool(one.due) for one in seen.indexes))


def _replication(seen: f.Replication) -> Iterator[Reading]:
    for standby in seen.standbys:
        yield Reading(f"{_PG}_standby_lag_bytes", standby.lag_bytes, (standby.name,))
        # Nothing is written, so nothing is late.
        yield Reading(f"{_PG}_standby_lag_seconds", standby.lag_s or 0.0, (standby.name,))
    for slot in seen.slots:
        yield Reading(f"{_PG}_slot_kept_bytes", slot.kept_bytes, (slot.name,))
        yield Reading(f"{_PG}_slot_active", int(slot.is_active), (slot.name,))
    if seen.behind is not None:
        yield Reading(f"{_PG}_replay_lag_bytes", seen.behind.lag_bytes)
        if seen.behind.last_commit_s is not None:
            yield Reading(f"{_PG}_last_replay_seconds", seen.behind.last_commit_s)
    if seen.archive is not None:
        yield Reading(f"{_PG}_archived_segments_total", seen.archive.archived)
        yield Reading(f"{_PG}_archive_failures_total", seen.archive.failed)
        yield Reading(f"{_PG}_archive_failing", int(seen.archive.is_failing))
        if seen.archive.last_archived_at is not None:
            at = seen.archive.last_archived_at.timestamp()
            yield Reading(f"{_PG}_last_archived_time_seconds", at)


def _partitions(seen: f.PartitionsAhead) -> Iterator[Reading]:
    for one in seen.tables:
        yield Reading("tenantry_partitions_ahead", one.ahead, (one.table,))
        yield Reading("tenantry_partition_strays", one.strays, (one.table,))


def _disk(seen: f.Disk) -> Iterator[Reading]:
    yield Reading(f"{_PG}_wal_bytes", seen.wal_bytes)
    yield Reading(f"{_PG}_temp_bytes", seen.temp_bytes)
    if seen.filesystem is not None:
        yield Reading(f"{_PG}_disk_free_bytes", seen.filesystem.free)
        yield Reading(f"{_PG}_disk_total_bytes", seen.filesystem.total)


def _valkey(seen: f.Stores) -> Iterator[Reading]:
    for one in seen.stores:
        at = (one.store,)
        yield Reading("tenantry_valkey_memory_bytes", one.memory_bytes, at)
        if one.memory_limit_bytes is not None:
            yield Reading("tenantry_valkey_memory_limit_bytes", one.memory_limit_bytes, at)
        yield Reading("tenantry_valkey_clients", one.clients, at)
        yield Reading("tenantry_valkey_keys", one.keys, at)
        for name in ("hits", "misses", "evicted", "expired"):
            yield Reading(f"tenantry_valkey_{name}_total", getattr(one, name), at)
        yield Reading("tenantry_valkey_commands_total", one.commands_total, at)


def _backups(seen: Backups) -> Iterator[Reading]:
    yield Reading("tenantry_backups", seen.count)
    yield Reading("tenantry_backups_damaged", seen.damaged)
    yield Reading("tenantry_backup_last_time_seconds", _unix(seen.newest))
    yield Reading("tenantry_backup_last_bytes", seen.newest_bytes)


def _seals(seen: Seals) -> Iterator[Reading]:
    yield Reading("tenantry_unsealed_seconds", seen.unsealed_s)


def _unix(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0


#: What is looked at, and how it is told.
TOLD: Final[tuple[tuple[f.Section[Any], Callable[[Any], Iterator[Reading]]], ...]] = (
    (f.TRAFFIC, _traffic),
    (f.CONNECTIONS, _connections),
    (f.AGES, _ages),
    (f.LOCKS, _locks),
    (f.TABLES, _tables),
    (f.BLOAT, _bloat),
    (f.SIZES, _sizes),
    (f.REPLICATION, _replication),
    (f.PARTITIONS, _partitions),
    (f.DISK, _disk),
    (f.VALKEY, _valkey),
    (BACKUPS, _backups),
    (SEALS, _seals),
)
