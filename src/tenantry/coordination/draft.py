"""What a transaction will do to the cache once it is committed: nothing of it happens before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tenantry.errors import TenantryError
from tenantry.kernel.commit import Outcome
from tenantry.kernel.transaction import Transaction

from .entry import Entry
from .shelf import Shelf

_ONLY_COMMITTED: Final = (
    "SELECT pg_current_xact_id_if_assigned() IS NULL"
    " AND current_setting('transaction_isolation') = 'read committed'"
    " AND NOT pg_is_in_recovery()"  # a replica is older
)


@dataclass(frozen=True, slots=True)
class Write:
    """A value to be kept, if its ticket is still there at the commit."""

    entry: Entry
    ticket: str
    data: bytes
    ms: int


class Draft:
    """Reads of the same transaction go by it: it sees what it has written."""

    def __init__(self, transaction: Transaction, shelf: Shelf) -> None:
        self._transaction = transaction
        self._shelf = shelf
        #: None: to be deleted.
        self._names: dict[str, Write | None] = {}
        self._tags: dict[str, None] = {}
        self._patterns: list[str] = []
        self._registered = False

    @property
    def open(self) -> bool:
        return self._transaction.outcome is Outcome.OPEN

    @property
    def in_savepoint(self) -> bool:
        return self._transaction.in_savepoint

    async def saw_only_what_is_committed(self) -> bool:
        """Whether all that this transaction has read, others can read too, and not older either."""
        try:
            return bool(await self._transaction.fetch_value(_ONLY_COMMITTED))
        except TenantryError:
            return False

    # ---- reads ------------------------------------------------------------------------------

    def decides(self, name: str) -> bool:
        """Whether what the server has is of no account."""
        return name in self._names or bool(self._patterns)

    def entry(self, name: str) -> Entry | None:
        write = self._names.get(name)
        return None if write is None else write.entry

    def holds(self, entry: Entry) -> bool:
        return self._tags.keys().isdisjoint(entry.tags)

    # ---- writes -----------------------------------------------------------------------------

    def write(self, name: str, write: Write | None) -> None:
        self.register()
        # A savepoint may yet be undone, and the value is of rows that are gone then. One that has
        # a tag that will be invalidated would not outlive it.
        keeps = write is not None and not self.in_savepoint and self.holds(write.entry)
        self._names[name] = write if keeps else None

    def drop(self, names: Iterable[str]) -> None:
        self.register()
        self._names.update(dict.fromkeys(names))

    def drop_tags(self, tags: Sequence[str]) -> None:
        self.register()
        self._tags.update(dict.fromkeys(tags))
        gone = [n for n, write in self._names.items() if write and not self.holds(write.entry)]
        self._names.update(dict.fromkeys(gone))

    def drop_matching(self, pattern: str) -> None:
        self.register()
        self._patterns.append(pattern)
        # Which names a pattern means is the server's to say; without all of them it is safe.
        self._names.update(dict.fromkeys(self._names))

    # ---- the commit ---------------------------------------------------------------------------

    def register(self) -> None:
        # On one that is over it raises.
        if not self._registered or not self.open:
            self._transaction.after_commit(self._carry_out)
            self._registered = True

    async def _carry_out(self) -> None:
        committed = self._transaction.outcome is Outcome.COMMITTED
        shelf = self._shelf
        for pattern in self._patterns:
            await shelf.drop_matching(pattern)
        await shelf.drop_tags(list(self._tags))
        # Whether it was committed may be unknown; then what is there may be out of date.
        await shelf.drop([n for n, write in self._names.items() if not (write and committed)])
        for name, write in self._names.items():
            if write and committed:
                await shelf.keep(name, write.ticket, write.data, write.ms, or_drop=True)
