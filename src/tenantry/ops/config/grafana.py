"""A dashboard for Grafana, of what programs do and of how the servers are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from .files import File

NAME: Final = "tenantry-dashboard.json"
#: Of Grafana's grid.
_WIDTH, _COLUMNS, _HEIGHT = 24, 3, 8


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    #: As Grafana calls it.
    unit: str
    #: Expressions and what their series are called.
    series: tuple[tuple[str, str], ...]


def _panel(title: str, unit: str, *series: tuple[str, str]) -> Panel:
    return Panel(title, unit, series)


def _quantile(q: float, metric: str, by: str) -> str:
    return f"histogram_quantile({q}, sum by (le, {by}) (rate({metric}_bucket[$__rate_interval])))"


def _rate(metric: str, by: str = "") -> str:
    over = f"sum by ({by})" if by else "sum"
    return f"{over} (rate({metric}[$__rate_interval]))"


def _hits(hit: str, missed: str) -> str:
    return f"{_rate(hit)} / ({_rate(hit)} + {_rate(missed)})"


_WORK: Final = 'tenantry_operation_seconds_count{kind!="statement"}'

ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    ("What programs do", (
        _panel("Work", "ops", (_rate(_WORK, "kind, server"), "{{kind}} on the {{server}}")),
        _panel(
            "Duration", "s",
            (_quantile(0.5, "tenantry_operation_seconds", "kind"), "half of {{kind}}"),
            (_quantile(0.99, "tenantry_operation_seconds", "kind"), "99 % of {{kind}}"),
        ),
        _panel("Errors", "ops", (_rate("tenantry_errors_total", "error"), "{{error}}")),
        _panel("Run again", "ops", (_rate("tenantry_retries_total", "error"), "{{error}}")),
        _panel("Rows", "ops", (_rate("tenantry_rows_total", "role"), "{{role}}")),
        _panel(
            "Replicas behind", "s", ("max by (replica) (tenantry_replica_lag_seconds)", "{{replica}}")
        ),
    )),
    ("Connections", (
        _panel(
            "Pools", "short",
            ("sum by (role, state) (tenantry_pool_connections)", "{{role}} {{state}}"),
            ("sum by (role) (tenantry_pool_max_connections)", "{{role}} at most"),
        ),
        _panel(
            "Waiting for a connection", "s",
            (_quantile(0.99, "tenantry_connection_wait_seconds", "role"), "99 % of {{role}}"),
        ),
        _panel(
            "Waited, in vain, reset", "ops",
            (_rate("tenantry_pool_waits_total", "role"), "{{role}} waited"),
            (_rate("tenantry_pool_exhausted_total", "role"), "{{role}} in vain"),
            (_rate("tenantry_pool_cleaned_total", "role"), "{{role}} reset"),
        ),
        _panel(
            "Connections of the server", "short",
            ("sum by (role, state) (tenantry_postgres_connections)", "{{role}} {{state}}"),
            ("tenantry_postgres_max_connections - tenantry_postgres_reserved_connections", "at most"),
        ),
        _panel("Oldest transaction", "s", ("tenantry_postgres_oldest_transaction_seconds", "")),
        _panel(
            "Locks waited for", "short",
            ("tenantry_postgres_lock_waits", "sessions"),
            ("tenantry_postgres_longest_lock_wait_seconds", "longest, in seconds"),
        ),
    )),
    ("PostgreSQL", (
        _panel(
            "Transactions", "ops",
            (_rate("tenantry_postgres_commits_total"), "committed"),
            (_rate("tenantry_postgres_rollbacks_total"), "rolled back"),
            (_rate("tenantry_postgres_deadlocks_total"), "deadlocks"),
        ),
        _panel(
            "Rows", "ops",
            (_rate("tenantry_postgres_rows_read_total"), "read"),
            (_rate("tenantry_postgres_rows_written_total"), "written"),
        ),
        _panel(
            "Found in shared buffers", "percentunit",
            (_hits("tenantry_postgres_blocks_hit_total", "tenantry_postgres_blocks_read_total"), ""),
        ),
        _panel("Largest tables", "bytes", ("topk(10, tenantry_postgres_table_bytes)", "{{table}}")),
        _panel("Dead rows", "short", ("topk(10, tenantry_postgres_table_dead_rows)", "{{table}}")),
        _panel(
            "Age of the oldest rows", "short",
            ("max by (database) (tenantry_postgres_transaction_age)", "{{database}}"),
            ("tenantry_postgres_freeze_max_age", "autovacuum forces itself"),
        ),
        _panel(
            "Standbys behind", "bytes", ("tenantry_postgres_standby_lag_bytes", "{{standby}}"),
            ("tenantry_postgres_slot_kept_bytes", "kept for the slot {{slot}}"),
        ),
        _panel(
            "Disk", "bytes",
            ("tenantry_postgres_disk_free_bytes", "free"),
            ("tenantry_postgres_wal_bytes", "WAL"),
            ("tenantry_postgres_temp_bytes", "temporary"),
            ("tenantry_postgres_database_bytes", "{{database}}"),
        ),
        _panel(
            "Due", "short",
            ("tenantry_postgres_tables_due_for_vacuum", "VACUUM"),
            ("tenantry_postgres_indexes_due_for_reindex", "REINDEX"),
        ),
    )),
    ("Kept safe", (
        _panel("Since the last backup", "s", ("time() - tenantry_backup_last_time_seconds", "")),
        _panel("Record without a seal", "s", ("tenantry_unsealed_seconds", "")),
        _panel(
            "WAL archived", "ops",
            (_rate("tenantry_postgres_archived_segments_total"), "archived"),
            (_rate("tenantry_postgres_archive_failures_total"), "failed"),
        ),
        _panel("Partitions ahead", "short", ("tenantry_partitions_ahead", "{{table}}")),
        _panel("Rows in no partition", "short", ("tenantry_partition_strays", "{{table}}")),
        _panel("Figures seen", "short", ("tenantry_figures_up", "{{section}}")),
    )),
    ("Redis or Valkey", (
        _panel(
            "Memory", "bytes",
            ("tenantry_valkey_memory_bytes", "{{store}}"),
            ("tenantry_valkey_memory_limit_bytes", "{{store}} at most"),
        ),
        _panel(
            "Keys", "short",
            ("tenantry_valkey_keys", "{{store}}"),
        ),
        _panel(
            "Gone", "ops",
            (_rate("tenantry_valkey_evicted_total", "store"), "{{store}} evicted"),
            (_rate("tenantry_valkey_expired_total", "store"), "{{store}} expired"),
        ),
        _panel(
            "Found in the cache", "percentunit",
            (_hits("tenantry_cache_hits_total", "tenantry_cache_misses_total"), ""),
        ),
        _panel("Rate limits", "ops", (_rate("tenantry_limits_total", "result"), "{{result}}")),
        _panel(
            "Locks", "ops",
            (_rate("tenantry_locks_total", "result"), "{{result}}"),
            (_rate("tenantry_lock_wait_seconds_total"), "seconds waited per second"),
        ),
    )),
)  # fmt: skip


def file() -> File:
    """To be imported, or put where Grafana's provisioning looks for dashboards."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS:
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False,
             "gridPos": {"x": 0, "y": y, "w": _WIDTH, "h": 1}, "panels": []}
        )  # fmt: skip
        y += 1
        width = _WIDTH // _COLUMNS
        for number, panel in enumerate(row):
            place = {
                "x": number % _COLUMNS * width,
                "y": y + number // _COLUMNS * _HEIGHT,
                "w": width,
                "h": _HEIGHT,
            }
            panels.append(_drawn(panel, len(panels) + 1, place))
        y += -(-len(row) // _COLUMNS) * _HEIGHT
    dashboard = {
        "uid": "tenantry",
        "title": "Tenantry",
        "description": "Made by `tenantry config grafana`. Make it again rather than edit it.",
        "tags": ["tenantry", "postgresql"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "source", "label": "Prometheus", "type": "datasource",
                 "query": "prometheus", "current": {}, "hide": 0}
            ]
        },
        "panels": panels,
    }  # fmt: skip
    return File(NAME, json.dumps(dashboard, indent=2) + "\n")


def _drawn(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": source, "expr": expr,
             "legendFormat": legend or panel.title}
            for index, (expr, legend) in enumerate(panel.series)
        ],
    }  # fmt: skip
