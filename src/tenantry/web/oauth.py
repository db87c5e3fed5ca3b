"""Signing in through an outside provider: OAuth's code flow with PKCE, from its beginning to who it is.

What is to be remembered in between is sealed and goes along in the browser's cookie: whoever comes back
with an answer must be the one who began. What is done with the identity is the accounts' affair.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import secrets
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from tenantry import strict_json
from tenantry.errors import (
    IdentityProviderUnavailable,
    InvalidInput,
    NotAuthenticated,
    SecretUnreadable,
    SignInRefused,
)
from tenantry.keyring import Keyring

from .outside import PLAIN, TIME_LIMIT_S, Unusable, body, is_safe, tls
from .providers import Asked, Doors, OutsideIdentity, Provider

with warnings.catch_warnings():
    # Authlib takes httpx2 where it is installed, and says so where it is not.
    from authlib.deprecate import AuthlibDeprecationWarning  # type: ignore[import-untyped]

    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
    from authlib.integrations.httpx_client import (  # type: ignore[import-untyped]
        AsyncOAuth2Client,
    )

LIFETIME_S: Final = 600.0
#: For all that is asked between an answer's arrival and the identity.
_FINISH_S: Final = 2 * TIME_LIMIT_S
_PURPOSE: Final = "oauth"
_LONGEST_ANSWER: Final = 8192
_MOST_PARAMETERS: Final = 50
_LONGEST_NEXT: Final = 1024
_LONGEST_REDIRECT: Final = 512
#: One slash and no second: what follows is a path, and not another's name.
_LOCAL: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)
_ERROR: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
#: What is read of a provider's answer to a code.
_TOKENS: Final = ("access_token", "token_type", "id_token", "error")
_LOG: Final = logging.getLogger("tenantry.web")
#: The library that Authlib's client is one of.
_http: Any = import_module(AsyncOAuth2Client.__bases__[-1].__module__.partition(".")[0])
#: What comes of servers that are away, or answer with something else.
_UNUSABLE: Final = (
    Unusable,
    ValueError,
    RecursionError,
    OSError,
    _http.HTTPError,
    _http.InvalidURL,
)


class Begun(NamedTuple):
    #: Where to send the browser.
    url: str
    #: For a short-lived cookie whose name begins with `__Host-`: HttpOnly, Secure, SameSite=Lax.
    sealed: str


class OAuth:
    """One provider, and what this app is to it."""

    def __init__(
        self,
        provider: Provider,
        client_id: str,
        client_secret: str | None,
        *,
        keyring: Keyring,
        lifetime: float = LIFETIME_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.provider = provider
        self._client_id = client_id
        self._client_secret = client_secret
        self._keyring = keyring
        self._lifetime = lifetime
        self._clock = clock

    def __repr__(self) -> str:
        return f"OAuth({self.provider.name!r}, client_id={self._client_id!r})"

    async def begin(
        self, redirect_uri: str, *, next: str = "/", user_id: UUID | None = None
    ) -> Begun:
        """`next` is where the user is going in the app. `user_id` is who is signed in already and wants the
        identity for himself: `finish` takes the answer from him alone."""
        if not is_safe(redirect_uri) or len(redirect_uri) > _LONGEST_REDIRECT:
            raise InvalidInput("redirect_uri is no https URL.", field="redirect_uri")
        if len(next) > _LONGEST_NEXT or _LOCAL.fullmatch(next) is None:
            raise InvalidInput("next is no path of this app, such as /projects.", field="next")
        doors = await self.provider.doors()
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(48)
        async with await self._client(doors) as client:
            url, _ = client.create_authorization_url(
                doors.authorize,
                state=state,
                nonce=nonce if doors.keys else None,
                code_verifier=verifier,
                redirect_uri=redirect_uri,
            )
        remembered = {
            "at": [self.provider.name, self._client_id],
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "redirect_uri": redirect_uri,
            "next": next,
            "user": None if user_id is None else str(user_id),
            "expires": self._clock() + self._lifetime,
        }
        return Begun(url, self._keyring.seal_for(_PURPOSE, remembered))

    async def finish(
        self,
        sealed: str,
        callback: str | Mapping[str, str],
        *,
        user_id: UUID | None = None,
    ) -> OutsideIdentity:
        """Who came back. `callback` is the URL that the browser was sent to, its query, or the query's
        parameters. The cookie is to be deleted, however this ends."""
        answer = self._answer(callback)
        remembered = self._remembered(sealed, answer.get("state", ""), user_id)
        doors = await self.provider.doors()
        if doors.issuer is not None and answer.get("iss", _unsaid(doors)) != doors.issuer:
            raise self._refused("issuer", "The answer is another provider's.")
        if "error" in answer:
            raise self._denied(answer["error"])
        code = answer.get("code", "")
        if not code or not code.isascii() or not code.isprintable():
            raise self._refused("callback", "The answer holds no code.")
        identity = await self._exchanged(doors, code, remembered)
        return replace(identity, next=remembered["next"])

    def _answer(self, callback: str | Mapping[str, str]) -> dict[str, str]:
        if isinstance(callback, str):
            _, asked, query = callback.partition("?")
            text = (query if asked else callback).partition("#")[0]
            try:
                pairs = parse_qsl(
                    text[: _LONGEST_ANSWER + 1],
                    keep_blank_values=True,
                    max_num_fields=_MOST_PARAMETERS,
                )
            except ValueError:
                pairs = []
        else:
            # Some frameworks' parameters hold a name twice, and show the last one.
            pairs = list(getattr(callback, "multi_items", callback.items)())
        answer = dict(pairs)
        if len(answer) != len(pairs) or sum(len(k) + len(v) for k, v in pairs) > _LONGEST_ANSWER:
            raise self._refused("callback", "The address is no answer of a provider.")
        return answer

    def _remembered(self, sealed: str, state: str, user_id: UUID | None) -> dict[str, Any]:
        try:
            remembered = self._keyring.open_for(_PURPOSE, sealed if sealed.isascii() else "")
        except SecretUnreadable:
            remembered = None
        if (
            remembered is None
            or remembered["at"] != [self.provider.name, self._client_id]
            or not hmac.compare_digest(remembered["state"].encode(), state.encode(errors="replace"))
            or remembered["user"] != (None if user_id is None else str(user_id))
        ):
            raise self._refused("state", "This sign-in was not begun here.")
        if self._clock() >= remembered["expires"]:
            raise self._refused("expired", "This sign-in took too long.")
        return remembered

    async def _exchanged(
        self, doors: Doors, code: str, remembered: dict[str, Any]
    ) -> OutsideIdentity:
        try:
            async with asyncio.timeout(_FINISH_S), await self._client(doors) as client:
                tokens = await client.fetch_token(
                    doors.token,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=remembered["verifier"],
                    redirect_uri=remembered["redirect_uri"],
                )
                if not isinstance(tokens.get("access_token"), str):
                    raise Unusable("answered without a token")
                return await self.provider.identity(
                    Asked(
                        client_id=self._client_id,
                        nonce=remembered["nonce"],
                        tokens=tokens,
                        ask=client.ask,
                    )
                )
        except AuthlibBaseError as error:
            said = _word(error.error)
            # It may be the user's, and it may be the app's own, which nobody else will tell of.
            _LOG.warning("%s took no code: %s", self.provider.name, said)
            raise self._refused("code", "The provider did not take the code.", said) from None
        except NotAuthenticated as error:
            _LOG.warning("%s proved nothing: %s", self.provider.name, error.reason)
            raise self._refused("identity", "What the provider says is not proven.") from None
        except _UNUSABLE as error:
            _LOG.warning("%s cannot be asked: %s", self.provider.name, error or type(error))
            raise IdentityProviderUnavailable(
                f"{self.provider.name} cannot be asked at present.",
                hint="Sign in again in a moment.",
                provider=self.provider.name,
                retry_after=1.0,
            ) from None

    async def _client(self, doors: Doors) -> _Client:
        way = "client_secret_post" if doors.posts_secret else "client_secret_basic"
        client = _Client(
            self._client_id,
            self._client_secret,
            token_endpoint_auth_method=way if self._client_secret else "none",
            scope=" ".join(self.provider.scopes),
            code_challenge_method="S256",
            headers=PLAIN,
            timeout=TIME_LIMIT_S,
            verify=await tls(),
        )
        client.register_compliance_hook("access_token_response", _tokens)
        return client

    def _denied(self, error: str) -> SignInRefused:
        return self._refused("denied", "The sign-in was not allowed.", _word(error))

    def _refused(self, reason: str, message: str, said: str | None = None) -> SignInRefused:
        return SignInRefused(
            message,
            hint="Sign in again.",
            reason=reason,
            provider=self.provider.name,
            said=said,
        )


class _Client(AsyncOAuth2Client):  # type: ignore[misc]
    """Authlib's, with a measure to what it reads."""

    async def send(self, request: Any, **options: Any) -> Any:
        answer = await super().send(request, **{**options, "stream": True})
        try:
            content = await body(answer)
        finally:
            await answer.aclose()
        return type(answer)(
            answer.status_code, headers=answer.headers, content=content, request=request
        )

    async def ask(self, url: str, *, without: tuple[int, ...] = ()) -> Any:
        answer = await self.get(url)
        if answer.status_code in without:
            return None
        if answer.status_code != 200:
            raise Unusable(f"answered {answer.status_code}")
        return strict_json.read(answer.content)


def _tokens(answer: Any) -> Any:
    """The answer without all that Authlib would make something of: it takes a token that is good for
    a minute for one that is over, and trips on times that are none."""
    said = strict_json.read(answer.content)
    if not isinstance(said, dict):
        raise Unusable("answered without a token")
    read = {name: said[name] for name in _TOKENS if isinstance(said.get(name), str)}
    return type(answer)(answer.status_code, json=read, request=answer.request)


def _unsaid(doors: Doors) -> str | None:
    """What to take for the answer's sender where it names none."""
    return None if doors.says_issuer else doors.issuer


def _word(error: object) -> str | None:
    """Their word for it, if it is one: it comes by way of the browser."""
    return error if isinstance(error, str) and _ERROR.fullmatch(error) else None
