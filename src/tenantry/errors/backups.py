"""Backups that cannot be taken, read or restored."""

from __future__ import annotations

from typing import Any

from .root import TenantryError


class BackupError(TenantryError):
    """A backup cannot be taken, read or restored."""

    code = "backup"


class BackupNotFound(BackupError):
    """The store has no such backup, label or segment."""

    code = "backup_not_found"

    def __init__(self, message: str, *, hint: str = "See: tenantry backup list", **fields: Any):
        super().__init__(message, hint=hint, **fields)


class BackupDamaged(BackupError):
    """What is kept is not what was written: it was cut off, changed or mixed up."""

    code = "backup_damaged"
    name: str


class BackupProgramFailed(BackupError):
    """A program of PostgreSQL's ended with an error."""

    code = "backup_program"
    program: str
    output: list[str]


class RecoveryTargetMissed(BackupError):
    """The archive ends before the point that was asked for."""

    code = "recovery_target_missed"
    reached: str
