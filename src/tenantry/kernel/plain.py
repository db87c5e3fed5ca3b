"""A plain connection for administration and migrations, with errors as everywhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from .translate import translate, translate_connect


async def open_plain(
    url: str, *setup: str, name: str = "tenantry-setup"
) -> asyncpg.Connection[Any]:
    """A connection that has run the `setup` statements."""
    try:
        connection = await asyncpg.connect(
            url, timeout=10, server_settings={"application_name": name}
        )
        try:
            for statement in setup:
                await connection.execute(statement)
        except BaseException:
            connection.terminate()
            raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        # No cause: what could not be parsed may be a piece of the password.
        raise translate_connect(error) from None
    return connection


@asynccontextmanager
async def connected(
    url: str, *setup: str, name: str = "tenantry-setup"
) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await open_plain(url, *setup, name=name)
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise translate(error, closed=connection.is_closed()) from error
    finally:
        await connection.close()
