"""From where on a figure is a finding. Each has a reason; a test may choose others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    #: A transaction holds back VACUUM in every table for as long as it is open.
    transaction: timedelta = timedelta(minutes=5)

    # ---- the database itself

    #: The application's roles are ended after a minute of this: whoever takes longer is none of its.
    idle: timedelta = timedelta(minutes=1)
    #: Between the two phases of a commit there are seconds.
    prepared: timedelta = timedelta(minutes=5)
    #: A third of what a statement of the application may take in all.
    lock_wait: timedelta = timedelta(seconds=10)
    #: Parts of max_connections: a burst is let in; nobody is.
    connections: float = 0.8
    connections_critical: float = 0.95
    #: Transactions beyond the age at which the server freezes by force: then that does not come through.
    freeze_overdue: int = 100_000_000
    #: Half of the two thousand million after which the server takes no more writes.
    age_critical: int = 1_000_000_000
    #: More than twice the fifth at which autovacuum comes: it does not keep up.
    dead_part: float = 0.5
    #: Five times the tenth at which autovacuum comes: plans are made for another table.
    changed_part: float = 0.5
    #: Autovacuum looks at every table once a minute.
    stale_after: timedelta = timedelta(hours=1)
    #: An index's use shows within a month: what runs once a month has been.
    unused_since: timedelta = timedelta(days=30)
    #: A smaller index costs little, and a smaller table is read whole as fast as by an index.
    index_bytes: int = 16 * 1024**2
    big_table: int = 10_000
    #: So many times it was read whole, and so many times as often as by an index.
    whole_reads: int = 100
    whole_part: float = 0.5
    #: Of a sequence's numbers.
    sequence: float = 0.8
    sequence_critical: float = 0.95
    #: As `tenantry partitions status` asks for.
    partitions_ahead: int = 1
    #: 8 GB: with less read, the cache has not warmed up.
    blocks_read: int = 1024**2
    cache_hits: float = 0.9
    #: What was written since can be rewritten unnoticed. `tenantry maintain` seals whenever it runs.
    unsealed: timedelta = timedelta(days=1)
    #: The relay looks every second.
    outbox: timedelta = timedelta(minutes=5)

    # ---- what stands around the database

    #: WAL that a standby has not replayed: some seconds of the busiest server.
    replay_bytes: int = 256 * _MB
    #: WAL that a slot keeps for nobody: a small disk would hold it for a while yet.
    slot_bytes: int = 1024 * _MB
    #: Finished segments that wait for the archive: it is minutes behind, or stands.
    archive_waiting: int = 16
    #: A backup a day, which may start a little later than the day before.
    backup: timedelta = timedelta(hours=26)
    #: So long may pass until somebody sees whether backups can be restored.
    verified: timedelta = timedelta(days=8)
    #: What `tenantry config tls --renew` takes for near; time for a person to act.
    certificate: timedelta = timedelta(days=30)
    #: Whoever holds a key needs some days to put another in its place.
    api_key: timedelta = timedelta(days=14)
    #: A key that was copied by somebody works for them until it is replaced.
    seal_key: timedelta = timedelta(days=365)
    #: Seals wait sixty seconds lest clocks differ; ids of v7 sort by the clock.
    skew: timedelta = timedelta(seconds=5)
    #: Without room a server stops; below this share VACUUM FULL and restores have none already.
    disk_free: float = 0.15
    #: Of the memory that Valkey may take, where nothing may be thrown away.
    valkey_memory: float = 0.9
    #: A version that nobody mends any more after so long: time to plan a move.
    support: timedelta = timedelta(days=90)
    #: The record is sealed by `tenantry maintain`, which runs every quarter of an hour.
    seal: timedelta = timedelta(hours=2)
