"""`redis`: whether the server fits, who may use it, and what a tenant has there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.errors import ConfigurationError

from . import ask, exits, lookup, place
from .answer import Answer, facts, table
from .command import Waiting, command, group

if TYPE_CHECKING:
    from uuid import UUID

    from tenantry.config import Settings
    from tenantry.coordination import Coordination

app = group("Look after Redis or Valkey: cache, limits, sessions, locks and streams.")


@command(app)
async def status() -> Answer:
    """Show whether each server is set up for what is kept on it. Exit code 1: it is away, or would
    throw away what must not be lost."""
    settings = place.running()
    from tenantry.coordination.fitness import look

    async with _coordination(settings) as coordination:
        found = await look(coordination)
    ok = all(one.ok for one in found)
    columns = ("Store", "For", "Server", "Kind", "Policy", "Limit", "Kept", "Latency")
    rows = [
        (
            one.store,
            one.use,
            one.server or one.error,
            one.topology,
            one.memory_policy,
            one.memory_limit,
            one.append_only,
            f"{one.latency_ms:.1f} ms" if one.latency_ms is not None else "",
        )
        for one in found
    ]
    notes = [f"{one.store}: {f.detail} {f.remedy}" for one in found for f in one.faults]
    return Answer(
        {"ok": ok, "stores": found},
        table(columns, rows),
        note="\n".join(notes),
        code=exits.OK if ok else exits.FAILED,
    )


@command(app)
async def acl(
    user: Annotated[
        str, typer.Option(metavar="NAME", help="The user's name on the server.")
    ] = "tenantry",
    tenant: Annotated[
        str | None,
        typer.Option(metavar="TENANT", help="Only this tenant's keys: its slug or id."),
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache", help="For the cache's own server, TENANTRY_CACHE_URL.")
    ] = False,
) -> Answer:
    """Print a line for the server's ACL file: just the commands and keys that Tenantry needs. The
    password is the one of TENANTRY_REDIS_URL, as a digest."""
    settings = place.running() if tenant else place.load()
    from tenantry.config import RedisUrl
    from tenantry.coordination.acl import acl_line
    from tenantry.endpoints import cache_url, redis_url

    name = "cache_url" if cache else "redis_url"
    password = RedisUrl.parse((cache_url if cache else redis_url)(settings)).password
    if not password:
        raise ConfigurationError(
            f"TENANTRY_{name.upper()} has no password.",
            setting=name,
            hint="Choose one, and put it into the URL: redis://tenantry:password@host:6379/0.",
        )
    tenant_id = await _tenant(settings, tenant) if tenant else None
    line = acl_line(user, password, tenant_id)
    return Answer({"user": user, "tenant_id": tenant_id, "line": line}, line)


@command(app)
async def count(tenant: lookup.TenantName) -> Answer:
    """Count a tenant's keys, by kind."""
    settings = place.running()
    from tenantry.coordination import footprint

    tenant_id = await _tenant(settings, tenant)
    async with _coordination(settings) as coordination:
        found = await footprint.count(coordination, tenant_id)
    data = {"tenant_id": tenant_id, "keys": sum(found.values()), "kinds": found}
    return Answer(data, facts(found) if found else "Nothing.")


@command(app)
def erase(tenant: lookup.TenantName, yes: ask.Yes = False) -> Waiting:
    """Remove every key of a tenant: its cache, limits, locks, streams, and who is signed in."""
    settings = place.running()
    ask.confirm(f"Remove all that {tenant} has in Redis or Valkey?", yes=yes)
    return _erase(settings, tenant)


async def _erase(settings: Settings, tenant: str) -> Answer:
    from tenantry.coordination import footprint

    tenant_id = await _tenant(settings, tenant)
    async with _coordination(settings) as coordination:
        erased = await footprint.erase(coordination, tenant_id)
    words = f"Removed {erased} keys." if erased else "There was nothing."
    return Answer({"tenant_id": tenant_id, "erased": erased}, words)


@asynccontextmanager
async def _coordination(settings: Settings) -> AsyncIterator[Coordination]:
    from tenantry.coordination import Coordination

    coordination = Coordination(settings)
    try:
        yield coordination
    finally:
        await coordination.close()


async def _tenant(settings: Settings, name: str) -> UUID:
    from tenantry.database import connect

    async with (
        await connect(settings=settings) as db,
        db.service("`tenantry redis` names a tenant") as s,
    ):
        return (await lookup.tenant(s, name)).id
