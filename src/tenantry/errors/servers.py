"""Embedded servers that cannot be installed, started or stopped."""

from __future__ import annotations

from typing import Any

from .root import TenantryError


class LocalServerError(TenantryError):
    """An embedded server cannot be installed, started or stopped."""

    code = "local_server"
    server: str

    def __init__(self, message: str, *, server: str, hint: str = "", **fields: Any) -> None:
        super().__init__(message, hint=hint, server=server, **fields)


class LocalServerMissing(LocalServerError):
    """The programs of a server are not on this machine, or cannot run here."""

    code = "local_server_missing"


class LocalPortTaken(LocalServerError):
    """The port that was asked for belongs to another program."""

    code = "local_port_taken"
    port: int


class LocalVersionMismatch(LocalServerError):
    """The data folder was made by another major version of PostgreSQL."""

    code = "local_version_mismatch"
    found: str
    wanted: str


class LocalFolderUnusable(LocalServerError):
    """A folder cannot be read or written by the account that needs it."""

    code = "local_folder_unusable"
    path: str


class LocalDiskFull(LocalServerError):
    """There is no room left for the server's files."""

    code = "local_disk_full"
    path: str
