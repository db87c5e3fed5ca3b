"""Restoring a backup: a dump into an empty database, a copy into a new data folder."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

import asyncpg

from tenantry.config import DatabaseUrl
from tenantry.errors import InvalidInput, LocalFolderUnusable
from tenantry.kernel.plain import connected
from tenantry.local import Account, LocalServers
from tenantry.local import account as accounts
from tenantry.ops.setup import in_database
from tenantry.schema import roles

from . import logical, manifest, physical
from .manifest import Manifest
from .source import SET_IN_DATABASE
from .taking import require_whole
from .vault import Vault
from .workshop import Progress, fetch, workshop

#: Whatever a new database does not have.
_THINGS = """
SELECT count(*) FROM (
    SELECT FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
    UNION ALL
    SELECT FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
) AS things
"""
_RIGHTS = ("CONNECT", "CREATE", "TEMPORARY")
_SETTING = re.compile(r"[A-Za-z_][\w.]*")


async def into_database(
    local: LocalServers,
    vault: Vault,
    found: Manifest,
    url: str,
    tell: Progress,
    *,
    replace: bool = False,
    jobs: int = 1,
) -> None:
    """Restore a dump as an administrator. The database is made where it is missing; one that holds
    something is refused, or with `replace` dropped first."""
    require_whole(found, ("logical",), "it is restored with --data-dir")
    manifest.check(vault.store, vault.cipher, found)
    async with workshop() as folder:
        await fetch(vault, found, folder, tell)
        await _empty(url, found, replace=replace)
        tell("Restoring")
        await logical.load(local, folder, url, jobs=jobs)
    tell("Granting and analysing")
    async with connected(url, "SET statement_timeout = 0") as admin:
        await roles.prepare_database(admin, _database(url))
        await _as_it_was(admin, roles.quote(_database(url)), found)
        await admin.execute("ANALYZE")


async def _as_it_was(admin: asyncpg.Connection[Any], name: str, found: Manifest) -> None:
    """Rights and settings of the database itself, which are in no dump."""
    for role, right in found.rights:
        if right in _RIGHTS:
            await admin.execute(f"GRANT {right} ON DATABASE {name} TO {roles.quote(role)}")
    there = {tuple(row) for row in await admin.fetch(SET_IN_DATABASE)}
    for role, setting, value in (one for one in found.settings if one not in there):
        whose = f"ROLE {roles.quote(role)} IN DATABASE {name}" if role else f"DATABASE {name}"
        if _SETTING.fullmatch(setting):
            async with admin.transaction():
                # By way of the session: lists and numbers need no quoting of ours.
                await admin.execute("SELECT set_config($1, $2, true)", setting, value)
                await admin.execute(f"ALTER {whose} SET {setting} FROM CURRENT")


async def _empty(url: str, found: Manifest, *, replace: bool) -> None:
    name = roles.quote(_database(url))
    async with connected(in_database(url, "postgres"), "SET statement_timeout = 0") as admin:
        await roles.create_roles(admin, {})
        await _know_roles(admin, found)
        there = await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _database(url))
        if there and replace:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        if replace or not there:
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    async with connected(url) as target:
        if things := await target.fetchval(_THINGS):
            raise InvalidInput(
                f"The database {_database(url)} is not empty: it holds {things} schemas and tables.",
                field="into",
                hint="Name one that does not exist yet; --replace drops this one first.",
            )


async def _know_roles(admin: asyncpg.Connection[Any], found: Manifest) -> None:
    rows = await admin.fetch("SELECT rolname FROM pg_roles")
    known = {row[0] for row in rows}
    if missing := [role for role in found.roles if role not in known]:
        raise InvalidInput(
            f"The backup grants rights to {', '.join(missing)}, and this server has no such role.",
            field="into",
            hint=" ".join(f"CREATE ROLE {roles.quote(role)};" for role in missing),
        )


def _database(url: str) -> str:
    return DatabaseUrl.parse(url).database or "postgres"


async def into_folder(
    local: LocalServers,
    vault: Vault,
    found: Manifest,
    target: Path,
    tell: Progress,
) -> Account:
    """Restore a copy of the cluster as a new data folder: all of it, or none."""
    require_whole(found, ("physical", "incremental"), "it is restored with --into")
    account = new_folder(target)
    async with workshop() as folder:
        copies = []
        for number, one in enumerate(manifest.chain(vault.store, found)):
            manifest.check(vault.store, vault.cipher, one)
            copies.append(folder / str(number))
            await fetch(vault, one, copies[-1], tell)
        tell("Unpacking")
        fresh = target.with_name(f".{target.name}.unfinished-{secrets.token_hex(4)}")
        try:
            # Beside its place, and then renamed.
            await physical.unpack(local, copies, fresh, account)
            if target.exists():
                target.rmdir()
            fresh.rename(target)
        finally:
            await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
    return account


async def valkey_files(vault: Vault, found: Manifest, target: Path, tell: Progress) -> list[str]:
    """What was copied of Redis or Valkey, for the folder of a server that stands still."""
    names = [f.name for f in found.files if f.name.startswith("valkey/")]
    if not names:
        raise InvalidInput(f"{found.id} holds nothing of Valkey: {found.valkey}.", field="valkey")
    if target.exists() and any(target.iterdir()):
        raise InvalidInput(f"{target} is not empty.", field="valkey")
    manifest.check(vault.store, vault.cipher, found)
    async with workshop() as folder:
        await fetch(vault, found, folder, tell, only=["valkey/"])
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in (folder / "valkey").iterdir():
            await asyncio.to_thread(shutil.move, part, target / part.name)
    return [name.removeprefix("valkey/") for name in names]


def new_folder(target: Path) -> Account:
    """Refuses what holds anything, above all a live data folder. Who the server there will run as."""
    try:
        if target.is_symlink() or (
            target.exists() and (not target.is_dir() or any(target.iterdir()))
        ):
            raise InvalidInput(
                f"{target} is not empty, and nothing is restored over what is there.",
                field="data_dir",
                hint="Name a folder that does not exist yet.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalFolderUnusable(
            f"{target} cannot be made: {error.strerror}.", server="postgres", path=str(target)
        ) from error
    account = accounts.choose(target)
    if not account.can_enter(target.parent):
        raise LocalFolderUnusable(
            f"{account.name}, whom the server runs as, cannot enter {target.parent}.",
            server="postgres",
            path=str(target.parent),
            hint="Choose another folder.",
        )
    return account
