"""What a session is kept as: a hash of few fields, and the session read from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from tenantry.errors import InvalidInput

#: A session is read with every request; what is bigger belongs elsewhere.
MOST_DATA: Final = 16_384
#: As the scripts give them.
FIELDS: Final = ("user", "data", "about", "created", "seen", "idle", "ends")


@dataclass(frozen=True, slots=True)
class UserSession:
    """Someone who is signed in."""

    #: Names it without opening it: it is a hash of the token.
    id: str
    tenant_id: UUID
    user_id: UUID
    data: dict[str, Any] = field(repr=False)
    created_at: datetime
    #: Within a minute.
    seen_at: datetime
    #: When it ends if it is not used.
    expires_at: datetime
    #: When it ends in any case.
    ends_at: datetime
    ip: str | None
    user_agent: str | None

    @classmethod
    def read(cls, id: str, tenant_id: UUID, fields: Sequence[Any]) -> UserSession:
        user, data, about, created, seen, idle, ends = fields[: len(FIELDS)]
        ip, user_agent = json.loads(about)
        return cls(
            id=id,
            tenant_id=tenant_id,
            user_id=UUID(user.decode()),
            data=json.loads(data),
            created_at=_moment(created),
            seen_at=_moment(seen),
            expires_at=_moment(min(int(seen) + int(idle), int(ends))),
            ends_at=_moment(ends),
            ip=ip,
            user_agent=user_agent,
        )


@dataclass(frozen=True, slots=True)
class NewUserSession:
    """A session just made, or rotated. The token is shown here and never again."""

    session: UserSession
    token: str = field(repr=False)


def packed(data: Mapping[str, Any]) -> str:
    """A session's data as it is kept."""
    if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
        raise InvalidInput("A session's data is a mapping with names for keys.", field="data")
    try:
        text = json.dumps(dict(data), allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        # `from None`: the cause would quote what is in it.
        raise InvalidInput("A session's data is what JSON can hold.", field="data") from None
    if len(text) > MOST_DATA:
        raise InvalidInput(
            f"A session's data is {len(text):,} bytes long; {MOST_DATA:,} is the most.",
            field="data",
            hint="It is read with every request: keep ids in it, and what they name elsewhere.",
        )
    return text


def about(ip: str | None, user_agent: str | None) -> str:
    return json.dumps([_cut(ip, 64), _cut(user_agent, 512)])


def _cut(text: str | None, most: int) -> str | None:
    """As browsers send it, that is, of any length."""
    return None if text is None else str(text)[:most]


def _moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
