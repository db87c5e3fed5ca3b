"""Opening connections: limits, TLS, and finding out whether a pooler sits in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tenantry.config.urls import DatabaseUrl

from . import codecs
from .connection import Connection
from .context import milliseconds
from .translate import translate_connect

#: A server that refuses one of our startup settings says so with one of these.
_UNKNOWN_SETTING = ("42704", "22023")
#: A pooler that does not know one (PgBouncer's "unsupported startup parameter").
_PROTOCOL_VIOLATION = "08P01"
#: Not this server, not now: starting up or going down, full, or away in the middle of the login.
_ANOTHER_MAY = ("57P", "53", "08000", "08001", "08003", "08004", "08006")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """How to reach the server, and the limits every session gets."""

    dsn: str = field(repr=False)
    application_name: str = "tenantry"
    connect_timeout: float = 5.0
    statement_timeout: float | None = 30.0
    idle_in_transaction_timeout: float | None = 60.0
    lock_timeout: float | None = None
    #: Is a pooler such as PgBouncer in between? "auto" finds out with the first connection.
    pgbouncer: Literal["auto", "yes", "no"] = "auto"
    statement_cache: int = 256

    def limits(self) -> dict[str, str]:
        limits = {
            "statement_timeout": self.statement_timeout,
            "idle_in_transaction_session_timeout": self.idle_in_transaction_timeout,
            "lock_timeout": self.lock_timeout,
        }
        return {name: str(milliseconds(value)) for name, value in limits.items() if value}


class Connector:
    """Opens connections to one database, and remembers what it learned about the way there."""

    def __init__(self, options: ConnectOptions) -> None:
        self.options = options
        #: None until the first connection has told.
        self.pooled: bool | None = {"auto": None, "yes": True, "no": False}[options.pgbouncer]
        self._limits_local = "".join(
            f"; SET LOCAL {name} = {value}" for name, value in options.limits().items()
        )
        self._watch_client = True
        self._certified = "sslcert=" in options.dsn
        #: One for each host, that of the last connection first.
        self._dsns: list[str] = []

    async def open(self) -> Connection:
        raw = await self._connect()
        try:
            await codecs.install(raw)
            if self.pooled is None:
                self.pooled = await _behind_pooler(raw)
        except BaseException as error:
            raw.terminate()
            if isinstance(error, Exception):
                raise translate_connect(error, certified=self._certified) from error
            raise
        pooled = self.pooled
        return Connection(
            raw,
            pooled=pooled,
            limits=self._limits_local if pooled else "",
            cache_size=self.options.statement_cache,
        )

    async def open_raw(self) -> asyncpg.Connection[asyncpg.Record]:
        """A plain driver connection with the same limits, for SQLAlchemy."""
        return await self._connect()

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        # As this attempt began: another one may learn the same meanwhile.
        pooled, watch_client = self.pooled, self._watch_client
        try:
            try:
                return await self._attempt()
            except asyncpg.PostgresError as error:
                # PgBouncer refuses settings it does not know, and a server without support for it
                # client_connection_check_interval. Both are learned once.
                if error.sqlstate == _PROTOCOL_VIOLATION and pooled is None:
                    self.pooled = True
                elif error.sqlstate in _UNKNOWN_SETTING and watch_client:
                    self._watch_client = False
                else:
                    raise
            return await self._attempt()
        except (asyncpg.PostgresError, asyncpg.InternalClientError, OSError) as error:
            raise translate_connect(error, certified=self._certified) from error
        except (asyncpg.InterfaceError, ValueError) as error:
            # What could not be parsed may be a piece of the password: no cause, no message.
            raise translate_connect(error, certified=self._certified) from None

    async def _attempt(self) -> asyncpg.Connection[asyncpg.Record]:
        """The first host that will have us. The driver could take them all in one URL, but begins
        with the first each time, though it be dead, and gives up at one that is only starting."""
        if not self._dsns:
            self._dsns = _one_for_each_host(self.options.dsn)
        failure: Exception | None = None
        for dsn in list(self._dsns):
            try:
                raw = await self._dial(dsn)
            except (OSError, asyncpg.InternalClientError) as error:
                failure = error
            except asyncpg.PostgresError as error:
                if not (error.sqlstate or "").startswith(_ANOTHER_MAY):
                    raise
                failure = error
            else:
                if dsn != self._dsns[0]:
                    self._dsns.sort(key=dsn.__ne__)
                return raw
        assert failure is not None  # noqa: S101 - there is at least one host
        raise failure

    async def _dial(self, dsn: str) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            dsn,
            timeout=self.options.connect_timeout,
            server_settings=self._settings(),
            # Statements are named and cached by our Connection; the driver keeps none.
            statement_cache_size=0,
        )

    def _settings(self) -> dict[str, str]:
        settings = {"application_name": self.options.application_name, "TimeZone": "UTC"}
        if not self.pooled:
            settings |= self.options.limits()
            # Plans of short statements: compiling them costs more than it saves.
            settings["jit"] = "off"
            if self._watch_client:
                # A terminated connection's backend stops within this, not at its statement's end.
                settings["client_connection_check_interval"] = "500"
        # What the URL says itself is the user's word and goes first.
        said: dict[str, Any] = parse_qs(urlsplit(self.options.dsn).query)
        return {name: value for name, value in settings.items() if name not in said}


def _one_for_each_host(dsn: str) -> list[str]:
    if "," not in dsn:
        return [dsn]
    return [str(url) for url in DatabaseUrl.parse(dsn).each_host()]


async def _behind_pooler(raw: asyncpg.Connection[asyncpg.Record]) -> bool:
    """A server names its process in the handshake; through a pooler another process answers."""
    answering: int = await raw.fetchval("SELECT pg_catalog.pg_backend_pid()")
    return answering != raw.get_server_pid()
