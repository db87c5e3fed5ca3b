"""From where on a figure is a finding. Each has a reason; a test may choose others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    #: A transaction holds back VACUUM in every table for as long as it is open.
    transaction: timedelta = timedelta(minutes=5)

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
