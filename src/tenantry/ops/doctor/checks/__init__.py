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
    # What stands around the database.
    "replicas", "standbys", "replication_slots", "synchronous_standbys", "archive",
    "backup_age", "backup_proof", "pool_size", "durability", "server_size", "pending_restart",
    "revisions", "role_drift", "certificates", "tls", "hba_rules", "api_keys", "seal_keys",
    "valkey", "disk", "server_version", "clock",
    # The list that a system goes through before strangers depend on it.
    "production_profile", "production_passwords", "production_keys", "production_tls",
    "production_client_certificates", "production_credentials", "production_backups",
    "production_record", "production_firewall", "production_secret_sources", "production_isolation",
    "production_limits", "production_monitoring",
)  # fmt: skip

CHECKS: Sequence[Check] = tuple(import_module(f".{name}", __name__).CHECK for name in _FILES)

__all__ = ["CHECKS"]
