"""Signing in with a password.

Whoever guesses learns nothing but that he was wrong: for a name that nobody has, one without a password
and one of a user who was put out, the statements, the argon2 work and the answer are those for a wrong
password.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from tenantry import passwords
from tenantry.errors import NotAuthenticated
from tenantry.kernel.context import Actor

from . import attempts
from .attempts import name_of
from .part import Part
from .signed_in import SignedIn

_REASON: Final = "sign-in"
_FIND: Final = """
    SELECT u.id, u.is_active, u.password_hash FROM tenantry.users AS u WHERE lower(u.email) = lower($1)"""
#: Not when the password was changed, or the user put out, while it was looked at.
_ENTER: Final = """
    UPDATE tenantry.users SET last_login_at = now(), password_hash = coalesce($3, password_hash)
    WHERE id = $1 AND is_active AND password_hash = $2"""
_FAILED: Final = "SELECT tenantry.record_platform_event('sign_in_failed', 'users', $1, $2)"


@dataclass(frozen=True, slots=True)
class Shown:
    """A user whose password was shown."""

    user_id: UUID
    kept: str = field(repr=False)


class SigningIn(Part):
    async def sign_in(self, email: str, password: str, *, actor: Actor | None = None) -> SignedIn:
        """Who has this address and password; else `NotAuthenticated`, which says no more. After five
        failures a name is locked, for 2 seconds and then ever longer, up to 15 minutes."""
        async with self.signing_in(email, password, actor=actor) as signed_in:
            return signed_in

    @asynccontextmanager
    async def signing_in(
        self, email: str, password: str, *, actor: Actor | None = None
    ) -> AsyncIterator[SignedIn]:
        """As `sign_in`, for who begins a session: begin it in the block, and nothing else. A change of
        the password waits for its end, and so ends that session with the others."""
        name = name_of(email)
        shown = await self._shown(name, password, actor)
        better = None
        if passwords.needs_rehash(shown.kept):
            better = await self._hashing.hash(password)
        async with self._serve(_REASON, user_id=shown.user_id, actor=actor) as s:
            if await s.execute(_ENTER, shown.user_id, shown.kept, better) == 0:
                raise NotAuthenticated("changed")
            await attempts.clear(s, name)
            signed_in = await SignedIn.of(s, shown.user_id)
            failed = None
            try:
                yield signed_in
            except Exception as error:
                failed = error  # it was the right password all the same
        if failed is not None:
            raise failed

    async def _shown(self, name: str, password: str, actor: Actor | None) -> Shown:
        """The user of this name, if it is his password. It counts as a failure until it is cleared."""
        self._hashing.admit()
        async with self._serve(_REASON, actor=actor) as s:
            failures = await attempts.count(s, name)
            found = await s.fetch_one(_FIND, name)
        if failures is None:
            # Not on record: the try that locked it is, and these cost whoever makes them nothing.
            raise NotAuthenticated("locked")
        user_id, is_active, kept = found or (None, False, None)
        fits = await self._hashing.verify(password, kept if is_active else None)
        if fits and user_id is not None and kept is not None:
            return Shown(user_id, kept)
        reason = (
            "unknown" if user_id is None
            else "inactive" if not is_active
            else "no_password" if kept is None
            else "password"
        )  # fmt: skip
        # Not what was typed as a name either: it may be the password, in the wrong field.
        told = {"reason": reason, "failures": failures, "locked": failures >= attempts.ALLOWED}
        async with self._serve(_REASON, actor=actor) as s:
            await s.execute(_FAILED, user_id, told)
        raise NotAuthenticated(reason)
