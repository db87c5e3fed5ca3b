"""Configurations of what Tenantry runs on, worked out from its settings: one generator a module.

Each gives files of the same text for the same question; none holds a password.
"""

from .files import File, InUse, write

__all__ = ["File", "InUse", "write"]
