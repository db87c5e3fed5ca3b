"""What is looked at: one concern a file.

To add one: a file here with a `CHECK`, its name in `_FILES`, and a test that provokes its finding,
follows its advice, and sees it gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from ..check import Check

_FILES = (
    # The database itself.
    "long_transactions", "idle_in_transaction", "prepared_transactions", "lock_waits", "connections",
    "wraparound", "dead_rows", "stale_statistics", "autovacuum", "index_bloat", "invalid_indexes",
    "unused_indexes", "duplicate_indexes", "missing_indexes", "unindexed_references", "sequences",
    "partitions_ahead", "default_partitions", "checksum_failures", "checksums_off", "cache_hits",
    "tracking", "extensions", "unsealed_record", "outbox",
)  # fmt: skip

CHECKS: Sequence[Check] = tuple(import_module(f".{name}", __name__).CHECK for name in _FILES)

__all__ = ["CHECKS"]
