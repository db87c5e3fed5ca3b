"""Who follows this server and how far behind, what slots hold back, and where WAL is archived to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from .source import Section, Source


@dataclass(frozen=True, slots=True)
class Standby:
    name: str
    client: str
    state: str
    #: `async`, `sync`, `quorum`, `potential`.
    sync: str
    #: WAL that it has not received, and that it has not replayed.
    unsent_bytes: int
    lag_bytes: int
    #: How long a commit takes to be seen there; None while nothing is written.
    lag_s: float | None


@dataclass(frozen=True, slots=True)
class Slot:
    name: str
    kind: str
    is_active: bool
    #: WAL that it keeps the server from removing.
    kept_bytes: int
    #: `reserved`, `extended`, `unreserved` or `lost`.
    wal_status: str


@dataclass(frozen=True, slots=True)
class Behind:
    """Of a standby: how it follows its own primary."""

    state: str
    lag_bytes: int
    #: Since the last commit that was replayed: long also when nothing is written there.
    last_commit_s: float | None


@dataclass(frozen=True, slots=True)
class Archive:
    archived: int
    failed: int
    last_archived_at: datetime | None
    last_failed_at: datetime | None

    @property
    def is_failing(self) -> bool:
        """The last try failed."""
        if self.last_failed_at is None:
            return False
        return self.last_archived_at is None or self.last_failed_at > self.last_archived_at


@dataclass(frozen=True, slots=True)
class Replication:
    standbys: tuple[Standby, ...]
    slots: tuple[Slot, ...]
    #: None on a primary.
    behind: Behind | None
    #: None where nothing is archived.
    archive: Archive | None


_HERE: Final = (
    "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
)
_STANDBYS: Final = f"""
    SELECT coalesce(application_name, '') AS name, coalesce(host(client_addr), '') AS client,
           coalesce(state, '') AS state, coalesce(sync_state, '') AS sync,
           coalesce(greatest(pg_wal_lsn_diff({_HERE}, sent_lsn), 0), 0)::bigint AS unsent_bytes,
           coalesce(greatest(pg_wal_lsn_diff({_HERE}, replay_lsn), 0), 0)::bigint AS lag_bytes,
           extract(epoch FROM replay_lag)::float8 AS lag_s
    FROM pg_stat_replication ORDER BY 6 DESC, 1"""  # noqa: S608 - our own words
_SLOTS: Final = f"""
    SELECT slot_name::text AS name, slot_type AS kind, active AS is_active,
           coalesce(greatest(pg_wal_lsn_diff({_HERE}, restart_lsn), 0), 0)::bigint AS kept_bytes,
           coalesce(wal_status, '') AS wal_status
    FROM pg_replication_slots ORDER BY 4 DESC, 1"""  # noqa: S608
_BEHIND: Final = """
    SELECT coalesce((SELECT status FROM pg_stat_wal_receiver), 'not connected') AS state,
           coalesce(greatest(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0), 0)::bigint
               AS lag_bytes,
           extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS last_commit_s
    WHERE pg_is_in_recovery()"""
_ARCHIVE: Final = """
    SELECT archived_count AS archived, failed_count AS failed, last_archived_time AS last_archived_at,
           last_failed_time AS last_failed_at
    FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'"""


async def _look(source: Source) -> Replication:
    server = await source.server()
    behind, archive = await server.fetchrow(_BEHIND), await server.fetchrow(_ARCHIVE)
    return Replication(
        standbys=tuple(Standby(**row) for row in await server.fetch(_STANDBYS)),
        slots=tuple(Slot(**row) for row in await server.fetch(_SLOTS)),
        behind=Behind(**behind) if behind else None,
        archive=Archive(**archive) if archive else None,
    )


REPLICATION = Section("replication", "standbys and their lag, slots, the archive", _look)
