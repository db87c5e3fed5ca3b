"""Typed data access, one file per domain group."""

from .audit import AuditLogs, PlatformLogs
from .base import Page, Repository
from .identity import Account, ApiKeys, Memberships, NewKey, Tenants, Users, hash_key
from .projects import Projects

__all__ = [
    "Account",
    "ApiKeys",
    "AuditLogs",
    "Memberships",
    "NewKey",
    "Page",
    "PlatformLogs",
    "Projects",
    "Repository",
    "Tenants",
    "Users",
    "hash_key",
]
