"""Embedded PostgreSQL and Valkey: programs from wheels or the system, a lifecycle of our own."""

from tenantry.local.account import Account
from tenantry.local.cluster import SUPERUSER
from tenantry.local.server import ServerStatus
from tenantry.local.servers import LocalServers

__all__ = ["SUPERUSER", "Account", "LocalServers", "ServerStatus"]
