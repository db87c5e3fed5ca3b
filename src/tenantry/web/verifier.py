"""Whether one issuer made a token, for us, and for now. What it says of its bearer is read elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, Final

from tenantry.errors import ConfigurationError, NotAuthenticated

from .compact import Compact, read_compact
from .kept import Kept
from .keys import PUBLIC, SECRET, KeySet

_MOST_LEEWAY_S: Final = 300.0
_LONGEST_KID: Final = 256
#: The year 9999: what is later is no time.
_LAST: Final = 253_402_300_799


class Verifier:
    """Raises `NotAuthenticated` for what it refuses, and `IdentityProviderUnavailable` while it cannot know."""

    def __init__(
        self,
        *,
        issuer: str,
        audiences: Collection[str],
        keys: KeySet | Kept[KeySet],
        algorithms: Collection[str] | None = None,
        leeway: float = 30,
        types: Collection[str] = ("at+jwt", "JWT"),
        max_age: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not issuer:
            raise ConfigurationError("An issuer has a name.", setting="issuer")
        if not audiences or not all(audiences):
            raise ConfigurationError(
                "Without an audience, tokens for other services would be good here.",
                setting="audience",
            )
        if not 0 <= leeway <= _MOST_LEEWAY_S:
            raise ConfigurationError("leeway is 0 to 300 seconds.", setting="leeway")
        if max_age is not None and not max_age > 0:
            raise ConfigurationError("max_age is more than no time.", setting="max_age")
        self._issuer = issuer
        self._audiences = frozenset(audiences)
        self._keys = keys
        self._algorithms = _allowed(algorithms, keys)
        self._leeway = leeway
        self._types = frozenset(map(str.lower, types))
        self._max_age = max_age
        self._clock = clock

    async def claims(self, text: str) -> dict[str, Any]:
        token = read_compact(text)
        algorithm, kid = self._header(token.header)
        await self._check_signature(token, algorithm, kid)
        claims = token.claims()
        self._check_names(claims)
        self._check_times(claims)
        return claims

    def _header(self, header: dict[str, Any]) -> tuple[str, str | None]:
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            raise NotAuthenticated("algorithm")
        # RFC 7515 calls a token without a type a JWT.
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str):
            raise NotAuthenticated("type")
        if kind.lower().removeprefix("application/") not in self._types:
            raise NotAuthenticated("type")
        if kid is not None and not (isinstance(kid, str) and len(kid) <= _LONGEST_KID):
            raise NotAuthenticated("key")
        return algorithm, kid

    async def _check_signature(self, token: Compact, algorithm: str, kid: str | None) -> None:
        keys = self._keys if isinstance(self._keys, KeySet) else await self._keys.get()
        fitting = keys.fitting(algorithm, kid)
        if not fitting and isinstance(self._keys, Kept):
            fitting = (await self._keys.newer(keys)).fitting(algorithm, kid)
        if not fitting:
            raise NotAuthenticated("key")
        if not any(key.made(token.signature, token.signed, algorithm) for key in fitting):
            raise NotAuthenticated("signature")

    def _check_names(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != self._issuer:
            raise NotAuthenticated("issuer")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not all(isinstance(name, str) for name in named) or self._audiences.isdisjoint(named):
            raise NotAuthenticated("audience")

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        expires, begins, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
        if expires is None or now >= expires + self._leeway:
            raise NotAuthenticated("expired")
        if max(begins or 0, issued or 0) > now + self._leeway:
            raise NotAuthenticated("early")
        if self._max_age is not None and (issued is None or expires - issued > self._max_age):
            raise NotAuthenticated("age")


def _allowed(algorithms: Collection[str] | None, keys: KeySet | Kept[KeySet]) -> frozenset[str]:
    """What the keys there are, or may be, can verify; a choice only takes away from it."""
    if isinstance(keys, KeySet):
        possible = frozenset[str]().union(*(key.algorithms for key in keys.keys))
    else:
        possible = PUBLIC
    if algorithms is None:
        return possible
    if isinstance(algorithms, str) or not algorithms or not possible.issuperset(algorithms):
        raise ConfigurationError(
            f"algorithms are some of {', '.join(sorted(possible))}: those that the keys are for.",
            setting="algorithms",
            hint=f"{next(iter(SECRET))} is for a secret, and for nothing else.",
        )
    return frozenset(algorithms)


def _time(claims: dict[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST:
        raise NotAuthenticated("claims")
    return value
