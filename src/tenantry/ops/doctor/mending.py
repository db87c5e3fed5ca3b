"""Commands that several checks advise, and what several ask of the server."""

from __future__ import annotations

from collections.abc import Mapping

from tenantry.config import DatabaseUrl
from tenantry.endpoints import is_embedded, monitor_url

from .check import Patient

RELOAD = "SELECT pg_reload_conf()"
#: Settings that hold from the next start on.
_AT_START = "SELECT context = 'postmaster' FROM pg_settings WHERE name = $1"


def alter_system(values: Mapping[str, str]) -> tuple[str, ...]:
    """As a superuser."""
    said = ((name, value.replace("'", "''")) for name, value in values.items())
    return (*(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in said), RELOAD)


def restart(patient: Patient) -> tuple[str, ...]:
    if is_embedded(patient.settings):
        return ("tenantry down", "tenantry up")
    return ("systemctl restart postgresql",)


async def needs_restart(patient: Patient, setting: str) -> bool:
    return bool(await patient.server.fetchval(_AT_START, setting))


async def shown(patient: Patient, setting: str) -> str:
    """A setting as it holds; empty where this login may not see it, or there is none."""
    return str(await patient.server.fetchval("SELECT current_setting($1, true)", setting) or "")


def is_here(patient: Patient) -> bool:
    """Whether the server is on this machine, as far as the way there tells."""
    return DatabaseUrl.parse(monitor_url(patient.settings)).is_local
