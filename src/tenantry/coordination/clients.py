"""A client for a URL: one server, the master that Sentinels name, or a Cluster."""

from __future__ import annotations

from typing import Any, cast

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Lost

from tenantry.config import RedisUrl

Client = Redis | RedisCluster


#: The store limits how many calls run at a time, by waiting and not by errors.
_UNLIMITED = 2**31


def open_client(url: RedisUrl, *, timeout: float, ca_certs: str = "") -> Client:
    """A client that has not connected yet. What it does by itself ends after `timeout`."""
    common: dict[str, Any] = {
        "username": url.user or None,
        "password": url.password or None,
        # The store limits each call as a whole. The client's own limit makes a task of every write,
        # which takes as long as half of the rest of it.
        "socket_timeout": None,
        "socket_connect_timeout": timeout,
        "protocol": 2,
        # Once, for a connection that died while it was idle. Not after a timeout: the server may
        # be at work on what was sent.
        "retry": Retry(NoBackoff(), 1, supported_errors=(Lost,)),
    }
    tls = _tls(url, ca_certs)
    if url.topology == "cluster":
        return RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in url.hosts],
            max_connections=_UNLIMITED,
            ssl=url.tls,
            **common,
            **tls,
        )
    if url.topology == "sentinel":
        sentinel = cast(Any, Sentinel)(
            url.hosts,
            sentinel_kwargs={
                "username": url.sentinel_user or None,
                "password": url.sentinel_password or None,
                "socket_timeout": timeout,
                "socket_connect_timeout": timeout,
                "ssl": url.tls,
                **tls,
            },
        )
        pool = cast(Any, SentinelConnectionPool)(
            url.master,
            sentinel,
            max_connections=_UNLIMITED,
            db=url.db,
            ssl=url.tls,
            **common,
            **tls,
        )
        return Redis.from_pool(pool)
    if url.scheme == "unix":
        where: dict[str, Any] = {
            "connection_class": UnixDomainSocketConnection,
            "path": url.path,
        }
    else:
        host, port = url.hosts[0]
        kind = SSLConnection if url.tls else Connection
        where = {"connection_class": kind, "host": host, "port": port, **tls}
    return Redis.from_pool(ConnectionPool(max_connections=_UNLIMITED, db=url.db, **where, **common))


def _tls(url: RedisUrl, ca_certs: str) -> dict[str, Any]:
    if not url.tls:
        return {}
    return {
        "ssl_cert_reqs": "required" if url.checks_certificate else "none",
        "ssl_check_hostname": url.checks_certificate and url.checks_name,
        "ssl_ca_certs": url.ca_certs or ca_certs or None,
        "ssl_certfile": url.certfile or None,
        "ssl_keyfile": url.keyfile or None,
    }
