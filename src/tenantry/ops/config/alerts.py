"""Alert rules for Prometheus: what somebody has to be woken for, and what he then asks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from tenantry import errors

from .files import File, header

Severity = Literal["critical", "warning"]

NAME: Final = "tenantry.rules.yml"

#: Errors that say that the system is ill; all others are answers to what was asked.
_ILL: Final = "|".join(
    kind.code
    for kind in (
        errors.AuthenticationFailed,
        errors.CommitOutcomeUnknown,
        errors.ConnectionLost,
        errors.DatabaseUnavailable,
        errors.DeadlockDetected,
        errors.LockTimeout,
        errors.PoolExhausted,
        errors.ReadOnlyServer,
        errors.SchemaChanged,
        errors.SerializationFailure,
        errors.StatementTimeout,
    )
)


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    severity: Severity
    #: True while something is wrong.
    expr: str
    #: How long it is let be.
    patience: timedelta
    #: What is wrong, with the series' labels and value in braces.
    summary: str
    #: The command that explains it.
    runbook: str


def _rule(  # noqa: PLR0917
    name: str, severity: Severity, minutes: int, expr: str, summary: str, runbook: str
) -> Rule:
    return Rule(f"Tenantry{name}", severity, expr, timedelta(minutes=minutes), summary, runbook)


def _doctor(check: str) -> str:
    return f"tenantry doctor {check}"


def _share(part: str, whole: str) -> str:
    return f"{part} / {whole}"


SERVER_RULES: Final = (
    _rule(
        "Down", "critical", 2, 'tenantry_figures_up{section="traffic"} == 0',
        "PostgreSQL does not answer.", "tenantry health",
    ),
    _rule(
        "Unwatched", "critical", 10, "absent(tenantry_figures_up)",
        "Nobody scrapes `tenantry metrics`: whatever happens, none of these alerts would say so.",
        "tenantry metrics",
    ),
    _rule(
        "FiguresUnseen", "warning", 15, 'tenantry_figures_up{section!="traffic"} == 0',
        "The figures {{ $labels.section }} cannot be seen.", "tenantry doctor",
    ),
    _rule(
        "ReplicationLag", "warning", 5,
        "tenantry_postgres_standby_lag_seconds > 30 or tenantry_postgres_standby_lag_bytes > 1e9",
        "The standby {{ $labels.standby }} is behind: {{ $value | humanize }}.", _doctor("standbys"),
    ),
    _rule(
        "SlotHoldsWal", "warning", 10, "tenantry_postgres_slot_kept_bytes > 1e10",
        "The slot {{ $labels.slot }} keeps {{ $value | humanize1024 }}B of WAL.", _doctor("standbys"),
    ),
    _rule(
        "ArchiveFailing", "critical", 10, "tenantry_postgres_archive_failing == 1",
        "WAL is not archived: there is no recovery to a moment from here on.", _doctor("archive"),
    ),
    _rule(
        "BackupOld", "critical", 30, "time() - tenantry_backup_last_time_seconds > 26 * 3600",
        "The newest backup is {{ $value | humanizeDuration }} old.", _doctor("backup-age"),
    ),
    _rule(
        "BackupDamaged", "critical", 0, "tenantry_backups_damaged > 0",
        "The manifests of {{ $value }} backups cannot be read.", _doctor("backup-age"),
    ),
    _rule(
        "PartitionsRunOut", "critical", 30, "tenantry_partitions_ahead < 1",
        "{{ $labels.table }} has no partition for the time to come.", _doctor("partitions-ahead"),
    ),
    _rule(
        "PartitionStrays", "warning", 60, "tenantry_partition_strays > 0",
        "{{ $value }} rows of {{ $labels.table }} lie in its default partition.",
        _doctor("default-partitions"),
    ),
    _rule(
        "Wraparound", "critical", 30,
        "tenantry_postgres_transaction_age > 1e9 or tenantry_postgres_multixact_age > 1e9",
        "{{ $labels.database }} is {{ $value | humanize }} transactions old: at 2 G it takes no writes.",
        _doctor("wraparound"),
    ),
    _rule(
        "ConnectionsNearLimit", "warning", 5,
        _share(
            "sum by (job, instance) (tenantry_postgres_connections)",
            "on (job, instance) (tenantry_postgres_max_connections - tenantry_postgres_reserved_connections)",
        ) + " > 0.8",
        "{{ $value | humanizePercentage }} of all connections are in use.", _doctor("connections"),
    ),
    _rule(
        "LongTransaction", "warning", 5, "tenantry_postgres_oldest_transaction_seconds > 300",
        "A transaction has been open for {{ $value | humanizeDuration }}: VACUUM waits for it.",
        _doctor("long-transactions"),
    ),
    _rule(
        "LockWait", "warning", 1, "tenantry_postgres_longest_lock_wait_seconds > 60",
        "A session has been waiting for a lock for {{ $value | humanizeDuration }}.",
        _doctor("lock-waits"),
    ),
    _rule(
        "ChecksumFailures", "critical", 0,
        "increase(tenantry_postgres_checksum_failures_total[1h]) > 0",
        "Data pages are damaged.", _doctor("checksum-failures"),
    ),
    _rule(
        "DiskFull", "critical", 10,
        _share("tenantry_postgres_disk_free_bytes", "tenantry_postgres_disk_total_bytes") + " < 0.1",
        "{{ $value | humanizePercentage }} of the disk is free.", _doctor("disk"),
    ),
    _rule(
        "DiskFilling", "warning", 60,
        "predict_linear(tenantry_postgres_disk_free_bytes[6h], 86400) < 0",
        "At this pace the disk is full within a day.", _doctor("disk"),
    ),
    _rule(
        "Unsealed", "warning", 30, "tenantry_unsealed_seconds > 86400",
        "The record has gone without a seal for {{ $value | humanizeDuration }}.",
        _doctor("unsealed-record"),
    ),
    _rule(
        "ValkeyMemory", "warning", 10,
        _share("tenantry_valkey_memory_bytes", "tenantry_valkey_memory_limit_bytes") + " > 0.9",
        "{{ $labels.store }} has used {{ $value | humanizePercentage }} of its memory.",
        "tenantry redis status",
    ),
    _rule(
        "ValkeyEvicts", "critical", 0, 'increase(tenantry_valkey_evicted_total{store="redis"}[15m]) > 0',
        "Locks, sessions or limits had to go for lack of memory.", "tenantry redis status",
    ),
)  # fmt: skip

PROGRAM_RULES: Final = (
    _rule(
        "Errors", "critical", 5,
        _share(
            f'sum by (job) (rate(tenantry_errors_total{{kind!="statement",error=~"{_ILL}"}}[5m]))',
            'sum by (job) (rate(tenantry_operation_seconds_count{kind!="statement"}[5m]))',
        ) + " > 0.05",
        "{{ $value | humanizePercentage }} of all work fails.", "tenantry doctor",
    ),
    _rule(
        "PoolExhausted", "critical", 0, "rate(tenantry_pool_exhausted_total[5m]) > 0",
        "Callers of {{ $labels.role }} wait in vain for a connection.", _doctor("pool-size"),
    ),
    _rule(
        "PoolWaiting", "warning", 5, "tenantry_pool_waiting > 0",
        "{{ $value }} callers of {{ $labels.role }} wait for a connection.", _doctor("pool-size"),
    ),
    _rule(
        "ReplicaAway", "warning", 5, "tenantry_replica_up == 0",
        "No reads are sent to {{ $labels.replica }}.", _doctor("replicas"),
    ),
    _rule(
        "StoreAway", "critical", 2, "tenantry_store_up == 0",
        "{{ $labels.store }} does not answer.", "tenantry redis status",
    ),
    _rule(
        "InvalidationsLost", "warning", 0, "increase(tenantry_cache_lost_invalidations_total[15m]) > 0",
        "The cache may show what was changed, until its time is over.", "tenantry redis status",
    ),
)  # fmt: skip


def file(command: str) -> File:
    use = ("Name it under rule_files in prometheus.yml; check it with: promtool check rules FILE",)
    lines = ["groups:"]
    for group, rules in (("tenantry-servers", SERVER_RULES), ("tenantry-programs", PROGRAM_RULES)):
        lines += [f"  - name: {group}", "    rules:"]
        for rule in rules:
            lines += _written(rule)
    return File(NAME, header(command, *use) + "\n".join(lines) + "\n")


def table() -> str:
    """For the documentation."""
    lines = ["| alert | severity | while | explained by |", "|---|---|---|---|"]
    for rule in (*SERVER_RULES, *PROGRAM_RULES):
        minutes = int(rule.patience.total_seconds() // 60)
        lasting = f" for {minutes} min" if minutes else ""
        expr = rule.expr.replace("|", "\\|")
        lines.append(f"| {rule.name} | {rule.severity} | `{expr}`{lasting} | `{rule.runbook}` |")
    return "\n".join(lines)


def _written(rule: Rule) -> list[str]:
    # A string of JSON is one of YAML.
    return [
        f"      - alert: {rule.name}",
        f"        expr: {json.dumps(rule.expr)}",
        f"        for: {int(rule.patience.total_seconds())}s",
        f"        labels: {{severity: {rule.severity}}}",
        "        annotations:",
        f"          summary: {json.dumps(rule.summary)}",
        f"          runbook: {json.dumps(rule.runbook)}",
    ]
