"""Which backups still hold what has been removed from the database."""

from __future__ import annotations

from datetime import datetime

from . import manifest
from .manifest import Manifest
from .store import Store


def remaining(store: Store, since: datetime, *, database: str, system_id: str) -> list[Manifest]:
    """Those of this database, or of its whole cluster, that ended after something was made. Where it is not
    known whose a backup is, it counts."""
    return [
        m
        for m in manifest.every(store)
        if m.finished >= since
        and (not system_id or m.system_id in ("", system_id))
        and (m.is_physical or m.database == database)
    ]
