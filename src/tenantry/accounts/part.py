"""What the parts of `db.accounts` have in common: the service role, sessions, and time for argon2."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from tenantry.coordination import Coordination, Share, UserSessions
from tenantry.endpoints import has_redis
from tenantry.errors import CoordinationError, CoordinationUnavailable
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor

from .hashing import Hashing, refuse_guessed


class Serve(Protocol):
    """One transaction of the service role. That it serves this reason is on record once."""

    def __call__(
        self, reason: str, *, user_id: UUID | None = None, actor: Actor | None = None
    ) -> AbstractAsyncContextManager[ServiceTransaction]: ...


@dataclass
class Part:
    _serve: Serve
    _coordination: Coordination
    _hashing: Hashing = field(default_factory=Hashing)

    async def _hash(self, password: str, email: str) -> str:
        """Of a password that somebody chooses."""
        refuse_guessed(password, email)
        self._hashing.admit()
        return await self._hashing.hash(password)

    async def _end_sessions(
        self, user_id: UUID, tenant_ids: Iterable[UUID], keep: str | None = None
    ) -> None:
        """Called before the commit of what makes it necessary: while the sessions cannot be ended,
        nothing is changed either, and whoever asked for it is told."""
        if not await asyncio.to_thread(has_redis, self._coordination.settings):
            return  # so there are no sessions
        try:
            for tenant_id in tenant_ids:
                sessions = UserSessions(Share.of(self._coordination, tenant_id))
                await sessions.revoke_all(user_id, except_=keep)
        except (CoordinationUnavailable, CoordinationError) as error:
            raise CoordinationUnavailable(
                "The user's sessions cannot be ended, so nothing was changed.",
                hint="Try again when Redis or Valkey is back.",
                store=error.store,
            ) from error
