"""What a server must be told so that its WAL is archived."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from tenantry.config import Settings
from tenantry.errors import ConfigurationError, InvalidInput
from tenantry.kernel.plain import connected

from .source import Source

#: A segment goes into the archive after this, however little is in it: what may be lost with the disk.
_TIMEOUT_S = 60
_NEEDS_RESTART = {"wal_level", "archive_mode"}


@dataclass(frozen=True, slots=True)
class Applied:
    settings: dict[str, str]
    #: Those of them that hold only from the next start on.
    pending: tuple[str, ...]


def settings_for(
    settings: Settings,
    major: int,
    *,
    spool: Path | None = None,
    program: str | None = None,
    keys_file: Path | None = None,
    timeout_s: int = _TIMEOUT_S,
) -> dict[str, str]:
    """The settings, with the command that the server's account runs for each finished segment."""
    found = {
        "wal_level": "replica",
        "archive_mode": "on",
        "archive_timeout": f"{timeout_s}s",
        "archive_command": _spooled(spool)
        if spool
        else _pushed(settings, program or f"{shlex.quote(sys.executable)} -m tenantry", keys_file),
    }
    if major >= 17:
        found["summarize_wal"] = "on"  # what incremental backups are found by
    return found


async def apply(source: Source, wanted: dict[str, str]) -> Applied:
    """Write them with ALTER SYSTEM, as a superuser, and have the server read them."""
    async with connected(source.url, name="tenantry-backup") as admin:
        for name, value in wanted.items():
            quoted = await admin.fetchval("SELECT quote_literal($1)", value)
            await admin.execute(f"ALTER SYSTEM SET {name} = {quoted}")
        await admin.execute("SELECT pg_reload_conf()")
        rows = await admin.fetch(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY ($1)",
            list(_NEEDS_RESTART),
        )
    return Applied(wanted, tuple(sorted(name for name, value in rows if value != wanted.get(name))))


def _pushed(settings: Settings, program: str, keys_file: Path | None) -> str:
    if settings.backup_keys and keys_file is None:
        raise ConfigurationError(
            "The backup keys are in these settings, where the server's account does not see them.",
            setting="backup_keys",
            hint="Put them into a file that only that account can read, and name it with --keys-file.",
        )
    said = [f"TENANTRY_BACKUP_STORE={shlex.quote(settings.backup_store)}"]
    if keys_file is not None:
        said.append(f"TENANTRY_BACKUP_KEYS_FILE={shlex.quote(str(keys_file))}")
    return (
        f"{' '.join(said)} {program} backup wal push %p".replace("%p", "\0")
        .replace("%", "%%")
        .replace("\0", '"%p"')
    )


def _spooled(spool: Path) -> str:
    """Plain shell: the server's account, or its container, may have no Python."""
    if "%" in str(spool) or "'" in str(spool):
        raise InvalidInput(f"{spool} cannot stand in archive_command.", field="spool")
    to = f"'{spool}'"
    return (
        f'cmp -s "%p" {to}/%f || {{ test ! -e {to}/%f && cp "%p" {to}/%f.part'
        f" && sync {to}/%f.part && mv {to}/%f.part {to}/%f && sync {to}; }}"
    )
