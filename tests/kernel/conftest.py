"""A small tenant table of the kernel's own, and pools on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tenantry.kernel import ConnectOptions, Connector, Context, Pool, PoolOptions, Watch
from tests.fixtures.servers import Server

ROLE = "kernel_app"
#: Not the schema's own: tests of the kernel stand on nothing above it.
SCHEMA = """
CREATE TABLE notes (
    tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), body text,
    parent_id uuid, tags jsonb, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, body),
    CONSTRAINT notes_parent_fk FOREIGN KEY (tenant_id, parent_id) REFERENCES notes
        DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT notes_body_check CHECK (body <> 'forbidden')
);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes FORCE ROW LEVEL SECURITY;
CREATE FUNCTION tenant() RETURNS uuid LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE POLICY p ON notes USING (tenant_id = tenant()) WITH CHECK (tenant_id = tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO kernel_app;
CREATE FUNCTION note_add(tenant uuid, body text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE made uuid; old text := coalesce(current_setting('app.tenant_id', true), '');
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true);
    INSERT INTO notes (tenant_id, body) VALUES (tenant, body) RETURNING id INTO made;
    PERFORM set_config('app.tenant_id', old, true);
    RETURN made;
END $$;
CREATE FUNCTION note_get(tenant uuid, note uuid)
    RETURNS TABLE (id uuid, body text) LANGUAGE plpgsql AS $$
DECLARE old text := coalesce(current_setting('app.tenant_id', true), '');
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true);
    RETURN QUERY SELECT n.id, n.body FROM notes n WHERE n.tenant_id = tenant AND n.id = note;
    PERFORM set_config('app.tenant_id', old, true);
END $$;
"""


@dataclass(frozen=True)
class Place:
    """The database of these tests on one server."""

    server: Server
    url: str
    name: str

    @property
    def socket(self) -> str:
        return f"{self.server.socket_dir}/.s.PGSQL.{self.server.port}"

    async def admin(self) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(self.server.superuser_url, database=self.name)


@pytest.fixture(scope="session")
def place(postgres_server: Server, worker_id: str) -> Place:
    name = f"kernel_{worker_id}"
    asyncio.run(prepare(postgres_server, name))
    return Place(postgres_server, postgres_server.url(ROLE, name), name)


async def prepare(server: Server, name: str) -> None:
    password = server.password(ROLE)
    admin = await asyncpg.connect(server.superuser_url)
    async with admin.transaction():
        await admin.execute("SELECT pg_advisory_xact_lock(1)")
        if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", ROLE):
            await admin.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    inside = await asyncpg.connect(server.superuser_url, database=name)
    await inside.execute(SCHEMA)
    await inside.close()


async def until(holds: Callable[[], object]) -> None:
    """Wait until something asynchronous has come true."""
    async with asyncio.timeout(10):
        while True:
            value = holds()
            if await value if isinstance(value, Awaitable) else value:
                return
            await asyncio.sleep(0.005)


MakePool = Callable[..., Awaitable[Pool]]


@pytest.fixture
async def make_pool(place: Place) -> AsyncIterator[MakePool]:
    """`make_pool(url=..., max_size=...)`: options of either kind; closed after the test."""
    pools: list[Pool] = []

    async def make(url: str = "", *, watch: Watch | None = None, **options: Any) -> Pool:
        names = ConnectOptions.__dataclass_fields__
        connect = {name: options.pop(name) for name in list(options) if name in names}
        pool = await Pool.open(
            Connector(ConnectOptions(dsn=url or place.url, **connect)),
            PoolOptions(**{"min_size": 1, "max_size": 4, **options}),
            watch=watch,
        )
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.close(2)


@pytest.fixture
async def pool(make_pool: MakePool) -> Pool:
    return await make_pool()


@pytest.fixture
def tenant() -> UUID:
    return uuid4()


@pytest.fixture
def context(tenant: UUID) -> Context:
    return Context(tenant)
