"""New passwords. With the old one the user's sessions end, in all his tenants."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from tenantry.errors import NotAuthenticated, NotFound
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor, parse_uuid
from tenantry.models import User

from . import attempts
from .attempts import Name
from .signing_in import SigningIn

_REASON: Final = "passwords"
_CHANGE: Final = """
    UPDATE tenantry.users SET password_hash = $3 WHERE id = $1 AND is_active AND password_hash = $2"""
_SET: Final = "UPDATE tenantry.users SET password_hash = $2 WHERE id = $1"
_TENANTS: Final = "SELECT m.tenant_id FROM tenantry.memberships AS m WHERE m.user_id = $1"


class ChangingPasswords(SigningIn):
    async def change_password(
        self,
        user_id: UUID | str,
        old: str,
        new: str,
        *,
        keep: str | None = None,
        actor: Actor | None = None,
    ) -> None:
        """The user's own change. `NotAuthenticated` for a wrong `old`, which counts as a failed
        sign-in. All his sessions end, but the one of the token `keep`; while they cannot be ended
        the password stays as it was (`CoordinationUnavailable`)."""
        user = parse_uuid(user_id, "user_id")
        email = await self._email(user)
        better = await self._hash(new, email)
        name = Name.of(email)
        shown = await self._shown(name, old, actor)
        async with self._serve(_REASON, user_id=user, actor=actor) as s:
            if await s.execute(_CHANGE, user, shown.kept, better) == 0:
                raise NotAuthenticated("changed")
            await attempts.clear(s, name)
            await self._end_all(s, user, keep)

    async def set_password(
        self,
        user_id: UUID | str,
        new: str,
        *,
        keep: str | None = None,
        end_sessions: bool = True,
        by: UUID | str | None = None,
        actor: Actor | None = None,
    ) -> None:
        """The platform's change, after a reset or by an operator: also for a user who had none. It
        opens a locked name. Sessions end as with `change_password`, unless `end_sessions` is false."""
        user = parse_uuid(user_id, "user_id")
        email = await self._email(user)
        better = await self._hash(new, email)
        who = None if by is None else parse_uuid(by, "by")
        async with self._serve(_REASON, user_id=who, actor=actor) as s:
            if await s.execute(_SET, user, better) == 0:
                raise NotFound(User.__tablename__, user)
            await attempts.clear(s, Name.of(email))
            if end_sessions:
                await self._end_all(s, user, keep)

    async def _end_all(self, s: ServiceTransaction, user: UUID, keep: str | None) -> None:
        tenants = [row[0] for row in await s.fetch(_TENANTS, user)]
        await self._end_sessions(user, tenants, keep)

    async def _email(self, user: UUID) -> str:
        async with self._serve(_REASON) as s:
            return (await s.users.get(user)).email
