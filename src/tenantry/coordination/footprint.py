"""All that a tenant has in Redis or Valkey: counted, and erased."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

from .coordination import Coordination
from .keys import Keys

if TYPE_CHECKING:
    from .store import Store

_ROUNDS = 5
_PART = 500


async def count(coordination: Coordination, tenant_id: UUID | None) -> dict[str, int]:
    """How many keys of each kind there are, on all servers."""
    keys, found = Keys(tenant_id), Counter[str]()
    for store in coordination.stores():
        found.update(keys.kind(key) for key in await _all(store, keys))
    return dict(sorted(found.items()))


async def erase(coordination: Coordination, tenant_id: UUID | None) -> int:
    """Remove every key, on all servers; returns how many there were. What other processes write
    meanwhile is removed too, unless they go on and on."""
    keys, erased = Keys(tenant_id), 0
    for store in coordination.stores():
        for _ in range(_ROUNDS):
            found = await _all(store, keys)
            if not found:
                break
            for some in _in_parts(sorted(found)):
                erased += await store.command("UNLINK", *some)
    return erased


async def _all(store: Store, keys: Keys) -> set[bytes]:
    """SCAN may give a key twice, so they are gathered first."""
    found: set[bytes] = set()
    async for some in store.scan(keys.pattern(), keys.prefix):
        found.update(some)
    return found


def _in_parts(keys: list[bytes]) -> list[list[bytes]]:
    return [keys[start : start + _PART] for start in range(0, len(keys), _PART)]
