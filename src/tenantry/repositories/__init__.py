"""Typed data access, one file per domain group."""

from .audit import AuditLogs, PlatformLogs
from .base import Page, Repository
from .conversations import Businesses, Conversations, Messages
from .decisions import Approvals, Delegations
from .identity import Account, ApiKeys, Memberships, NewKey, Tenants, Users, hash_key
from .projects import Projects
from .tasks import TaskDependencies, TaskDetails, TaskNode, Tasks
from .work import Artifacts, TaskAttachments, TaskCheckpoints, TaskComments
from .workflows import Workflows

__all__ = [
    "Account",
    "ApiKeys",
    "Approvals",
    "Artifacts",
    "AuditLogs",
    "Businesses",
    "Conversations",
    "Delegations",
    "Memberships",
    "Messages",
    "NewKey",
    "Page",
    "PlatformLogs",
    "Projects",
    "Repository",
    "TaskAttachments",
    "TaskCheckpoints",
    "TaskComments",
    "TaskDependencies",
    "TaskDetails",
    "TaskNode",
    "Tasks",
    "Tenants",
    "Users",
    "Workflows",
    "hash_key",
]
