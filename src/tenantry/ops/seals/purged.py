"""Tenants that were purged, by the certificates in the platform's log: their seals went with them, and
what an anchor holds of those is told from seals that somebody removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tenantry.handles import ServiceTransaction

from .chain import Seal

_LINES: Final = """
SELECT resource_id, details -> 'last_seal' AS seal FROM tenantry.platform_log
WHERE action = 'purge' AND resource_type = 'tenants' AND jsonb_typeof(details -> 'last_seal') = 'object'"""


@dataclass(frozen=True, slots=True)
class Purges:
    #: The tenant, the number of its last seal, and that one's hash in hex. One may have been purged, put
    #: in again, and purged again.
    last: frozenset[tuple[UUID, int, str]]

    def explain(self, seal: Seal) -> bool:
        """Whether a seal went with its tenant: up to the last one, and that one is the same."""
        return any(
            tenant_id == seal.tenant_id
            and (seal.sequence < number or (seal.sequence, seal.hash.hex()) == (number, digest))
            for tenant_id, number, digest in self.last
        )


async def purges(s: ServiceTransaction) -> Purges:
    return Purges(frozenset(_last(row) for row in await s.fetch(_LINES)))


def _last(row: Any) -> tuple[UUID, int, str]:
    seal = row["seal"]
    number = seal.get("sequence")
    return row["resource_id"], number if isinstance(number, int) else 0, str(seal.get("hash"))
