"""Which kind of context a database asks for, and under which keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import asyncpg

from tenantry.config import Settings
from tenantry.endpoints import url_for
from tenantry.errors import ConfigurationError
from tenantry.kernel.patience import SHORT_WAITS, patiently
from tenantry.kernel.plain import connected
from tenantry.kernel.seal import Verifier, verifiers
from tenantry.schema.roles import OWNER
from tenantry.schema.sealing import (
    IS_SEALED,
    READS_STATEMENTS,
    add_keys,
    key_names,
    set_kind,
)

#: How long each table is waited for, in seconds.
_PATIENCE = 60.0


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
    async with _owner(settings) as connection, connection.transaction():
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
        if shown := await connection.fetchval(READS_STATEMENTS):
            raise ConfigurationError(
                f"The application's roles may call {shown}, which show them the seals of others.",
                setting="context",
                hint="A superuser can revoke them: run `tenantry init` as one.",
            )
        async with connection.transaction():
            found = [(key.name, key.inner, key.outer) for key in keys]
            await add_keys(connection, found, only=only)
        await set_kind(connection, sealed=True, alter=_when_free(connection))


async def unseal(settings: Settings) -> None:
    """Back to plain contexts. Never by leaving a setting out."""
    async with _owner(settings) as connection:
        await set_kind(connection, sealed=False, alter=_when_free(connection))
        async with connection.transaction():
            await add_keys(connection, [], only=True)


def _when_free(connection: asyncpg.Connection[Any]) -> Callable[[str], Awaitable[Any]]:
    """One table after the other, each as soon as nobody holds it: readers wait for none of them."""
    return lambda statement: patiently(connection, _PATIENCE, statement)


def _keys(settings: Settings) -> list[Verifier]:
    return verifiers([key.get_secret_value() for key in settings.seal_keys])


def _owner(settings: Settings) -> AbstractAsyncContextManager[asyncpg.Connection[Any]]:
    return connected(url_for(settings, "owner"), f"{SHORT_WAITS}; SET ROLE {OWNER}")
