"""The PostgreSQL system of record for multi-tenant AI-agent platforms.

db = await tenantry.connect()
async with db.tenant(tenant_id) as t:
    project = await t.projects.create(name="Apollo")
"""

from .config import Settings, load_settings
from .database import Database, Health, KeyHolder, connect
from .errors import TenantryError
from .handles import ServiceTransaction, Tenant, TenantTransaction
from .kernel.context import Actor
from .models import (
    AppendOnly,
    Audited,
    Base,
    Counted,
    Json,
    Partitioned,
    TenantScoped,
    column,
    member,
    reference,
    unique,
    words,
)
from .repositories import Page, Repository
from .repositories.base import Creates

__all__ = [
    "Actor",
    "AppendOnly",
    "Audited",
    "Base",
    "Counted",
    "Creates",
    "Database",
    "Health",
    "Json",
    "KeyHolder",
    "Page",
    "Partitioned",
    "Repository",
    "ServiceTransaction",
    "Settings",
    "Tenant",
    "TenantScoped",
    "TenantTransaction",
    "TenantryError",
    "column",
    "connect",
    "load_settings",
    "member",
    "reference",
    "unique",
    "words",
]
