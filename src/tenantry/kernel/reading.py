"""Readonly work where there are replicas: on one of them, else on the primary."""

from __future__ import annotations

from typing import Any, Final

from ..errors import TenantryError
from .connection import Connection, Record
from .context import Context, Isolation
from .oneshot import OneShot
from .position import NOWHERE, Place
from .replica import ILLNESSES, Replica
from .replicas import Replicas
from .retry import RETRIED
from .transaction import Transaction

#: Errors that another server may not meet.
_IN_VAIN: Final[tuple[type[TenantryError], ...]] = (*RETRIED, *ILLNESSES)


class ReplicaTransaction(Transaction):
    """A readonly transaction of a tenant. Where it goes is decided when it begins."""

    __slots__ = ("_after", "_avoid", "_replica", "_replicas")

    def __init__(
        self,
        replicas: Replicas,
        context: Context,
        *,
        after: Place = NOWHERE,
        isolation: Isolation | None = None,
        avoid: set[Replica] | None = None,
    ) -> None:
        super().__init__(replicas.primary, context, readonly=True, isolation=isolation)
        self._replicas = replicas
        self._after = after
        #: Where it was tried in vain; whoever runs the same work again passes it on.
        self._avoid = set() if avoid is None else avoid
        self._replica: Replica | None = None

    async def _begin(self) -> None:
        tenant_id = self._context.tenant_id
        assert tenant_id is not None  # noqa: S101 - tenants' handles alone are routed
        while True:
            replica = await self._replicas.choose(tenant_id, self._after, self._avoid)
            self._replica = replica
            self._pool = self._replicas.primary if replica is None else await replica.pool()
            try:
                return await super()._begin()
            except ILLNESSES as error:
                if replica is None:
                    raise
                self._blame(error)

    def _failed(self, error: Exception, connection: Connection, sql: str) -> Exception:
        failure = super()._failed(error, connection, sql)
        if isinstance(failure, RETRIED):
            self._blame(failure)
        return failure

    def _blame(self, failure: TenantryError) -> None:
        if self._replica is not None:
            self._replica.failed(failure)
            self._avoid.add(self._replica)


async def fetch_near(
    replicas: Replicas, call: OneShot, context: Context, *args: Any, after: Place = NOWHERE
) -> list[Record]:
    """A reading one-shot call, on one replica after the other while they fail it."""
    assert context.tenant_id is not None  # noqa: S101 - tenants' handles alone are routed
    avoid: set[Replica] = set()
    while True:
        replica = await replicas.choose(context.tenant_id, after, avoid)
        if replica is None:
            return await call.fetch(replicas.primary, context, *args)
        try:
            return await call.fetch(await replica.pool(), context, *args)
        except _IN_VAIN as error:
            replica.failed(error)
            avoid.add(replica)
            if replicas.primary.watch is not None:
                replicas.primary.watch.retried(error)
