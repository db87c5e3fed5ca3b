"""What the catalog must say: one check a file, each a query whose rows are findings.

To add one: a file here with a `CHECK`, its name in `_FILES`, and a mutation that it catches.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from ..findings import Finding
from ..subject import Connection, Subject
from .check import PRELUDE, Check

_FILES = (
    "row_security", "open_tables", "partitions", "policies_permissive", "policies_missing", "policies_floor",
    "policies_everyone", "policies_everything", "policies_text", "settings", "policy_functions",
    "foreign_keys", "shared_references", "unique_rules", "privileges", "grants", "record",
    "role_attributes", "role_memberships", "role_settings", "ownership", "default_privileges",
    "creation", "temporary_tables", "server_functions", "definer_search_path", "public_functions",
    "definer_owners", "definer_roles", "transfer_functions", "parameters", "views", "materialized_views", "foreign_tables", "rewrite_rules", "triggers",
    "age", "graph_functions", "graph_reader", "citus_distribution", "citus_reference_tables", "citus_policies", "citus_context",
    "citus_settings", "server_version",
)  # fmt: skip

CHECKS: Sequence[Check] = tuple(import_module(f".{name}", __name__).CHECK for name in _FILES)

_IS_THERE = "SELECT to_regclass($1) IS NOT NULL AS is_there"


async def run_checks(connection: Connection, subject: Subject) -> list[Finding]:
    found: list[Finding] = []
    arguments = subject.arguments
    for check in CHECKS:
        if check.needs and not (await connection.fetch(_IS_THERE, check.needs))[0]["is_there"]:
            continue
        rows = await connection.fetch(PRELUDE + check.sql, *arguments)
        found += [
            Finding(check.name, check.severity, row["object"], row["detail"], check.remediation)
            for row in rows
        ]
    return found


__all__ = ["CHECKS", "Check", "run_checks"]
