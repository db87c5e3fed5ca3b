"""Those who tell us who somebody is: where their doors are, and how to read what they say of him."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from tenantry import strict_json
from tenantry.errors import NotAuthenticated

from .kept import Kept
from .keys import KeySet, read_key_set
from .outside import Unusable, is_safe, safe
from .verifier import Verifier

_LONGEST: Final = 255
_LONGEST_EMAIL: Final = 320
#: What GitHub answers where the app was not given the right to see addresses.
_NOT_GIVEN: Final = (403, 404)

#: Gets JSON in the user's name; None for one of the statuses that say that it is not to be had.
Ask = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideIdentity:
    """Who somebody is at a provider. `subject` is what never changes there; a `username` may be another's
    tomorrow, and an `email` is only proof of anything if `email_verified`."""

    provider: str
    subject: str
    username: str | None = None
    email: str | None = None
    email_verified: bool = False
    profile: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: Where in the app he was going: a local path, as `begin` was told.
    next: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    authorize: str
    token: str
    #: What the answer says of its sender (RFC 9207), where that is known.
    issuer: str | None = None
    says_issuer: bool = False
    posts_secret: bool = True
    keys: str = ""
    userinfo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the provider was asked for, and answered."""

    client_id: str
    nonce: str
    tokens: Mapping[str, Any] = field(repr=False)
    ask: Ask = field(repr=False)


class Provider(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def scopes(self) -> Sequence[str]: ...
    async def doors(self) -> Doors: ...
    async def identity(self, asked: Asked) -> OutsideIdentity: ...


class GitHub:
    """`url` and `api` are for an Enterprise server."""

    def __init__(
        self,
        *,
        name: str = "github",
        scopes: Sequence[str] = ("read:user", "user:email"),
        url: str = "https://github.com",
        api: str = "https://api.github.com",
    ) -> None:
        self.name = name
        self.scopes = tuple(scopes)
        self._url = safe(url, "url").rstrip("/")
        self._api = safe(api, "api").rstrip("/")

    async def doors(self) -> Doors:
        return Doors(
            authorize=f"{self._url}/login/oauth/authorize",
            token=f"{self._url}/login/oauth/access_token",
        )

    async def identity(self, asked: Asked) -> OutsideIdentity:
        user = await asked.ask(f"{self._api}/user")
        number = user.get("id") if isinstance(user, dict) else None
        if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
            raise NotAuthenticated("subject")
        # What stands in the profile is what the user wants to be seen, proven or not.
        emails = await asked.ask(f"{self._api}/user/emails", without=_NOT_GIVEN)
        email = _primary(emails)
        return OutsideIdentity(
            provider=self.name,
            subject=str(number),
            username=_text(user.get("login")),
            email=email,
            email_verified=email is not None,
            profile=user,
        )


class OpenID:
    """Whoever publishes `/.well-known/openid-configuration` below its issuer."""

    def __init__(
        self,
        name: str,
        issuer: str,
        *,
        scopes: Sequence[str] = ("openid", "email", "profile"),
    ) -> None:
        self.name = name
        self.scopes = tuple(dict.fromkeys(("openid", *scopes)))
        self._issuer = safe(issuer, "issuer")
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        self._doors = Kept(url, self._read, provider=name)
        self._keys: tuple[str, Kept[KeySet]] | None = None

    async def doors(self) -> Doors:
        return await self._doors.get()

    async def identity(self, asked: Asked) -> OutsideIdentity:
        doors = await self.doors()
        said = await self._id_token(doors, asked)
        subject = _text(said.get("sub"))
        if subject is None:
            raise NotAuthenticated("subject")
        if "email" not in said and "email" in self.scopes and doors.userinfo is not None:
            said = {**said, **await _userinfo(asked.ask, doors.userinfo, subject)}
        email = _email(said.get("email"))
        return OutsideIdentity(
            provider=self.name,
            subject=subject,
            username=_text(said.get("preferred_username")),
            email=email,
            email_verified=email is not None and said.get("email_verified") is True,
            profile=said,
        )

    async def _id_token(self, doors: Doors, asked: Asked) -> dict[str, Any]:
        verifier = Verifier(
            issuer=self._issuer,
            audiences=[asked.client_id],
            keys=self._key_set(doors.keys),
            types=("JWT",),
        )
        said = await verifier.claims(asked.tokens.get("id_token", ""))
        nonce, party = said.get("nonce"), said.get("azp")
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode(), asked.nonce.encode()
        ):
            raise NotAuthenticated("nonce")
        several = isinstance(said["aud"], list) and len(said["aud"]) > 1
        if party != asked.client_id and (several or party is not None):
            raise NotAuthenticated("audience")
        return said

    def _key_set(self, url: str) -> Kept[KeySet]:
        if self._keys is None or self._keys[0] != url:
            self._keys = url, Kept(url, read_key_set, provider=self.name)
        return self._keys[1]

    def _read(self, text: bytes) -> Doors:
        said = strict_json.read(text)
        if not isinstance(said, dict) or said.get("issuer") != self._issuer:
            raise ValueError("it is another issuer's")
        ways = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Doors(
            authorize=self._door(said.get("authorization_endpoint")),
            token=self._door(said.get("token_endpoint")),
            issuer=self._issuer,
            says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
            posts_secret=isinstance(ways, list) and "client_secret_basic" not in ways,
            keys=self._door(said.get("jwks_uri")),
            userinfo=self._door(said["userinfo_endpoint"]) if "userinfo_endpoint" in said else None,
        )

    def _door(self, url: object) -> str:
        """Only an issuer on this machine has doors on this machine."""
        here = _is_plain(self._issuer)
        if not isinstance(url, str) or not is_safe(url) or (_is_plain(url) and not here):
            raise ValueError("a door of it is not safe")
        return url


def _is_plain(url: str) -> bool:
    return urlsplit(url).scheme == "http"


def google() -> OpenID:
    return OpenID("google", "https://accounts.google.com")


async def _userinfo(ask: Ask, url: str, subject: str) -> dict[str, Any]:
    info = await ask(url)
    # Of this user, or it would be a way to have another's address.
    if not isinstance(info, dict) or info.get("sub") != subject:
        raise Unusable("answered with another user")
    return info


def _primary(emails: object) -> str | None:
    for one in emails if isinstance(emails, list) else ():
        if isinstance(one, dict) and one.get("primary") is True and one.get("verified") is True:
            return _email(one.get("email"))
    return None


def _email(value: object) -> str | None:
    text = _text(value, _LONGEST_EMAIL)
    return text if text is not None and "@" in text else None


def _text(value: object, longest: int = _LONGEST) -> str | None:
    if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable():
        return value
    return None
