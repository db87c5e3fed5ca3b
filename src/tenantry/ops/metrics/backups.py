"""How old the newest backup is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from tenantry.ops import backup
from tenantry.ops.figures import Section, Source


@dataclass(frozen=True, slots=True)
class Backups:
    count: int
    #: Those whose manifest cannot be read.
    damaged: int
    newest: datetime | None
    newest_bytes: int


async def _look(source: Source) -> Backups:
    return await asyncio.to_thread(_kept, source.settings.backup_store)


def _kept(place: str) -> Backups:
    found, wrong = backup.survey(backup.store_of(place))
    newest = max(found, key=lambda one: one.finished, default=None)
    return Backups(
        len(found),
        len(wrong),
        newest.finished if newest else None,
        newest.size if newest else 0,
    )


BACKUPS = Section("backups", "the newest backup and how many there are", _look)
