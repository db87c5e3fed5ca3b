"""Encrypting every tenant's credentials anew, under the newest key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tenantry.database import Database
from tenantry.errors import SecretUnreadable

BATCH = 200
_START = UUID(int=0)

#: Held until it is written, so that credentials given meanwhile are not lost.
_NEXT = """
SELECT tenant_id, id, credentials FROM tenantry.data_sources
WHERE credentials IS NOT NULL AND (tenant_id, id) > ($1, $2)
ORDER BY tenant_id, id LIMIT $3 FOR UPDATE"""
_WRITE = """
UPDATE tenantry.data_sources AS s SET credentials = g.credentials
FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS g (tenant_id, id, credentials)
WHERE s.tenant_id = g.tenant_id AND s.id = g.id"""


@dataclass
class Rotation:
    """What became of the secrets that there are."""

    seen: int = 0
    renewed: int = 0
    #: (tenant, data source) of those that none of the keys opens.
    unreadable: list[tuple[UUID, UUID]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        lost = [{"tenant_id": str(t), "data_source_id": str(s)} for t, s in self.unreadable]
        return {"seen": self.seen, "renewed": self.renewed, "unreadable": lost}


async def rotate(db: Database, tell: Callable[[Rotation], None] = lambda _: None) -> Rotation:
    """Each batch is a transaction of its own: stopped half-way, it goes on the next time."""
    done, at = Rotation(), (_START, _START)
    while True:
        async with db.service("secrets rotate") as s:
            rows = await s.fetch(_NEXT, *at, BATCH)
            renewed = []
            for tenant_id, source_id, sealed in rows:
                try:
                    fresh = db.keyring.renew(sealed)
                except SecretUnreadable:
                    done.unreadable.append((tenant_id, source_id))
                    continue
                if fresh is not None:
                    renewed.append((tenant_id, source_id, fresh))
            if renewed:
                await s.execute(_WRITE, *map(list, zip(*renewed, strict=True)))
        done.seen += len(rows)
        done.renewed += len(renewed)
        tell(done)
        if len(rows) < BATCH:
            return done
        at = rows[-1]["tenant_id"], rows[-1]["id"]
