"""What a running system does, in figures: for `tenantry top`, and for metrics.

A section is one kind of figures: `await gather(source, CONNECTIONS)` has its own type, and
`await gather_all(source)` has all of them by name. None shows what tenants store: statements come
without their values, keys by their kind, tenants by their counts.
"""

from __future__ import annotations

from tenantry.kernel.literals import without_values

from .ages import AGES, Ages, DatabaseAge, OldTransaction
from .ahead import PARTITIONS, PartitionsAhead
from .bloat import BLOAT, Bloat, BloatedIndex, DeadRows
from .connections import CONNECTIONS, ConnectionCount, Connections
from .disk import DISK, Disk, Filesystem
from .gathering import SECTIONS, Gathered, gather, gather_all, named
from .load import TENANTS, TenantLoad, TenantLoads
from .replication import REPLICATION, Archive, Behind, Replication, Slot, Standby
from .sessions import LOCKS, SESSIONS, Locks, Session, Sessions, Wait
from .sizes import (
    INDEXES,
    SIZES,
    TABLES,
    DatabaseSize,
    DatabaseSizes,
    IndexUse,
    IndexUses,
    TableSize,
    TableSizes,
)
from .source import ROWS, Section, Source, watching
from .statements import STATEMENTS, Statement, Statements
from .stores import VALKEY, CommandCount, SlowCommand, StoreFigures, Stores
from .traffic import TRAFFIC, Rates, Traffic

__all__ = [
    "AGES", "BLOAT", "CONNECTIONS", "DISK", "INDEXES", "LOCKS", "PARTITIONS", "REPLICATION", "ROWS",
    "SECTIONS", "SESSIONS", "SIZES", "STATEMENTS", "TABLES", "TENANTS", "TRAFFIC", "VALKEY",
    "Ages", "Archive", "Behind", "Bloat", "BloatedIndex", "CommandCount", "ConnectionCount", "Connections",
    "DatabaseAge", "DatabaseSize", "DatabaseSizes", "DeadRows", "Disk", "Filesystem", "Gathered", "IndexUse",
    "IndexUses", "Locks", "OldTransaction", "PartitionsAhead", "Rates", "Replication", "Section", "Session",
    "Sessions", "Slot", "SlowCommand", "Source", "Standby", "Statement", "Statements", "StoreFigures", "Stores",
    "TableSize", "TableSizes", "TenantLoad", "TenantLoads", "Traffic", "Wait",
    "gather", "gather_all", "named", "watching", "without_values",
]  # fmt: skip
