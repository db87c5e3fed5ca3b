"""Savepoints: part of a transaction that can fail by itself."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .transaction import Transaction


class Savepoint:
    """Released at the end of its block; rolled back to when an error or a cancellation leaves it."""

    __slots__ = ("_name", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._name = ""

    async def __aenter__(self) -> Self:
        self._name = await self._transaction._set_savepoint()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transaction._end_savepoint(self._name, failed=kind is not None)
