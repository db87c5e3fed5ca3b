"""The one definition of every table."""

from .accounting import Activity, CostEntry, ModelPrice
from .agents import AGENT_TYPES, Agent, AgentExecution, AgentSession, Desk
from .audit import LEAF_SIZE, ActorKind, AuditLog, AuditSeal, PlatformLog, PlatformSeal
from .base import (
    SCHEMA,
    Access,
    AppendOnly,
    Audited,
    Base,
    Counted,
    Partitioned,
    Rule,
    TenantRow,
    TenantScoped,
    Timestamped,
    metadata,
    unique,
)
from .columns import Json, column, member, reference, words
from .conversations import Business, Conversation, Message
from .events import OutboxEvent
from .graph import GraphEdge, GraphNode, GraphQuery
from .identity import (
    ApiKey,
    Invitation,
    Membership,
    SignInAttempt,
    Tenant,
    TenantHold,
    TenantQuota,
    TenantUsage,
    User,
    UserIdentity,
)
from .knowledge import Chunk, DataSource, Document, KnowledgeBase
from .locks import LockFence
from .projects import Project
from .quality import Evidence, EvidenceLink, Lesson, Pattern, QaReview, SelfReview
from .sealing import SealKey
from .tasks import Task
from .work import (
    Approval,
    Artifact,
    Delegation,
    TaskAttachment,
    TaskCheckpoint,
    TaskComment,
    TaskDependency,
)
from .workflows import Workflow

__all__ = [
    "AGENT_TYPES",
    "LEAF_SIZE",
    "SCHEMA",
    "Access",
    "Activity",
    "ActorKind",
    "Agent",
    "AgentExecution",
    "AgentSession",
    "ApiKey",
    "AppendOnly",
    "Approval",
    "Artifact",
    "AuditLog",
    "AuditSeal",
    "Audited",
    "Base",
    "Business",
    "Chunk",
    "Conversation",
    "CostEntry",
    "Counted",
    "DataSource",
    "Delegation",
    "Desk",
    "Document",
    "Evidence",
    "EvidenceLink",
    "GraphEdge",
    "GraphNode",
    "GraphQuery",
    "Invitation",
    "Json",
    "KnowledgeBase",
    "Lesson",
    "LockFence",
    "Membership",
    "Message",
    "ModelPrice",
    "OutboxEvent",
    "Partitioned",
    "Pattern",
    "PlatformLog",
    "PlatformSeal",
    "Project",
    "QaReview",
    "Rule",
    "SealKey",
    "SelfReview",
    "SignInAttempt",
    "Task",
    "TaskAttachment",
    "TaskCheckpoint",
    "TaskComment",
    "TaskDependency",
    "Tenant",
    "TenantHold",
    "TenantQuota",
    "TenantRow",
    "TenantScoped",
    "TenantUsage",
    "Timestamped",
    "User",
    "UserIdentity",
    "Workflow",
    "column",
    "member",
    "metadata",
    "reference",
    "unique",
    "words",
]
