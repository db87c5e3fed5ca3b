"""SQLAlchemy sessions that carry a tenant's context into every transaction they begin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from tenantry.config import Settings
from tenantry.ids import uuid7
from tenantry.kernel.connect import Connector
from tenantry.kernel.context import Context
from tenantry.kernel.pool import Witness
from tenantry.kernel.seal import Sealer

_SET = (
    "SELECT set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true),"
    " set_config('app.actor', $3, true), set_config('app.seal', $4, true)"
)
#: Through a pooler the next transaction may meet a server that has not seen the statement.
_POOLER_SAFE: dict[str, Any] = {
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: f"tenantry_{uuid7()}",
}


class Sessions:
    """An engine of its own beside the kernel's pool, with the same limits."""

    def __init__(
        self,
        connector: Connector,
        settings: Settings,
        sealer: Sealer | None,
        *,
        pooled: bool,
        witness: Witness | None = None,
    ) -> None:
        self._sealer = sealer
        self._witness = witness
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            # SQLAlchemy brings its own codecs and statement cache.
            async_creator=lambda **_: connector.open_raw(),
            connect_args=_POOLER_SAFE if pooled else {},
            pool_size=settings.pool_max,
            max_overflow=settings.pool_overflow,
            pool_timeout=settings.acquire_timeout,
            pool_recycle=int(settings.connection_lifetime),
            pool_pre_ping=True,
            hide_parameters=True,
        )

    @asynccontextmanager
    async def open(self, context: Context) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(self._engine, expire_on_commit=False)
        values, sealer = context.values, self._sealer

        @event.listens_for(session.sync_session, "after_begin")
        def bring_context(
            _: Session, transaction: SessionTransaction, connection: Connection
        ) -> None:
            seal = sealer.seal(*values) if sealer else ""
            connection.exec_driver_sql(_SET, (*values, seal))

        if (witness := self._witness) is not None:
            _bear_witness(session.sync_session, lambda: witness(context.tenant_id))

        async with session:
            yield session

    async def close(self) -> None:
        await self._engine.dispose()


def _bear_witness(session: Session, testify: Callable[[], None]) -> None:
    """Tell of each transaction that ended with a COMMIT, also of one whose outcome is unknown."""
    committing = False

    @event.listens_for(session, "before_commit")
    def begun(_: Session) -> None:
        nonlocal committing
        committing = True

    @event.listens_for(session, "after_transaction_end")
    def ended(_: Session, transaction: SessionTransaction) -> None:
        nonlocal committing
        if committing and transaction.parent is None:
            committing = False
            testify()
