"""The servers that all other tests stand on."""

from collections.abc import Callable

import asyncpg
import pytest
import valkey

from tests.fixtures.servers import KeyValueServer, Pooler, Server


async def test_each_postgres_serves(postgres_server: Server) -> None:
    connection = await asyncpg.connect(postgres_server.superuser_url)
    version = await connection.fetchval("SHOW server_version_num")
    assert int(version) // 10_000 == postgres_server.major
    assert "pg_trgm" in postgres_server.extensions
    await connection.close()


@pytest.mark.postgres("wheel")
def test_a_mark_chooses_the_server(postgres_server: Server) -> None:
    assert postgres_server.kind == "wheel"
    assert postgres_server.major == 18


async def test_pgbouncer_pools_transactions(
    postgres_server: Server, pgbouncer: Callable[..., Pooler]
) -> None:
    pooler = pgbouncer(postgres_server, {"postgres": postgres_server.password("postgres")})
    url = pooler.url("postgres", "postgres")
    connection = await asyncpg.connect(url, statement_cache_size=0)
    async with connection.transaction():
        assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


def test_valkey_serves(valkey_server: KeyValueServer) -> None:
    with valkey.Valkey.from_url(valkey_server.url) as client:
        assert client.ping()


def test_redis_serves(redis_server: KeyValueServer) -> None:
    with valkey.Valkey.from_url(redis_server.url) as client:
        assert client.ping()


def test_secrets_do_not_show(postgres_server: Server, redis_server: KeyValueServer) -> None:
    assert postgres_server.password("postgres") not in repr(postgres_server)
    assert redis_server.password not in repr(redis_server)
