"""A tenant in figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TenantStatistics:
    """Counted when it is asked for."""

    users: int
    projects: int
    desks: int
    agents: int
    tasks: int
    tasks_open: int
    tasks_completed: int
    tasks_failed: int
    sessions: int
    executions: int
    messages: int
    lessons: int
    evidence: int
    knowledge_bases: int
    documents: int
    cost_this_month: Decimal
    cost_total: Decimal


STATISTICS = "SELECT * FROM tenantry.tenant_statistics($1)"
