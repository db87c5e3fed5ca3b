"""From settings to connections: the pool of each role, and the replicas."""

from __future__ import annotations

from typing import Literal

from tenantry.config import Settings
from tenantry.config.urls import DatabaseUrl
from tenantry.endpoints import Role, url_for
from tenantry.kernel.connect import ConnectOptions, Connector
from tenantry.kernel.observing import Site
from tenantry.kernel.pool import Pool, PoolOptions
from tenantry.kernel.replica import Replica
from tenantry.kernel.replicas import Replicas
from tenantry.kernel.seal import Sealer


async def open_pool(settings: Settings, role: Role) -> Pool:
    options = _pool_options(settings, settings.pool_min if role == "app" else 0)
    url = url_for(settings, role)
    return await Pool.open(connector_of(settings, url), options, site=_site(url, role))


def _site(dsn: str, role: str, server: Literal["primary", "replica"] = "primary") -> Site:
    url = DatabaseUrl.parse(dsn)
    host = url.hosts[0] if len(url.hosts) == 1 else ""
    port = int(url.port) if url.port.isdecimal() else 5432
    return Site(role=role, server=server, host=host, port=port, database=url.database or "")


def replicas_of(settings: Settings, primary: Pool) -> Replicas | None:
    """None where there are none: then nothing is different."""
    if not settings.replica_urls:
        return None
    options = _pool_options(settings, 0)
    replicas = []
    for url in settings.replica_urls:
        dsn = url.get_secret_value()
        connector = connector_of(settings, dsn)
        name = DatabaseUrl.parse(dsn).place
        site = _site(dsn, "app", "replica")
        replicas.append(Replica(name, connector, options, like=primary, site=site))
    return Replicas(primary, replicas, max_lag=settings.replica_max_lag, wait=settings.replica_wait)


def _pool_options(settings: Settings, min_size: int) -> PoolOptions:
    return PoolOptions(
        min_size=min_size,
        max_size=settings.pool_max,
        overflow=settings.pool_overflow,
        acquire_timeout=settings.acquire_timeout,
        idle_timeout=settings.idle_timeout,
        lifetime=settings.connection_lifetime,
        sealer=_sealer(settings),
    )


def _sealer(settings: Settings) -> Sealer | None:
    if settings.context == "plain":
        return None
    return Sealer([key.get_secret_value() for key in settings.seal_keys])


def connector_of(settings: Settings, dsn: str) -> Connector:
    return Connector(
        ConnectOptions(
            dsn=dsn,
            application_name=settings.application_name,
            connect_timeout=settings.connect_timeout,
            statement_timeout=settings.statement_timeout,
            idle_in_transaction_timeout=settings.idle_in_transaction_timeout,
            pgbouncer=settings.pgbouncer,
        )
    )
