"""API keys: made, replaced by others, and revoked."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import EllipsisType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from tenantry.errors import InvalidInput, KeyNotReplaceable, NotFound
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import ApiKey
from tenantry.rights import checked_scopes
from tenantry.schema.statements import compile_statement, readable, slot

from .base import Repository

_PREFIX: Final = "tnt_"
#: What secret scanners look for: the prefix, and 256 random bits in base64url.
_FORM: Final = re.compile(_PREFIX + r"[A-Za-z0-9_-]{43}")
#: Two keys that are good at once for longer than that are no rotation.
_LONGEST_GRACE: Final = timedelta(days=90)

CONSTRAINT_MESSAGES.update(
    {
        "api_keys_user_id_fkey": "The user is no member of this tenant.",
        "api_keys_name_check": "A name has 1 to 255 characters.",
    }
)

_c = ApiKey.__table__.c
#: The key and the server's time. Whoever comes second waits, and finds it replaced.
_HOLD: Final = compile_statement(
    select(*readable(ApiKey), func.now())
    .where(_c.tenant_id == slot("tenant_id"), _c.id == slot("row_id"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `secret` is the key itself: it is shown here and never again."""

    key: ApiKey
    secret: str = field(repr=False)


class ApiKeys(Repository[ApiKey]):
    model = ApiKey

    async def create(
        self,
        *,
        name: str,
        scopes: Iterable[str] | None = None,
        user_id: UUID | None = None,
        expires_at: datetime | None = None,
    ) -> NewKey:
        secret = _PREFIX + secrets.token_urlsafe(32)
        key = await self._create(
            name=name,
            prefix=secret[:12],
            key_hash=hash_key(secret),
            scopes=checked_scopes(scopes or ()),
            user_id=user_id,
            expires_at=_aware(expires_at),
        )
        return NewKey(key, secret)

    async def update(self, id: UUID, **changes: Any) -> ApiKey:
        if changes.get("scopes") is not None:
            changes["scopes"] = checked_scopes(changes["scopes"])
        if "expires_at" in changes:
            changes["expires_at"] = _aware(changes["expires_at"])
        return await super().update(id, **changes)

    async def rotate(
        self,
        id: UUID,
        *,
        grace: timedelta = timedelta(days=1),
        expires_at: datetime | EllipsisType | None = ...,
    ) -> NewKey:
        """Another key in place of this one, with its name, scopes and member. Both are good until
        `grace` is over, or until the old one would have ended anyway.

        The new one lives as long as the old one was made for, unless `expires_at` is given (None: it
        does not end). `KeyNotReplaceable` for a key that is revoked, expired, or replaced already.
        """
        if not timedelta() <= grace <= _LONGEST_GRACE:
            raise InvalidInput(f"grace is 0 to {_LONGEST_GRACE.days} days.", field="grace")
        given = expires_at if isinstance(expires_at, EllipsisType) else _aware(expires_at)
        async with self._scope.transaction() as scope:
            return await ApiKeys(scope)._replace(id, grace, given)

    async def revoke(self, id: UUID) -> ApiKey:
        """From here on the key opens nothing; its line stays for the record."""
        found = await self.find(id)
        if found is None:
            raise NotFound(ApiKey.__tablename__, id)
        return found if found.revoked_at else await self.update(id, revoked_at=datetime.now(UTC))

    async def _replace(
        self, id: UUID, grace: timedelta, expires_at: datetime | EllipsisType | None
    ) -> NewKey:
        rows = await self._fetch(_HOLD, {}, row_id=id)
        if not rows:
            raise NotFound(ApiKey.__tablename__, id)
        *values, now = rows[0]
        old = self._load(tuple(values))
        _check_replaceable(old, now)
        ends = old.expires_at
        if isinstance(expires_at, EllipsisType):
            expires_at = None if ends is None else now + (ends - old.created_at)
        made = await self.create(
            name=old.name, scopes=old.scopes, user_id=old.user_id, expires_at=expires_at
        )
        until = now + grace if ends is None else min(ends, now + grace)
        await self.update(id, successor_id=made.key.id, expires_at=until)
        return made


def hash_key(secret: str) -> bytes:
    """A plain hash is right for a random 256-bit key: there is nothing to guess, and it is quick."""
    return hashlib.sha256(secret.encode()).digest()


def is_key(text: str) -> bool:
    """Whether it has the form of a key. What has another need not be looked for."""
    return _FORM.fullmatch(text) is not None


def _check_replaceable(key: ApiKey, now: datetime) -> None:
    if key.revoked_at:
        reason, hint = "revoked", "Make a new one."
    elif key.successor_id:
        reason, hint = "replaced already", "Rotate its successor, or make a new one."
    elif key.expires_at and key.expires_at <= now:
        reason, hint = "expired", "Make a new one."
    else:
        return
    raise KeyNotReplaceable(
        f"The key {key.prefix}… is {reason}.",
        hint=hint,
        reason=reason.partition(" ")[0],
        successor_id=key.successor_id,
    )


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise InvalidInput("expires_at needs a timezone.", field="expires_at")
    return moment
