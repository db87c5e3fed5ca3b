"""Rows whose time is over, but of tenants under legal hold. (Users' sessions end by themselves in Redis or
Valkey; the relay removes what it has sent.)"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from tenantry.handles import ServiceTransaction
from tenantry.ops.outbox import free_orphans

from .step import Action, Step, Upkeep

_FREE: Final = "NOT EXISTS (SELECT FROM tenantry.tenant_holds AS h WHERE h.tenant_id = e.tenant_id)"
#: Rows of a transaction, so that none is long.
_BATCH: Final = 5000


@dataclass(frozen=True, slots=True)
class _Expired:
    table: str
    when: str
    why: str


_ROWS: Final = (
    # Long enough that a failed login can still be told from an unknown key. The record keeps the rest.
    _Expired(
        "api_keys",
        "least(expires_at, revoked_at) < now() - interval '90 days'",
        "keys that ended more than 90 days ago",
    ),
    # Of people, most of whom never joined; who was invited is on record.
    _Expired(
        "invitations",
        "least(expires_at, revoked_at, accepted_at) < now() - interval '90 days'",
        "invitations that ended more than 90 days ago",
    ),
    # A holder that comes back after so long would be let in; none holds a lock for a month.
    _Expired(
        "lock_fences", "updated_at < now() - interval '30 days'", "locks that nobody took for 30 days"
    ),
)  # fmt: skip


async def _remove(upkeep: Upkeep) -> list[Action]:
    begin = await upkeep.db.serving("maintain sessions")
    done = []
    for rows in _ROWS:
        upkeep.tell(f"Looking at {rows.table}")
        count = await _rows(begin, rows, dry_run=upkeep.dry_run)
        if count:
            done.append(Action("delete", rows.table, rows.why, f"{count} rows"))
    if not upkeep.dry_run:
        async with begin() as s:
            freed = await free_orphans(s)
        if freed:
            why = "they waited for an event that somebody removed"
            done.append(Action("free", "outbox_events", why, f"{freed} events"))
    return done


async def _rows(
    begin: Callable[[], AbstractAsyncContextManager[ServiceTransaction]],
    rows: _Expired,
    *,
    dry_run: bool,
) -> int:
    if dry_run:
        async with begin() as s:
            count: int = await s.fetch_value(
                f"SELECT count(*) FROM tenantry.{rows.table} AS e WHERE {rows.when} AND {_FREE}"  # noqa: S608
            )
            return count
    total = 0
    while True:
        async with begin() as s:
            gone = await s.execute(
                f"DELETE FROM tenantry.{rows.table} WHERE (tenant_id, id) IN ("  # noqa: S608
                f"SELECT e.tenant_id, e.id FROM tenantry.{rows.table} AS e"
                f" WHERE {rows.when} AND {_FREE} LIMIT {_BATCH})"
            )
        total += gone
        if gone < _BATCH:
            return total


STEP = Step("sessions", "remove keys, invitations and locks whose time is over", _remove)
