"""A server of the benchmarks' own: migrated, filled, and gone at the end."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

import tenantry
from tenantry import Database, Settings
from tenantry.local import SUPERUSER, LocalServers
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tenantry.ops.setup import in_database, init
from tenantry.schema.roles import APP, LOGINS, OWNER, SERVICE

DATABASE = "bench"
#: Who works on the twins: a role of its own, since the app role may have no table without RLS.
PLAIN = "plain"
TENANTS = 200
PROJECTS = 50
#: So that work is measured, not the disk: with it, writes come closer to each other.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

Key = tuple[UUID, UUID]


@dataclass(frozen=True)
class World:
    """What benchmarks work on: a `Database`, and twins of its tables without tenancy."""

    local: LocalServers
    db: Database
    #: (tenant, project), in random order.
    projects: list[Key]
    _exits: AsyncExitStack = field(repr=False)

    def url(self, role: str) -> str:
        return self.local.postgres_url(f"tenantry_{role}", DATABASE)

    def keys(self) -> Iterator[Key]:
        """Endless random keys, the same for everyone: no row stays hot, none is met first."""
        return cycle(self.projects)

    async def raw(self) -> asyncpg.Connection[Any]:
        """A bare driver connection of a role without any limits or settings."""
        connection = await asyncpg.connect(self.local.postgres_url(PLAIN, DATABASE))
        await read_json(connection)
        self._exits.push_async_callback(connection.close)
        return connection

    async def raw_pool(self) -> asyncpg.Pool[Any]:
        """The driver's own pool, of the size ours has."""
        settings = self.db.settings
        pool = await asyncpg.create_pool(
            self.local.postgres_url(PLAIN, DATABASE),
            min_size=settings.pool_min,
            max_size=settings.pool_max,
            init=read_json,
        )
        self._exits.push_async_callback(pool.close)
        return pool

    async def admin(self) -> asyncpg.Connection[Any]:
        """A connection of the superuser."""
        connection = await asyncpg.connect(_admin_url(self.local))
        self._exits.push_async_callback(connection.close)
        return connection

    async def twin(self, table: str) -> str:
        """A copy of a table, same columns, rows, keys and indexes; no row security, no triggers."""
        name = f"twin.{table}"
        admin = await asyncpg.connect(_admin_url(self.local))
        try:
            if await admin.fetchval("SELECT to_regclass($1)", name) is None:
                await admin.execute(f"""
                    CREATE TABLE {name} (LIKE tenantry.{table} INCLUDING ALL);
                    INSERT INTO {name} SELECT * FROM tenantry.{table};
                    GRANT ALL ON {name} TO {PLAIN}
                """)
                await admin.execute(f"VACUUM ANALYZE {name}")
        finally:
            await admin.close()
        return name


async def read_json(connection: asyncpg.Connection[Any]) -> None:
    """The driver's side returns the same values as ours (a dict where ours is an instance of the
    model), so it decodes JSON, in the way its documentation advises."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )


@asynccontextmanager
async def made(*, durable: bool) -> AsyncIterator[World]:
    with _servers(durable) as local:
        passwords = {role: local.password(role) for role in LOGINS}
        await init(local.postgres_url(SUPERUSER, "postgres"), DATABASE, passwords)
        urls = {role: local.postgres_url(role, DATABASE) for role in LOGINS}
        await Migrator(urls[OWNER], metadata).up()
        settings = Settings(database_url=urls[APP], service_url=urls[SERVICE], migrate="check")
        async with AsyncExitStack() as exits:
            db = await exits.enter_async_context(await tenantry.connect(settings=settings))
            yield World(local, db, await _filled(db, local), exits)


@contextmanager
def _servers(durable: bool) -> Iterator[LocalServers]:
    folder = Path(tempfile.mkdtemp(prefix="tenantry-bench-"))
    folder.chmod(0o755)  # root's servers run as another account
    local = LocalServers(folder / "home", settings={} if durable else NOT_DURABLE)
    try:
        local.up(valkey=False)
        yield local
    finally:
        local.down()
        shutil.rmtree(folder)


async def _filled(db: Database, local: LocalServers) -> list[Key]:
    keys: list[Key] = []
    async with db.service("benchmark data") as s:
        for number in range(TENANTS):
            tenant = await s.tenants.create(name=f"Tenant {number}", slug=f"tenant-{number}")
            rows = [{"name": f"Project {n}", "slug": f"project-{n}"} for n in range(PROJECTS)]
            made = await s.tenant(tenant.id).projects.create_many(rows)
            # Plain UUIDs, as an application has them; the driver returns a class of its own.
            keys += [(UUID(str(tenant.id)), UUID(str(project.id))) for project in made]
    admin = await asyncpg.connect(_admin_url(local))
    await admin.execute(f"""
        CREATE ROLE {PLAIN} LOGIN PASSWORD '{local.password(PLAIN)}';
        GRANT CONNECT ON DATABASE {DATABASE} TO {PLAIN};
        CREATE SCHEMA twin;
        GRANT USAGE ON SCHEMA twin, tenantry TO {PLAIN};
        GRANT EXECUTE ON FUNCTION tenantry.uuidv7() TO {PLAIN}
    """)
    await admin.execute("VACUUM ANALYZE")
    await admin.close()
    random.Random(7).shuffle(keys)  # noqa: S311 - no secret
    return keys


def _admin_url(local: LocalServers) -> str:
    return in_database(local.postgres_url(SUPERUSER, "postgres"), DATABASE)
