"""`tenant restore`: one tenant as it was, out of the backups or of a database restored beside."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.errors import InvalidInput

from . import ask, lookup, place, stopping
from .answer import Answer, table
from .command import Waiting, command
from .screen import progress

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.database import Database
    from tenantry.ops.backup import Target


def add_to(app: typer.Typer) -> None:
    """Among the other commands of `tenant`."""
    command(app)(restore)


def restore(
    tenant: lookup.TenantName,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="POINT",
            help="A time with its zone, a transaction's number, a label, or latest.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="URL", help="Or the service role's URL of a database restored beside."
        ),
    ] = None,
    backup: Annotated[
        str | None, typer.Option(metavar="ID", help="With --to: begin with this backup.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="FOLDER or s3://BUCKET/PREFIX, not the usual."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; else what would be done is shown.")
    ] = False,
    yes: ask.Yes = False,
) -> Waiting:
    """Set one tenant back to what it was, in one transaction. Others are not touched, and may write.

    With --to the backups are restored into a scratch server, which is removed afterwards: a copy of the
    cluster and its WAL, or where none was made before that point, the newest dump before it.
    """
    if (to is None) == (source is None):
        raise InvalidInput("Say where from: --to POINT, or --from URL.", field="to")
    settings = place.running()
    from tenantry.ops.backup import Target

    target = Target.parse(to) if to is not None else None
    if apply:
        ask.confirm(f"Set {tenant} back? What it wrote since is lost.", yes=yes)
    wanted = _Wanted(settings, tenant, target, source, backup, store)
    return _restore(wanted, apply=apply)


@dataclass(frozen=True)
class _Wanted:
    settings: Settings
    tenant: str
    target: Target | None
    url: str | None
    backup: str | None
    store: str | None


async def _restore(wanted: _Wanted, *, apply: bool) -> Answer:
    from tenantry.coordination import footprint
    from tenantry.endpoints import has_redis
    from tenantry.ops.tenants import rewinding

    stopping.as_after_ctrl_c()
    reason = f"tenantry tenant restore {wanted.tenant}"
    async with place.database() as db:
        tenant_id = await lookup.tenant_id(db, wanted.tenant, "restore")
        await rewinding.check(db, tenant_id, apply=apply, reason=reason)
        with progress() as tell:
            async with _source(db, wanted, tell) as (url, words):
                done = await rewinding.rewind(
                    db, tenant_id, url, apply=apply, reason=f"{reason} to {words}",
                    actor=place.actor(), tell=tell,
                )  # fmt: skip
        if apply and done.differences and has_redis(wanted.settings):
            # What it cached is of a time that has not been.
            await footprint.erase(db.coordination, tenant_id)
    rows = [
        (d.table, len(d.missing), len(d.changed), len(d.added), ", ".join(_some(d)))
        for d in done.differences
    ]
    columns = ("Table", "Come back", "Change", "Go", "Such as")
    notes = [f"As in {words}."]
    if rows and not apply:
        notes.append("Nothing was done: --apply does it, on a suspended tenant.")
    return Answer(
        {**done.to_dict(), "source": words},
        table(columns, rows, "Nothing differs."),
        note="\n".join(notes),
    )


@asynccontextmanager
async def _source(db: Database, wanted: _Wanted, tell: Any) -> AsyncIterator[tuple[str, str]]:
    """Where the tenant is as it was, and what that is in words."""
    if wanted.target is None:
        yield str(wanted.url), "the database named by --from"
        return
    from tenantry.endpoints import servers
    from tenantry.ops.backup import Vault, scratch

    database, system_id = await place.cluster(db, "tenant restore")
    settings = wanted.settings
    async with scratch.past(
        servers(settings), settings.pg_bin, Vault.of(settings, wanted.store), wanted.target, tell,
        database=database, system_id=system_id, backup=wanted.backup,
    ) as found:  # fmt: skip
        yield found.url, found.words


def _some(difference: Any) -> list[str]:
    keys = (*difference.missing, *difference.changed, *difference.added)[:3]
    return [str(json.loads(key)[-1]) for key in keys]
