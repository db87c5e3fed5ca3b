"""A store, and the keys that what goes into it is encrypted under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from tenantry.config import Settings

from .cipher import Cipher
from .store import Store, store_of


@dataclass(frozen=True, slots=True)
class Vault:
    """Where backups are kept, and how."""

    store: Store
    cipher: Cipher

    @classmethod
    def of(cls, settings: Settings, place: str | None = None) -> Self:
        """The settings' store, or another one under the same keys."""
        keys = [key.get_secret_value() for key in settings.backup_keys]
        return cls(store_of(place or settings.backup_store), Cipher(keys))
