"""Two of the programs asked in turns, each a process of its own.

A server shares its core with PostgreSQL and the client, as everything does here: so the ratio is that
of all the work a request makes, and the client's part, the same for both sides, is stated.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from uuid import UUID

from bench.measure import Comparison
from bench.web.client import Asked, Client, request
from bench.world import DATABASE, PLAIN, Key, World
from tenantry.coordination import Share, UserSessions
from tenantry.web import SessionCookie

ROUNDS, REQUESTS = 31, 320


@dataclass(frozen=True)
class Side:
    """A program, where its rows are, and what shows whose request it is."""

    program: str
    url: str
    #: By tenant.
    headers: Mapping[UUID, Sequence[str]]
    #: Whether it answers 401 to who shows nothing.
    locked: bool = True
    redis_url: str | None = None
    options: Sequence[str] = field(default=())


async def keys(world: World) -> dict[UUID, str]:
    """An API key of each tenant; and the tables of those who have no tenants, or look keys up
    themselves."""
    secrets = {}
    for tenant in {tenant for tenant, _ in world.projects}:
        made = await world.db.tenant(tenant).api_keys.create(name="bench", scopes=["*"])
        secrets[tenant] = made.secret
    async with world.admin() as admin:
        await admin.execute(f"""
            DROP TABLE IF EXISTS twin.web_projects, twin.web_keys;
            CREATE TABLE twin.web_projects AS TABLE tenantry.projects;
            ALTER TABLE twin.web_projects ADD PRIMARY KEY (id);
            CREATE TABLE twin.web_keys AS
                SELECT id, tenant_id AS tenant, key_hash, expires_at, revoked_at FROM tenantry.api_keys;
            ALTER TABLE twin.web_keys ADD PRIMARY KEY (id), ADD UNIQUE (key_hash);
            GRANT SELECT ON twin.web_projects TO {PLAIN};
            GRANT USAGE ON SCHEMA twin TO tenantry_app;
            GRANT SELECT ON twin.web_keys TO tenantry_app
        """)
        await admin.execute("VACUUM ANALYZE")
    return secrets


def ours(world: World, secrets: Mapping[UUID, str]) -> Side:
    return Side("ours", world.url("app"), bearers(secrets))


async def limited(world: World, secrets: Mapping[UUID, str]) -> Side:
    """With a limit for the tenant and one for the key, which nobody reaches."""
    await world.coordination()
    url = world.local.valkey_url(tcp=True)
    return Side("ours", world.url("app"), bearers(secrets), redis_url=url, options=["limits"])


async def signed_in(world: World) -> Side:
    """A member of each tenant, by a cookie."""
    coordination = await world.coordination()
    cookies = {}
    async with world.db.service("benchmark data") as s:
        for tenant in {tenant for tenant, _ in world.projects}:
            user = await s.users.create(email=f"{tenant}@platform.test")
            await s.tenant(tenant).memberships.create(user_id=user.id)
            made = await UserSessions(Share.of(coordination, tenant)).create(user.id)
            cookies[tenant] = [f"Cookie: {SessionCookie().name}={made.token}"]
    url = world.local.valkey_url(tcp=True)
    return Side("ours", world.url("app"), cookies, redis_url=url)


def bare(world: World) -> Side:
    """The repository alone."""
    headers = {tenant: [f"X-Tenant: {tenant}"] for tenant, _ in world.projects}
    return Side("bare", world.url("app"), headers, locked=False)


def raw(world: World, secrets: Mapping[UUID, str], *options: str) -> Side:
    """It is sent the same bytes, and looks at the path alone."""
    url = world.local.postgres_url(PLAIN, DATABASE)
    return Side("raw", url, bearers(secrets), locked=False, options=options)


def bearers(secrets: Mapping[UUID, str]) -> dict[UUID, list[str]]:
    return {tenant: [f"Authorization: Bearer {secret}"] for tenant, secret in secrets.items()}


def in_turns(projects: Sequence[Key], *sides: Side, rounds: int = ROUNDS) -> list[list[float]]:
    """Microseconds a request, of each side by rounds."""
    with ExitStack() as exits:
        clients = [exits.enter_context(_asking(side, projects)) for side in sides]
        for client in clients:
            client.burst(2000)
        spent: list[list[float]] = [[] for _ in sides]
        for number in range(rounds):
            turn = list(zip(clients, spent, strict=True))
            for client, times in turn if number % 2 else reversed(turn):
                times.append(client.burst(REQUESTS))
        own = ", ".join(f"{client.busy / client.requests * 1e6:.0f}" for client in clients)
        print(f"  the client's own part of a request: {own} µs", file=sys.stderr)
        return spent


def compare(projects: Sequence[Key], side: Side, other: Side) -> Comparison:
    ours, theirs = in_turns(projects, side, other)
    return Comparison(ours, theirs)


@contextmanager
def _asking(side: Side, projects: Sequence[Key]) -> Iterator[Client]:
    with _served(side) as port:
        asked = [
            Asked(request(f"/projects/{project}", side.headers[tenant]), str(project).encode())
            for tenant, project in projects
        ]
        with Client(port, cycle(asked)) as client:
            if side.locked:
                assert client.refused(request(f"/projects/{projects[0][1]}", []))
            yield client


@contextmanager
def _served(side: Side) -> Iterator[int]:
    """Its port. Whoever connects before it listens waits until it does."""
    environment = {"BENCH_URL": side.url, "BENCH_WEB": " ".join(side.options)}
    if side.redis_url is not None:
        environment["BENCH_REDIS_URL"] = side.redis_url
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        port: int = listening.getsockname()[1]
        number = listening.fileno()
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.web.serve", side.program, str(number)],
            env={**os.environ, **environment},
            pass_fds=[number],
        )
    try:
        yield port
    finally:
        server.terminate()
        server.wait()
