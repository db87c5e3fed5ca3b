"""What the database has done since its counters began; two looks make a rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class Rates:
    """Between two looks."""

    transactions_s: float
    rollbacks_s: float
    #: Of the blocks that were wanted, how much was in shared buffers; None if none was.
    hit_ratio: float | None
    rows_read_s: float
    rows_written_s: float
    temp_bytes_s: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counters of this database. `at` is the server's clock."""

    at: datetime
    database: str
    version: str
    started_at: datetime
    #: It follows another server and takes no writes.
    is_standby: bool
    since: datetime | None
    commits: int
    rollbacks: int
    blocks_hit: int
    blocks_read: int
    rows_read: int
    rows_written: int
    deadlocks: int
    conflicts: int
    temp_files: int
    temp_bytes: int
    checksum_failures: int

    @property
    def hit_ratio(self) -> float | None:
        """Of all blocks that were wanted, how much was in shared buffers."""
        return _ratio(self.blocks_hit, self.blocks_read)

    def rates(self, earlier: Traffic) -> Rates | None:
        """What went on since then; None when the counters began anew or no time passed."""
        seconds = (self.at - earlier.at).total_seconds()
        if seconds <= 0 or self.since != earlier.since or self.commits < earlier.commits:
            return None
        return Rates(
            transactions_s=(self._transactions - earlier._transactions) / seconds,
            rollbacks_s=(self.rollbacks - earlier.rollbacks) / seconds,
            hit_ratio=_ratio(
                self.blocks_hit - earlier.blocks_hit, self.blocks_read - earlier.blocks_read
            ),
            rows_read_s=(self.rows_read - earlier.rows_read) / seconds,
            rows_written_s=(self.rows_written - earlier.rows_written) / seconds,
            temp_bytes_s=(self.temp_bytes - earlier.temp_bytes) / seconds,
        )

    @property
    def _transactions(self) -> int:
        return self.commits + self.rollbacks


def _ratio(hit: int, read: int) -> float | None:
    return hit / (hit + read) if hit + read > 0 else None


_SQL: Final = """
    SELECT clock_timestamp() AS at, datname AS database, current_setting('server_version') AS version,
           pg_postmaster_start_time() AS started_at, pg_is_in_recovery() AS is_standby, stats_reset AS since,
           xact_commit AS commits, xact_rollback AS rollbacks, blks_hit AS blocks_hit, blks_read AS blocks_read,
           tup_fetched AS rows_read, tup_inserted + tup_updated + tup_deleted AS rows_written, deadlocks, conflicts,
           temp_files, temp_bytes, coalesce(checksum_failures, 0) AS checksum_failures
    FROM pg_stat_database WHERE datname = current_database()"""


async def _look(source: Source) -> Traffic:
    return Traffic(**(await (await source.server()).fetchrow(_SQL) or {}))


TRAFFIC = Section("traffic", "transactions, cache hits and rows, per second between looks", _look)
