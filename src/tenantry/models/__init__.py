"""The one definition of every table."""

from .audit import AuditLog, PlatformLog
from .base import (
    SCHEMA,
    Access,
    AppendOnly,
    Audited,
    Base,
    Counted,
    Partitioned,
    TenantRow,
    TenantScoped,
    Timestamped,
    metadata,
    unique,
)
from .columns import Json, column, member, reference, words
from .identity import ApiKey, Membership, Tenant, TenantQuota, TenantUsage, User, UserIdentity
from .projects import Project

__all__ = [
    "SCHEMA",
    "Access",
    "ApiKey",
    "AppendOnly",
    "AuditLog",
    "Audited",
    "Base",
    "Counted",
    "Json",
    "Membership",
    "Partitioned",
    "PlatformLog",
    "Project",
    "Tenant",
    "TenantQuota",
    "TenantRow",
    "TenantScoped",
    "TenantUsage",
    "Timestamped",
    "User",
    "UserIdentity",
    "column",
    "member",
    "metadata",
    "reference",
    "unique",
    "words",
]
