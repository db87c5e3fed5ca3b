"""JWTs: whom one speaks for, and, where a platform makes its own, making one."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

from tenantry.errors import ConfigurationError, InvalidInput, NotAuthenticated
from tenantry.kernel.context import parse_uuid

from .compact import LARGEST, read_compact
from .kept import Kept
from .keys import KeySet, VerifyKey, key_set, read_key_set, secret_keys
from .outside import safe
from .verifier import Verifier

if TYPE_CHECKING:
    from tenantry.config import Settings

#: For tokens made here: nobody can take one back.
LIFETIME_S: Final = 300.0
LONGEST_S: Final = 86400.0
_LONGEST: Final = 255
_MOST_SCOPES: Final = 256
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token proves. With a `provider` its bearer is `subject` there; without one, the issuer
    names our own users, and he is `user_id`, or no user at all."""

    tenant_id: UUID
    user_id: UUID | None
    subject: str | None
    provider: str | None
    scopes: tuple[str, ...]
    expires_at: datetime
    raw: Mapping[str, Any] = field(repr=False)


class Tokens:
    """The rules for one issuer's tokens. Its keys are `jwks_url`, a static JWKS (`keys`), or a
    `secret` that it shares with us; of several the first signs, and all are accepted."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str | Collection[str],
        jwks_url: str | None = None,
        keys: Mapping[str, Any] | None = None,
        secret: str | Sequence[str] | None = None,
        algorithms: Collection[str] | None = None,
        leeway: float = 30,
        max_age: float | None = None,
        tenant_claim: str = "tenant_id",
        user_claim: str = "sub",
        scope_claim: str = "scope",
        provider: str | None = None,
        types: Collection[str] = ("at+jwt", "JWT"),
        clock: Callable[[], float] = time.time,
    ) -> None:
        if sum(source is not None for source in (jwks_url, keys, secret)) != 1:
            raise ConfigurationError(
                "Tokens are verified with one of jwks_url, keys and secret.", setting="keys"
            )
        audiences = (audience,) if isinstance(audience, str) else tuple(audience)
        self._signing: VerifyKey | None = None
        source: KeySet | Kept[KeySet]
        if secret is not None:
            source = secret_keys((secret,) if isinstance(secret, str) else secret)
            self._signing = source.keys[0]
        elif jwks_url is not None:
            source = Kept(safe(jwks_url, "jwks_url"), read_key_set, provider=issuer)
        else:
            source = key_set(keys)
        self._verifier = Verifier(
            issuer=issuer,
            audiences=audiences,
            keys=source,
            algorithms=algorithms,
            leeway=leeway,
            types=types,
            max_age=max_age,
            clock=clock,
        )
        self.issuer = issuer
        self._audience = audiences[0]
        self._claims = (tenant_claim, user_claim, scope_claim)
        self._provider = provider
        self._clock = clock

    def __repr__(self) -> str:
        return f"Tokens(issuer={self.issuer!r})"

    @classmethod
    def of_platform(
        cls,
        settings: Settings,
        *,
        issuer: str = "tenantry",
        audience: str = "tenantry",
        leeway: float = 5,
    ) -> Self:
        """The platform's own, under `jwt_secret_key` (and `jwt_accepted_keys`): for what cannot show a
        key or a cookie, such as a WebSocket's first message. `leeway` is for our own servers' clocks."""
        if settings.jwt_secret_key is None:
            raise ConfigurationError(
                "No key is set to sign tokens with.",
                setting="jwt_secret_key",
                hint="Generate one with `openssl rand -base64 48` and set TENANTRY_JWT_SECRET_KEY.",
            )
        keys = (settings.jwt_secret_key, *settings.jwt_accepted_keys)
        return cls(
            issuer=issuer,
            audience=audience,
            secret=[key.get_secret_value() for key in keys],
            leeway=leeway,
            max_age=LONGEST_S,
            types=("at+jwt",),
        )

    async def verify(self, text: str) -> Claims:
        """Whom it speaks for. `NotAuthenticated` for anything but a good token, whatever is wrong
        with it; `IdentityProviderUnavailable` while the keys to tell cannot be had."""
        raw = await self._verifier.claims(text)
        tenant, user, scope = self._claims
        subject = _word(raw[user], "subject") if user in raw else None
        if self._provider is not None and subject is None:
            raise NotAuthenticated("subject")
        ours = self._provider is None and subject is not None
        return Claims(
            tenant_id=_uuid(raw.get(tenant), "tenant"),
            user_id=_uuid(subject, "subject") if ours else None,
            subject=subject,
            provider=self._provider,
            scopes=_scopes(raw.get(scope, "")),
            expires_at=datetime.fromtimestamp(raw["exp"], UTC),
            raw=raw,
        )

    def issue(
        self,
        tenant_id: UUID | str,
        user_id: UUID | str | None = None,
        scopes: Sequence[str] = (),
        *,
        lifetime: float = LIFETIME_S,
    ) -> str:
        """A token that `verify` takes. It is good until it expires, so let that be soon."""
        if self._signing is None:
            raise ConfigurationError(
                "Only who has the secret makes tokens; these are another's.", setting="secret"
            )
        if not 1 <= lifetime <= LONGEST_S:
            raise InvalidInput("A token lives for 1 second to a day.", field="lifetime")
        if isinstance(scopes, str) or not all(_is_scope(scope) for scope in scopes):
            raise InvalidInput("Scopes are words without spaces.", field="scopes")
        now = int(self._clock())
        tenant, user, scope = self._claims
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self._audience,
            "iat": now,
            "exp": now + int(lifetime),
            "jti": secrets.token_urlsafe(12),
            tenant: str(parse_uuid(tenant_id, "tenant_id")),
            scope: " ".join(scopes),
        }
        if user_id is not None:
            claims[user] = str(parse_uuid(user_id, "user_id"))
        text = self._signing.signed(claims)
        if len(text) > LARGEST or len(scopes) > _MOST_SCOPES:
            raise InvalidInput("That many scopes do not fit a token.", field="scopes")
        return text


class Issuers:
    """Several issuers' rules as one, such as a provider's and the platform's own. A token's word decides
    under whose rules it is read, and nothing else."""

    def __init__(self, *rules: Tokens) -> None:
        self._rules = {one.issuer: one for one in rules}
        if len(self._rules) != len(rules):
            raise ConfigurationError(
                "Each issuer has its rules once.",
                setting="issuer",
                hint="Several audiences of one issuer are given as a list.",
            )

    async def verify(self, text: str) -> Claims:
        issuer = read_compact(text).claims().get("iss")
        rules = self._rules.get(issuer) if isinstance(issuer, str) else None
        if rules is None:
            raise NotAuthenticated("issuer")
        return await rules.verify(text)


def _uuid(value: object, reason: str) -> UUID:
    # uuid.UUID would take braces, prefixes and stray hyphens too.
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        raise NotAuthenticated(reason)
    return UUID(value)


def _word(value: object, reason: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise NotAuthenticated(reason)
    return value


def _scopes(value: object) -> tuple[str, ...]:
    """Words with spaces between them as in RFC 9068, or a list as several issuers write it."""
    words = value.split(" ") if isinstance(value, str) else value
    if not isinstance(words, list):
        raise NotAuthenticated("scope")
    found = tuple(dict.fromkeys(_word(word, "scope") for word in words if word != ""))
    if len(found) > _MOST_SCOPES or any(" " in scope for scope in found):
        raise NotAuthenticated("scope")
    return found


def _is_scope(scope: object) -> bool:
    return (
        isinstance(scope, str)
        and 0 < len(scope) <= _LONGEST
        and scope.isprintable()
        and " " not in scope
    )
