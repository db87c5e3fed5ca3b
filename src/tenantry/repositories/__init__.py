"""Typed data access, one file per domain group."""

from tenantry.kernel.translate import set_partition_resolver
from tenantry.schema.partitions import parent_names

from .activity import Activities
from .agents import Agents, AgentStats
from .audit import AuditLogs, PlatformLogs
from .base import Page, Repository
from .conversations import Businesses, Conversations, Messages
from .costs import Cost, Costs, CostSummary, DeskCost, ModelCost, MonthCost
from .decisions import Approvals, Delegations
from .desks import DeskPerformance, Desks, PlacedDesk
from .executions import Executions
from .identity import Account, ApiKeys, Memberships, NewKey, Tenants, Users, hash_key
from .prices import Prices
from .projects import Projects
from .sessions import AgentSessions
from .statistics import TenantStatistics
from .tasks import TaskDependencies, TaskDetails, TaskNode, Tasks
from .timed import Timed
from .work import Artifacts, TaskAttachments, TaskCheckpoints, TaskComments
from .workflows import Workflows

__all__ = [
    "Account",
    "Activities",
    "AgentSessions",
    "AgentStats",
    "Agents",
    "ApiKeys",
    "Approvals",
    "Artifacts",
    "AuditLogs",
    "Businesses",
    "Conversations",
    "Cost",
    "CostSummary",
    "Costs",
    "Delegations",
    "DeskCost",
    "DeskPerformance",
    "Desks",
    "Executions",
    "Memberships",
    "Messages",
    "ModelCost",
    "MonthCost",
    "NewKey",
    "Page",
    "PlacedDesk",
    "PlatformLogs",
    "Prices",
    "Projects",
    "Repository",
    "TaskAttachments",
    "TaskCheckpoints",
    "TaskComments",
    "TaskDependencies",
    "TaskDetails",
    "TaskNode",
    "Tasks",
    "TenantStatistics",
    "Tenants",
    "Timed",
    "Users",
    "Workflows",
    "hash_key",
]

set_partition_resolver(parent_names)
