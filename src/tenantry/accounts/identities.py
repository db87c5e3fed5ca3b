"""Users' accounts at outside providers: GitHub, an OAuth server.

They are found by the provider's own id of the account, and linked by a user who is signed in. Never by
e-mail address: whoever makes an account somewhere under another's address would have his user here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from tenantry.errors import AlreadyExists, LastWayIn, NotFound
from tenantry.handles import ServiceTransaction
from tenantry.kernel.context import Actor, parse_uuid
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import User, UserIdentity

from .part import Part
from .signed_in import SignedIn

_REASON: Final = "identities"
_TAKEN: Final = "user_identities_provider_subject_key"
_OURS: Final = "id, provider, subject, username, email, created_at"
_LINK: Final = f"""
    INSERT INTO tenantry.user_identities AS i (user_id, provider, subject, username, email, profile)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (provider, subject) DO UPDATE
    SET username = EXCLUDED.username, email = EXCLUDED.email, profile = EXCLUDED.profile
    WHERE i.user_id = EXCLUDED.user_id
    RETURNING {_OURS}"""  # noqa: S608 - columns of ours
_ALL: Final = f"""
    SELECT {_OURS} FROM tenantry.user_identities WHERE user_id = $1 ORDER BY id"""  # noqa: S608
#: The user's row is held: of two that go at once, the second sees what is left.
_OTHER_WAYS: Final = """
    SELECT u.password_hash IS NOT NULL FROM tenantry.users AS u WHERE u.id = $1 FOR NO KEY UPDATE"""
_UNLINK: Final = """
    DELETE FROM tenantry.user_identities WHERE user_id = $1 AND provider = $2 AND subject = $3"""
_ENTER: Final = """
    UPDATE tenantry.users AS u SET last_login_at = now()
    FROM tenantry.user_identities AS i
    WHERE i.provider = $1 AND i.subject = $2 AND u.id = i.user_id AND u.is_active
    RETURNING u.id"""
_RECORD: Final = "SELECT tenantry.record_platform_event($1, 'user_identities', $2, $3)"

CONSTRAINT_MESSAGES["user_identities_user_id_fkey"] = "There is no such user."


class OutsideAccount(Protocol):
    """What a provider says of an account, as `tenantry.web.oauth` proves it."""

    @property
    def provider(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def username(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def profile(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    id: UUID
    provider: str
    subject: str
    username: str | None
    email: str | None
    linked_at: datetime


class Identities(Part):
    async def by_identity(
        self, provider: str, subject: str, *, actor: Actor | None = None
    ) -> SignedIn | None:
        """Sign in whoever has this account; None when nobody has, or not who is active."""
        async with self._serve(_REASON, actor=actor) as s:
            user_id = await s.fetch_value(_ENTER, provider, subject)
            return None if user_id is None else await SignedIn.of(s, user_id)

    async def identities(self, user_id: UUID | str) -> Sequence[LinkedIdentity]:
        """A user's accounts outside, oldest first."""
        async with self._serve(_REASON) as s:
            rows = await s.fetch(_ALL, parse_uuid(user_id, "user_id"))
        return [LinkedIdentity(*row) for row in rows]

    async def link(
        self, user_id: UUID | str, account: OutsideAccount, *, actor: Actor | None = None
    ) -> LinkedIdentity:
        """For a user who is signed in. Again is as good as once, and takes what the provider says
        now. `AlreadyExists` for an account that is another user's: it stays with him."""
        user = parse_uuid(user_id, "user_id")
        async with self._serve(_REASON, user_id=user, actor=actor) as s:
            return await link_account(s, user, account)

    async def unlink(
        self, user_id: UUID | str, provider: str, subject: str, *, actor: Actor | None = None
    ) -> bool:
        """Whether there was such a link. `LastWayIn` when he has no password and no other."""
        user = parse_uuid(user_id, "user_id")
        async with self._serve(_REASON, user_id=user, actor=actor) as s:
            has_password = await s.fetch_value(_OTHER_WAYS, user)
            if has_password is None:
                raise NotFound(User.__tablename__, user)
            others = [
                row for row in await s.fetch(_ALL, user) if (row[1], row[2]) != (provider, subject)
            ]
            if await s.execute(_UNLINK, user, provider, subject) == 0:
                return False
            if not has_password and not others:
                raise LastWayIn(
                    "Without this account the user could not sign in any more.",
                    hint="Set a password, or link another account first.",
                    table=UserIdentity.__tablename__,
                    constraint="last_way_in",
                    column="",
                )
            await s.execute(_RECORD, "unlink", user, {"provider": provider, "subject": subject})
        return True


async def link_account(
    s: ServiceTransaction, user: UUID, account: OutsideAccount
) -> LinkedIdentity:
    row = await s.fetch_one(
        _LINK,
        user,
        account.provider,
        account.subject,
        account.username,
        account.email,
        dict(account.profile),
    )
    if row is None:
        raise AlreadyExists(
            "This account is linked to another user.",
            hint="Sign in as that user and unlink it there.",
            table=UserIdentity.__tablename__,
            constraint=_TAKEN,
        )
    told = {"provider": account.provider, "subject": account.subject}
    await s.execute(_RECORD, "link", user, told)
    return LinkedIdentity(*row)
