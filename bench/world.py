"""A server of the benchmarks' own: migrated, filled, and gone at the end."""

from __future__ import annotations

import asyncio
import json
import random
import re
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
from pydantic import SecretStr

import tenantry
from tenantry import Database, Settings
from tenantry.coordination import Coordination
from tenantry.keyring import new_key
from tenantry.local import SUPERUSER, LocalServers
from tenantry.migrations.runner import Migrator
from tenantry.migrations.sealing import seal
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

_COPIED = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = ''
"""
#: A table's keys, primary and unique, and its other indexes.
_KEYS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = ('tenantry.' || $1)::regclass AND contype IN ('p', 'u')
"""
_INDEXES = """
    SELECT 'tenantry.' || quote_ident((SELECT relname FROM pg_class WHERE oid = indexrelid)), pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ('tenantry.' || $1)::regclass
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
"""
#: What they refer to, their names and definitions, but for those that the twin has.
_FOREIGN_KEYS = """
    SELECT t.relname, c.conname, pg_get_constraintdef(c.oid)
    FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.confrelid
    WHERE c.contype = 'f' AND c.conparentid = 0 AND c.conrelid = ('tenantry.' || $1)::regclass
      AND c.conname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = $2::regclass)
"""


@dataclass(frozen=True)
class World:
    """What benchmarks work on: a `Database`, and twins of its tables without tenancy."""

    local: LocalServers
    db: Database
    #: (tenant, project), in random order.
    projects: list[Key]
    _exits: AsyncExitStack = field(repr=False)

    def url(self, role: str, database: str = DATABASE) -> str:
        return self.local.postgres_url(f"tenantry_{role}", database)

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

    async def coordination(self) -> Coordination:
        """What of ours is kept in Valkey, which is started for whoever asks."""
        await asyncio.to_thread(self.local.up)
        url = SecretStr(self.local.valkey_url(tcp=True))
        opened = Coordination(self.db.settings.model_copy(update={"redis_url": url}))
        self._exits.push_async_callback(opened.close)
        return opened

    async def another(self, name: str, *changes: str) -> Database:
        """A database like ours, but empty, after these changes to it."""
        db = await self._exits.enter_async_context(await _migrated(self.local, name))
        async with self.admin(name) as admin:
            for change in changes:
                await admin.execute(change)
        return db

    async def sealed(self, name: str) -> Database:
        """Another database, empty, that asks for sealed contexts."""
        plain = await self.another(name)
        settings = plain.settings.model_copy(
            update={
                "context": "sealed",
                "seal_keys": (SecretStr(new_key()),),
                "owner_url": SecretStr(self.local.postgres_url(OWNER, name)),
            }
        )
        await seal(settings, only=True)
        return await self._exits.enter_async_context(await tenantry.connect(settings=settings))

    def admin_url(self, database: str = DATABASE) -> str:
        return _admin_url(self.local, database)

    @asynccontextmanager
    async def admin(self, database: str = DATABASE) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A superuser's connection: row security does not hold for it."""
        admin = await asyncpg.connect(self.admin_url(database))
        try:
            yield admin
        finally:
            await admin.close()

    async def twin(self, table: str, *, references: bool = False) -> str:
        """A copy of a table, same columns, rows, keys and indexes; no row security, no triggers and
        no partitions. With `references` it has the table's foreign keys too, to twins."""
        name = f"twin.{table}"
        async with self.admin() as admin:
            if await admin.fetchval("SELECT to_regclass($1)", name) is None:
                await admin.execute(
                    f"CREATE TABLE {name} (LIKE tenantry.{table} INCLUDING ALL EXCLUDING INDEXES)"
                )
                columns = await admin.fetchval(_COPIED, name)
                await admin.execute(f"""
                    INSERT INTO {name} ({columns}) SELECT {columns} FROM tenantry.{table};
                    GRANT ALL ON {name} TO {PLAIN}
                """)
                for key, definition in await admin.fetch(_KEYS, table):
                    await admin.execute(f"ALTER TABLE {name} ADD CONSTRAINT {key} {definition}")
                for _, definition in await indexes(admin, table):
                    await admin.execute(
                        re.sub(rf" ON (ONLY )?tenantry.{table} ", f" ON {name} ", definition)
                    )
                await admin.execute(f"VACUUM ANALYZE {name}")
            keys = await admin.fetch(_FOREIGN_KEYS, table, name) if references else []
        for target, key, definition in keys:
            await self.twin(target)
            async with self.admin() as admin:
                to_twin = definition.replace("REFERENCES tenantry.", "REFERENCES twin.")
                await admin.execute(f"ALTER TABLE {name} ADD CONSTRAINT {key} {to_twin}")
        return name

    async def twin_function(self, admin: asyncpg.Connection[Any], function: str, table: str) -> str:
        """A copy of a function that works on the table's twin, for who is held by no row security."""
        text: str = await admin.fetchval(
            "SELECT pg_get_functiondef($1::regproc)", f"tenantry.{function}"
        )
        twin = text.replace(f"tenantry.{function}(", f"twin.{function}(")
        await admin.execute(re.sub(rf"\btenantry\.{table}\b", f"twin.{table}", twin))
        return f"twin.{function}"


async def indexes(admin: asyncpg.Connection[Any], table: str) -> list[tuple[str, str]]:
    """The names and definitions of those that belong to no key."""
    return [(row[0], row[1]) for row in await admin.fetch(_INDEXES, table)]


async def read_json(connection: asyncpg.Connection[Any]) -> None:
    """The driver's side returns the same values as ours (a dict where ours is an instance of the
    model), so it decodes JSON, in the way its documentation advises."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )


@asynccontextmanager
async def made(*, durable: bool) -> AsyncIterator[World]:
    with _servers(durable) as local:
        async with AsyncExitStack() as exits:
            db = await exits.enter_async_context(await _migrated(local, DATABASE))
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


async def _migrated(local: LocalServers, name: str) -> Database:
    """A new database on the server."""
    passwords = {role: local.password(role) for role in LOGINS}
    await init(local.postgres_url(SUPERUSER, "postgres"), name, passwords)
    urls = {role: local.postgres_url(role, name) for role in LOGINS}
    await Migrator(urls[OWNER], metadata).up()
    settings = Settings(database_url=urls[APP], service_url=urls[SERVICE], migrate="check")
    return await tenantry.connect(settings=settings)


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


def _admin_url(local: LocalServers, database: str = DATABASE) -> str:
    return in_database(local.postgres_url(SUPERUSER, "postgres"), database)
