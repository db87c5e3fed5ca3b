"""Who is signed in: sessions of a tenant's users, found by a token and ended at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tenantry.errors import CoordinationError, InvalidInput
from tenantry.kernel.context import parse_uuid

from .script import Script
from .session_record import FIELDS, NewUserSession, UserSession, about, packed
from .session_tokens import id_of, new_token, tenant_of
from .share import Share

if TYPE_CHECKING:
    from .store import Store

#: Seconds without use, and in all, after which a session is over.
IDLE_S: Final = 7200.0
LIFETIME_S: Final = 30 * 86400.0
LONGEST_S: Final = 366 * 86400.0
#: A session's last use is written this often at most, so that most of its uses write nothing.
SEEN_EVERY_MS: Final = 60_000
#: Sessions that just expired stay in their user's index. Every so many sign-ins it is cleared.
_CLEAR_EVERY: Final = 64
#: How often to look again when others sign in at the same moment.
_ATTEMPTS: Final = 50


class UserSessions:
    """A tenant's sessions. While the server is away each call raises `CoordinationUnavailable`:
    nobody is signed in by mistake, and nobody believes that he has signed out."""

    tenant_of = staticmethod(tenant_of)

    def __init__(self, share: Share) -> None:
        self._share = share

    async def create(
        self,
        user_id: UUID | str,
        data: Mapping[str, Any] | None = None,
        *,
        ip: str | None = None,
        user_agent: str | None = None,
        idle: float = IDLE_S,
        lifetime: float = LIFETIME_S,
        max_sessions: int | None = None,
    ) -> NewUserSession:
        """Sign a user in. With `max_sessions`, those of his that were unused longest end for it."""
        tenant_id, user = self._tenant_id, parse_uuid(user_id, "user_id")
        if max_sessions is not None and not _is_number(max_sessions, 1, 10_000, int):
            raise InvalidInput("max_sessions is from 1 to 10,000.", field="max_sessions")
        # Only ever made here: a token that somebody put into a browser before is none.
        token = new_token(tenant_id)
        session_id = id_of(token)
        words = (
            session_id,
            max_sessions or 0,
            _milliseconds(idle, "idle"),
            _milliseconds(lifetime, "lifetime"),
            str(user),
            packed(data or {}),
            about(ip, user_agent),
        )
        for _ in range(_ATTEMPTS):
            going: list[str] = []
            if max_sessions is not None:
                unused = sorted(await self.list(user), key=lambda session: session.seen_at)
                going = [session.id for session in unused[: max(0, len(unused) - max_sessions + 1)]]
            keys = [self._key(session_id), self._index(user), *map(self._key, going)]
            count = await self._store.script(_script("session_create"), keys, *words, *going)
            if count:
                break
        else:
            raise self._restless()
        if count % _CLEAR_EVERY == 0:
            await self.list(user)
        session = await self._use(session_id)
        if session is None:
            raise CoordinationError(
                "The session ended as it began.",
                hint="All of the user's sessions may have been revoked at that moment.",
                store=self._store.name,
            )
        return NewUserSession(session, token)

    async def get(self, token: str) -> UserSession | None:
        """Whose token it is, who thereby stays signed in. None for one that opens nothing here."""
        session_id = self._id(token)
        return None if session_id is None else await self._use(session_id)

    async def refresh(self, token: str) -> UserSession | None:
        """As `get`, and this use is written down in any case."""
        session_id = self._id(token)
        return None if session_id is None else await self._use(session_id, seen_every=0)

    async def update(self, token: str, data: Mapping[str, Any]) -> UserSession | None:
        """Other data, in place of what it had."""
        session_id = self._id(token)
        return None if session_id is None else await self._use(session_id, data=packed(data))

    async def rotate(
        self, token: str, data: Mapping[str, Any] | None = None
    ) -> NewUserSession | None:
        """The same session under a new token; the old one is dead at once. For every change of what
        a user may do. How long it lives stays as it was."""
        words = () if data is None else (packed(data),)
        session = await self.get(token)
        if session is None:
            return None
        fresh = new_token(self._tenant_id)
        session_id = id_of(fresh)
        keys = [self._key(session.id), self._key(session_id), self._index(session.user_id)]
        if not await self._store.script(
            _script("session_rotate"), keys, session.id, session_id, *words
        ):
            return None
        after = await self._use(session_id)
        return None if after is None else NewUserSession(after, fresh)

    async def delete(self, token: str) -> bool:
        """Sign out. Whether there was a session to end."""
        session_id = self._id(token)
        return False if session_id is None else await self._end(session_id)

    async def revoke(self, user_id: UUID | str, id: str) -> bool:
        """End one of a user's sessions by its id, as `list` gives it."""
        user = parse_uuid(user_id, "user_id")
        return any(s.id == id for s in await self.list(user)) and await self._end(id)

    async def revoke_all(self, user_id: UUID | str, *, except_: str | None = None) -> int:
        """End all of a user's sessions, but the one of the token `except_`. How many ended."""
        user = parse_uuid(user_id, "user_id")
        kept = "" if except_ is None else self._id(except_) or ""
        for _ in range(_ATTEMPTS):
            ids = await self._ids(user)
            keys = [self._index(user), *map(self._key, ids)]
            ended = await self._store.script(_script("session_revoke"), keys, kept, *ids)
            if ended >= 0:
                return int(ended)
        raise self._restless()

    async def list(self, user_id: UUID | str) -> list[UserSession]:
        """A user's sessions, oldest first."""
        user = parse_uuid(user_id, "user_id")
        ids = await self._ids(user)
        if not ids:
            return []
        found = await self._store.commands([("HMGET", self._key(one), *FIELDS) for one in ids])
        everything = [*zip(ids, found, strict=True)]
        # What is gone never comes back: an id is used once.
        if dead := [one for one, fields in everything if fields[0] is None]:
            await self._store.command("ZREM", self._index(user), *dead)
        return [self._read(one, fields) for one, fields in everything if fields[0] is not None]

    # ---- parts ------------------------------------------------------------------------------

    async def _use(
        self, id: str, *, seen_every: int = SEEN_EVERY_MS, data: str | None = None
    ) -> UserSession | None:
        words = (seen_every,) if data is None else (seen_every, data)
        found = await self._store.script(_script("session_use"), [self._key(id)], *words)
        return None if found is None else self._read(id, found)

    async def _end(self, id: str) -> bool:
        user = await self._store.script(_script("session_end"), [self._key(id)])
        if user is None:
            return False
        await self._store.command("ZREM", self._index(UUID(user.decode())), id)
        return True

    async def _ids(self, user: UUID) -> Sequence[str]:
        found = await self._store.command("ZRANGE", self._index(user), 0, -1)
        return [one.decode() for one in found]

    def _read(self, id: str, fields: Sequence[Any]) -> UserSession:
        return UserSession.read(id, self._tenant_id, fields)

    def _id(self, token: object) -> str | None:
        """None for a token of another tenant, and for what is no token."""
        if not isinstance(token, str) or tenant_of(token) != self._tenant_id:
            return None
        return id_of(token)

    def _key(self, id: str) -> str:
        return self._share.keys.name("session", id)

    def _index(self, user: UUID) -> str:
        return self._share.keys.name("sessions", str(user))

    def _restless(self) -> CoordinationError:
        return CoordinationError(
            "The user's sessions changed faster than they could be counted.",
            hint="Try again; if it stays so, somebody signs in as him without pause.",
            store=self._store.name,
        )

    @property
    def _store(self) -> Store:
        return self._share.coordination.lasting

    @property
    def _tenant_id(self) -> UUID:
        if self._share.tenant_id is None:
            raise InvalidInput("Users are signed in to a tenant.", field="tenant_id")
        return self._share.tenant_id


@cache
def _script(name: str) -> Script:
    return Script(name)


def _milliseconds(value: float, name: str) -> int:
    if not _is_number(value, 1, LONGEST_S, (int, float)):
        raise InvalidInput(f"{name} is from 1 to {LONGEST_S:,.0f} seconds.", field=name)
    return round(value * 1000)


def _is_number(
    value: object, least: float, most: float, kinds: type[int] | tuple[type[int], type[float]]
) -> bool:
    if not isinstance(value, kinds) or isinstance(value, bool):
        return False
    return math.isfinite(value) and least <= value <= most
