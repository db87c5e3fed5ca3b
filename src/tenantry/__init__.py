"""The PostgreSQL system of record for multi-tenant AI-agent platforms.

db = await tenantry.connect()
async with db.tenant(tenant_id) as t:
    project = await t.projects.create(name="Apollo")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .accounts.signed_in import SignedIn as SignedIn
    from .accounts.standing import KeyHolder as KeyHolder
    from .accounts.standing import Standing as Standing
    from .config import Settings as Settings
    from .config import load_settings as load_settings
    from .coordination.cached import cached as cached
    from .coordination.rates import Limit as Limit
    from .coordination.rates import Pace as Pace
    from .coordination.rates import Rate as Rate
    from .database import Database as Database
    from .database import Health as Health
    from .database import connect as connect
    from .errors import TenantryError as TenantryError
    from .handles import ServiceTransaction as ServiceTransaction
    from .handles import Tenant as Tenant
    from .handles import TenantTransaction as TenantTransaction
    from .kernel.context import Actor as Actor
    from .kernel.observing import Observer as Observer
    from .models import AppendOnly as AppendOnly
    from .models import Audited as Audited
    from .models import Base as Base
    from .models import Counted as Counted
    from .models import Json as Json
    from .models import Partitioned as Partitioned
    from .models import TenantScoped as TenantScoped
    from .models import column as column
    from .models import member as member
    from .models import reference as reference
    from .models import unique as unique
    from .models import words as words
    from .repositories.base import Creates as Creates
    from .repositories.base import Page as Page
    from .repositories.base import Repository as Repository

#: Where each name of the package's face lives. They are imported when first used: the command line
#: would otherwise load SQLAlchemy to print its help.
_HOME = {
    "accounts.signed_in": ("SignedIn",),
    "accounts.standing": ("KeyHolder", "Standing"),
    "config": ("Settings", "load_settings"),
    "coordination.rates": ("Limit", "Pace", "Rate"),
    "coordination.cached": ("cached",),
    "database": ("Database", "Health", "connect"),
    "errors": ("TenantryError",),
    "handles": ("ServiceTransaction", "Tenant", "TenantTransaction"),
    "kernel.context": ("Actor",),
    "kernel.observing": ("Observer",),
    "models": (
        "AppendOnly",
        "Audited",
        "Base",
        "Counted",
        "Json",
        "Partitioned",
        "TenantScoped",
        "column",
        "member",
        "reference",
        "unique",
        "words",
    ),
    "repositories.base": ("Creates", "Page", "Repository"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'tenantry' has no attribute {name!r}")
    value = getattr(import_module(f"tenantry.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
