"""From where on a figure is a finding. Each has a reason; a test may choose others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


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
