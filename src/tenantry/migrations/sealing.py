"""Which kind of context a database asks for, and under which keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from tenantry.config import Settings
from tenantry.endpoints import url_for
from tenantry.errors import ConfigurationError
from tenantry.kernel.plain import connected
from tenantry.kernel.seal import Verifier, verifiers
from tenantry.schema.roles import OWNER
from tenantry.schema.sealing import IS_SEALED, add_keys, key_names, set_kind


@dataclass(frozen=True, slots=True)
class Sealing:
    """What the database asks for, and what the settings have."""

    sealed: bool
    #: Names of the keys that the database accepts, and of those in the settings, the newest first.
    accepted: tuple[str, ...]
    configured: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "context": "sealed" if self.sealed else "plain",
            "accepted": self.accepted,
            "configured": self.configured,
        }


async def sealing(settings: Settings) -> Sealing:
    async with _owner(settings) as connection:
        sealed = await connection.fetchval(IS_SEALED)
        accepted = await key_names(connection)
    return Sealing(sealed, tuple(accepted), tuple(key.name for key in _keys(settings)))


async def seal(settings: Settings, *, only: bool) -> None:
    """Have the database ask for contexts under the settings' keys; with `only`, under no others."""
    keys = _keys(settings)
    if not keys:
        raise ConfigurationError(
            "No key is set to seal contexts under.",
            setting="seal_keys",
            hint="Make one with `tenantry secrets new-key` and set TENANTRY_SEAL_KEYS.",
        )
    async with _owner(settings) as connection:
        await add_keys(connection, [(key.name, key.inner, key.outer) for key in keys], only=only)
        await set_kind(connection, sealed=True)


async def unseal(settings: Settings) -> None:
    """Back to plain contexts. Never by leaving a setting out."""
    async with _owner(settings) as connection:
        await set_kind(connection, sealed=False)
        await add_keys(connection, [], only=True)


def _keys(settings: Settings) -> list[Verifier]:
    return verifiers([key.get_secret_value() for key in settings.seal_keys])


@asynccontextmanager
async def _owner(settings: Settings) -> AsyncIterator[asyncpg.Connection[Any]]:
    async with (
        connected(url_for(settings, "owner"), f"SET ROLE {OWNER}") as connection,
        connection.transaction(),
    ):
        yield connection
