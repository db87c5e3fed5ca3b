"""Typed data access, one file per domain group."""

from tenantry.kernel.translate import set_partition_resolver
from tenantry.schema.partitions import parent_names

from .activity import Activities
from .agents import Agents, AgentStats
from .api_keys import ApiKeys, NewKey, hash_key, is_key
from .audit import AuditLogs, AuditSeals, PlatformLogs, PlatformSeals
from .base import Page, Repository, Scope
from .conversations import Businesses, Conversations, Messages
from .costs import Cost, Costs, CostSummary, DeskCost, ModelCost, MonthCost
from .decisions import Approvals, Delegations
from .desks import DeskPerformance, Desks, PlacedDesk
from .evidence import EvidenceLinks, EvidencePieces
from .executions import Executions
from .graph import GraphEdges, GraphNodes, GraphQueries
from .identity import Account, Memberships, Tenants, Users
from .invitations import Invitations, NewInvitation
from .knowledge import Chunks, DataSources, Documents, Knowledge, KnowledgeBases
from .lessons import Lessons, Patterns
from .prices import Prices
from .projects import Projects
from .recent import Recent
from .reviews import Reviews, SelfReviews
from .sessions import AgentSessions
from .statistics import TenantStatistics
from .task_graph import Blocker, Closure, CriticalPath, Link, LinkedTask
from .tasks import TaskDetails, TaskNode, Tasks
from .timed import Timed
from .waiting import TaskDependencies
from .work import Artifacts, TaskAttachments, TaskCheckpoints, TaskComments
from .work_history import AgentRun, TaskWorked, Worker
from .workflows import Workflows

__all__ = [
    "Account",
    "Activities",
    "AgentRun",
    "AgentSessions",
    "AgentStats",
    "Agents",
    "ApiKeys",
    "Approvals",
    "Artifacts",
    "AuditLogs",
    "AuditSeals",
    "Blocker",
    "Businesses",
    "Chunks",
    "Closure",
    "Conversations",
    "Cost",
    "CostSummary",
    "Costs",
    "CriticalPath",
    "DataSources",
    "Delegations",
    "DeskCost",
    "DeskPerformance",
    "Desks",
    "Documents",
    "EvidenceLinks",
    "EvidencePieces",
    "Executions",
    "GraphEdges",
    "GraphNodes",
    "GraphQueries",
    "Invitations",
    "Knowledge",
    "KnowledgeBases",
    "Lessons",
    "Link",
    "LinkedTask",
    "Memberships",
    "Messages",
    "ModelCost",
    "MonthCost",
    "NewInvitation",
    "NewKey",
    "Page",
    "Patterns",
    "PlacedDesk",
    "PlatformLogs",
    "PlatformSeals",
    "Prices",
    "Projects",
    "Recent",
    "Repository",
    "Reviews",
    "Scope",
    "SelfReviews",
    "TaskAttachments",
    "TaskCheckpoints",
    "TaskComments",
    "TaskDependencies",
    "TaskDetails",
    "TaskNode",
    "TaskWorked",
    "Tasks",
    "TenantStatistics",
    "Tenants",
    "Timed",
    "Users",
    "Worker",
    "Workflows",
    "hash_key",
    "is_key",
]

set_partition_resolver(parent_names)
