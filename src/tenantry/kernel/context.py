"""Who works, for which tenant: the values that BEGIN carries to the database.

Policies and triggers read them as `app.tenant_id`, `app.user_id` and `app.actor`. They are written
as literals, because SET takes no parameters, so every literal here is built from a number or from
base64: no character of the caller's reaches the SQL text.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import UUID

from ..errors import InvalidInput
from .seal import Sealer

ActorKind = Literal["user", "agent", "api_key", "service", "system"]
Isolation = Literal["read committed", "repeatable read", "serializable"]

_KINDS: Final = frozenset(("user", "agent", "api_key", "service", "system"))
_ISOLATION: Final[dict[str, str]] = {
    "read committed": " ISOLATION LEVEL READ COMMITTED",
    "repeatable read": " ISOLATION LEVEL REPEATABLE READ",
    "serializable": " ISOLATION LEVEL SERIALIZABLE",
}
#: What a client may send us is cut, not refused: a long header must not fail the request.
_LIMITS: Final = {"request_id": 200, "user_agent": 1024, "reason": 1024}


def parse_uuid(value: object, field: str = "id") -> UUID:
    """A plain `uuid.UUID` from a UUID or its text; anything else is refused."""
    if type(value) is UUID:
        return value
    try:
        if isinstance(value, UUID):
            return _plain(value)
        if isinstance(value, str):
            return _plain(uuid.UUID(value))
    except (ValueError, TypeError, AttributeError):
        pass
    raise InvalidInput(f"{field} is not a UUID.", field=field)


def _plain(value: UUID) -> UUID:
    # Rebuilt from its number, so that a subclass (asyncpg's own, or a hostile one) cannot bring
    # its own idea of str() into the SQL text.
    return value if type(value) is UUID else UUID(int=int.__index__(value.int))


def _literal(value: UUID) -> str:
    # Formatted by int itself: whatever the object claims to be, only hex digits come out.
    h = int.__format__(value.int, "032x")
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, for the audit trail."""

    kind: ActorKind
    agent_id: UUID | None = None
    api_key_id: UUID | None = None
    request_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    reason: str | None = None
    _encoded: str | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise InvalidInput("The actor's kind is unknown.", field="actor.kind")
        for name in ("agent_id", "api_key_id"):
            self._set(name, parse_uuid, f"actor.{name}")
        for name, limit in _LIMITS.items():
            self._set(name, _clean_text, limit)
        self._set("ip", _clean_ip)

    @property
    def encoded(self) -> str:
        """base64url of the fields as JSON; its alphabet needs no quoting. Made when it is first asked
        for: a request has an actor, and many do nothing but read in one round trip, which needs none.
        """
        if (encoded := self._encoded) is None:
            facts: dict[str, Any] = {"kind": str(self.kind)}
            for name in ("agent_id", "api_key_id", "request_id", "ip", "user_agent", "reason"):
                if (value := getattr(self, name)) is not None:
                    facts[name] = str(value)
            text = json.dumps(facts, separators=(",", ":")).encode()
            encoded = base64.urlsafe_b64encode(text).decode()
            object.__setattr__(self, "_encoded", encoded)
        return encoded

    def _set(self, name: str, clean: Any, *args: Any) -> None:
        if (value := getattr(self, name)) is not None:
            object.__setattr__(self, name, clean(value, *args))


def _clean_text(value: object, limit: int) -> str:
    # NUL and lone surrogates are legal in a Python str, but not in jsonb.
    text = str(value)[:limit].replace("\0", "")
    return text.encode("utf-8", "replace").decode()


def _clean_ip(value: object) -> str:
    return _ip(str(value).partition("%")[0])


@lru_cache(maxsize=4096)
def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidInput("The actor's ip is not an IP address.", field="actor.ip") from None


class Context:
    """What one transaction works for. `None` is set too, as '': an old value never shines through.

    Made anew for every unit of work, so it is written out by hand: half of a dataclass's cost.
    """

    __slots__ = ("actor", "tenant_id", "user_id")
    tenant_id: UUID | None
    user_id: UUID | None
    actor: Actor | None

    def __init__(
        self,
        tenant_id: UUID | None = None,
        user_id: UUID | None = None,
        actor: Actor | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "tenant_id", _checked(tenant_id, "tenant_id"))
        put(self, "user_id", _checked(user_id, "user_id"))
        put(self, "actor", actor)

    @property
    def values(self) -> tuple[str, str, str]:
        """Tenant, user and actor as the database reads them."""
        tenant_id, user_id, actor = self.tenant_id, self.user_id, self.actor
        return (
            _literal(tenant_id) if tenant_id else "",
            _literal(user_id) if user_id else "",
            actor.encoded if actor else "",
        )

    @property
    def settings(self) -> str:
        """The three SET LOCALs, ready to follow BEGIN. Calls of one round trip need none."""
        tenant, user, actor = self.values
        return (
            f"; SET LOCAL app.tenant_id = '{tenant}'; SET LOCAL app.user_id = '{user}'"
            f"; SET LOCAL app.actor = '{actor}'"
        )

    def sealed(self, sealer: Sealer) -> str:
        """The same with the seal that a database with sealed contexts asks for."""
        return f"{self.settings}; SET LOCAL app.seal = '{sealer.seal(*self.values)}'"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a context never changes; make a new one")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values)

    def __repr__(self) -> str:
        return f"Context({self.tenant_id!r}, {self.user_id!r}, {self.actor!r})"


def _checked(value: UUID | None, field: str) -> UUID | None:
    if value is None or type(value) is UUID:
        return value
    if isinstance(value, UUID):
        return _plain(value)
    raise InvalidInput(f"{field} is not a UUID.", field=field)


def begin(
    context: Context,
    *,
    readonly: bool = False,
    isolation: Isolation | None = None,
    deferrable: bool = False,
    statement_timeout: float | None = None,
    limits: str = "",
    sealer: Sealer | None = None,
) -> str:
    """The one message that opens a transaction: BEGIN and its context, in one round trip."""
    if isolation is not None and isolation not in _ISOLATION:
        raise InvalidInput("The isolation level is unknown.", field="isolation")
    sql = (
        "BEGIN"
        + (_ISOLATION[isolation] if isolation else "")
        + (" READ ONLY" if readonly else "")
        + (" DEFERRABLE" if deferrable else "")
        + (context.settings if sealer is None else context.sealed(sealer))
        + limits
    )
    if statement_timeout is not None:
        sql += f"; SET LOCAL statement_timeout = {milliseconds(statement_timeout)}"
    return sql


def milliseconds(seconds: float) -> int:
    """A time limit as PostgreSQL counts it. 0 would mean no limit, so a shorter one becomes 1."""
    if not 0 < seconds < 2_000_000:
        raise InvalidInput("A time limit must be between 0 and 2,000,000 seconds.", field="timeout")
    return max(1, int(seconds * 1000))
