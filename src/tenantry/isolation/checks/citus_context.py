"""A context that Citus does not take to the nodes."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="citus-context",
    title="A context that Citus does not take to the nodes",
    severity="error",
    needs="pg_catalog.pg_dist_partition",
    sql="""
-- SET LOCAL is forwarded, set_config() is not; and the seal's keys are a table of the coordinator's.
SELECT format('database %I', current_database()) AS object,
       'It asks for sealed contexts, which the nodes of Citus cannot check.' AS detail
FROM facts WHERE (facts.known -> 'sealed')::bool
""",
    remediation="Run `tenantry context unseal`, or do without Citus.",
)
