"""Whoever comes back with an answer began it, in this browser, a moment ago, at this provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import uuid4

import pytest
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, RedirectResponse, Response

from tenantry.errors import (
    ConfigurationError,
    IdentityProviderUnavailable,
    InvalidInput,
    SecretUnreadable,
    SignInRefused,
)
from tenantry.keyring import Keyring, new_key
from tenantry.web import oauth, outside
from tenantry.web.oauth import OAuth
from tenantry.web.providers import GitHub, OpenID, OutsideIdentity, google
from tests.web.issuer import Clock, Stage, rsa, serving
from tests.web.outsider import CLIENT, REDIRECT, SECRET, Outsider

KEYRING = Keyring([new_key()])
Ways = Callable[..., OAuth]


@pytest.fixture
def there(stage: Stage) -> Outsider:
    one = Outsider()
    stage.app, one.url = one.app, stage.url
    return one


@pytest.fixture
def github(there: Outsider) -> OAuth:
    provider = GitHub(url=there.url, api=there.url)
    return OAuth(provider, CLIENT, SECRET, keyring=KEYRING)


@pytest.fixture
def openid(there: Outsider) -> OAuth:
    return OAuth(OpenID("idp", there.url), CLIENT, SECRET, keyring=KEYRING)


@pytest.fixture(params=["github", "openid"])
def either(request: pytest.FixtureRequest) -> OAuth:
    one: OAuth = request.getfixturevalue(request.param)
    return one


async def refused(reason: str, work: Any) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        await work
    assert caught.value.reason == reason
    assert SECRET not in json.dumps(caught.value.to_dict())
    return caught.value


async def signed_in(app: OAuth, there: Outsider, **begin: Any) -> OutsideIdentity:
    begun = await app.begin(REDIRECT, **begin)
    return await app.finish(begun.sealed, await there.visit(begun.url))


def changed(url: str, **parameters: str | None) -> str:
    given = {**dict(parse_qsl(urlsplit(url).query)), **parameters}
    return f"{REDIRECT}?{urlencode({k: v for k, v in given.items() if v is not None})}"


# ---- how it goes ------------------------------------------------------------------------------


async def test_github_says_who_it_is(github: OAuth, there: Outsider) -> None:
    identity = await signed_in(github, there, next="/projects?tab=1")
    assert identity == OutsideIdentity(
        provider="github",
        subject="583231",
        username="ann",
        email="ann@example.org",
        email_verified=True,
        profile=there.user,
        next="/projects?tab=1",
    )


async def test_an_openid_provider_says_who_it_is(openid: OAuth, there: Outsider) -> None:
    identity = await signed_in(openid, there)
    assert (identity.provider, identity.subject, identity.username) == ("idp", "u-1", "ann")
    assert (identity.email, identity.email_verified, identity.next) == (
        "ann@example.org",
        True,
        "/",
    )
    assert "/userinfo" not in there.asked
    # Its doors and keys are known by now.
    there.asked.clear()
    await signed_in(openid, there)
    assert there.asked == ["/login/oauth/authorize", "/login/oauth/access_token"]


async def test_what_the_browser_carries_tells_nothing(either: OAuth, there: Outsider) -> None:
    begun = await either.begin(REDIRECT)
    again = await either.begin(REDIRECT)
    asked = parse_qs(urlsplit(begun.url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 43
    assert ("nonce" in asked) is ("openid" in asked["scope"][0])
    assert len(begun.sealed) < 3000
    assert begun.sealed.isascii()
    for name in ("state", "code_challenge"):
        assert asked[name] != parse_qs(urlsplit(again.url).query)[name]
        assert asked[name][0] not in begun.sealed
    assert SECRET not in begun.url + repr(either)


async def test_an_answer_is_read_from_an_address_a_query_or_its_parameters(
    github: OAuth, there: Outsider
) -> None:
    forms: list[Callable[[str], Any]] = [
        str,
        lambda url: url + "#fragment",
        lambda url: urlsplit(url).query,
        lambda url: dict(parse_qsl(urlsplit(url).query)),
        lambda url: QueryParams(urlsplit(url).query),
    ]
    for form in forms:
        begun = await github.begin(REDIRECT)
        assert await github.finish(begun.sealed, form(await there.visit(begun.url)))


async def test_a_secret_goes_the_way_that_the_provider_takes(
    openid: OAuth, there: Outsider
) -> None:
    there.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    assert await signed_in(openid, there)


async def test_an_issuer_that_says_no_ways_is_shown_the_secret_in_the_usual_one(
    openid: OAuth, there: Outsider
) -> None:
    there.metadata["token_endpoint_auth_methods_supported"] = None
    assert await signed_in(openid, there)


async def test_keys_may_change_in_between(there: Outsider) -> None:
    old, new = new_key(), new_key()
    provider = GitHub(url=there.url, api=there.url)
    begun = await OAuth(provider, CLIENT, SECRET, keyring=Keyring([old])).begin(REDIRECT)
    after = OAuth(provider, CLIENT, SECRET, keyring=Keyring([new, old]))
    assert await after.finish(begun.sealed, await there.visit(begun.url))


# ---- who comes back ---------------------------------------------------------------------------


async def test_the_answer_belongs_to_the_browser_that_began(either: OAuth, there: Outsider) -> None:
    mine, theirs = await either.begin(REDIRECT), await either.begin(REDIRECT)
    answer = await there.visit(theirs.url)
    await refused("state", either.finish(mine.sealed, answer))
    for state in ("", "x", None, "é", "\ud800"):
        given = dict(parse_qsl(urlsplit(answer).query))
        given.pop("state")
        await refused(
            "state",
            either.finish(theirs.sealed, given if state is None else {**given, "state": state}),
        )
    for sealed in ("", "x", "é", theirs.sealed[:-2], theirs.sealed.swapcase()):
        await refused("state", either.finish(sealed, answer))
    assert "/login/oauth/access_token" not in there.asked
    assert await either.finish(theirs.sealed, answer)


async def test_a_code_is_good_once(either: OAuth, there: Outsider) -> None:
    begun = await either.begin(REDIRECT)
    answer = await there.visit(begun.url)
    await either.finish(begun.sealed, answer)
    error = await refused("code", either.finish(begun.sealed, answer))
    assert error.fields["said"] == "bad_verification_code"


async def test_a_sign_in_has_its_time(there: Outsider) -> None:
    clock = Clock(1_795_000_000.0)
    provider = GitHub(url=there.url, api=there.url)
    app = OAuth(provider, CLIENT, SECRET, keyring=KEYRING, lifetime=600, clock=clock)
    begun = await app.begin(REDIRECT)
    answer = await there.visit(begun.url)
    clock.now += 600
    await refused("expired", app.finish(begun.sealed, answer))
    clock.now -= 0.5
    assert await app.finish(begun.sealed, answer)


async def test_one_providers_answer_is_not_anothers(
    github: OAuth, openid: OAuth, there: Outsider
) -> None:
    begun = await github.begin(REDIRECT)
    answer = await there.visit(begun.url)
    await refused("state", openid.finish(begun.sealed, answer))
    other = OAuth(github.provider, "another-app", SECRET, keyring=KEYRING)
    await refused("state", other.finish(begun.sealed, answer))
    elsewhere = OAuth(github.provider, CLIENT, SECRET, keyring=Keyring([new_key()]))
    await refused("state", elsewhere.finish(begun.sealed, answer))


async def test_an_identity_is_linked_to_whoever_asked_for_it(
    either: OAuth, there: Outsider
) -> None:
    me, other = uuid4(), uuid4()
    begun = await either.begin(REDIRECT, user_id=me)
    answer = await there.visit(begun.url)
    await refused("state", either.finish(begun.sealed, answer, user_id=other))
    await refused("state", either.finish(begun.sealed, answer))
    assert await either.finish(begun.sealed, answer, user_id=me)
    begun = await either.begin(REDIRECT)
    answer = await there.visit(begun.url)
    await refused("state", either.finish(begun.sealed, answer, user_id=me))


def test_what_was_sealed_for_something_else_is_no_sign_in() -> None:
    row, tenant = uuid4(), uuid4()
    with pytest.raises(SecretUnreadable):
        KEYRING.open_for("oauth", KEYRING.seal({"a": 1}, tenant, row).decode())
    with pytest.raises(SecretUnreadable):
        KEYRING.open_for("oauth", KEYRING.seal_for("other", {"a": 1}))
    with pytest.raises(SecretUnreadable):
        KEYRING.open(KEYRING.seal_for("oauth", {"a": 1}).encode(), tenant, row)
    assert KEYRING.open_for("oauth", KEYRING.seal_for("oauth", {"a": 1})) == {"a": 1}


async def test_without_keys_nothing_begins(there: Outsider) -> None:
    provider = GitHub(url=there.url, api=there.url)
    with pytest.raises(ConfigurationError) as caught:
        await OAuth(provider, CLIENT, SECRET, keyring=Keyring()).begin(REDIRECT)
    assert caught.value.setting == "secret_keys"


# ---- what comes back --------------------------------------------------------------------------


async def test_an_answer_may_be_no(either: OAuth, there: Outsider) -> None:
    there.callback = {"code": None, "error": "access_denied", "error_description": "<script>"}
    begun = await either.begin(REDIRECT)
    answer = await there.visit(begun.url)
    error = await refused("denied", either.finish(begun.sealed, answer))
    assert error.fields["said"] == "access_denied"
    assert "<script>" not in str(error) + json.dumps(error.to_dict())
    error = await refused("denied", either.finish(begun.sealed, changed(answer, error="<b>")))
    assert error.fields["said"] is None
    # With a code too, it is no.
    await refused("denied", either.finish(begun.sealed, changed(answer, code="code-0")))
    # Nobody can say it for another.
    await refused("state", either.finish(begun.sealed, changed(answer, state="x")))
    assert "/login/oauth/access_token" not in there.asked


async def test_an_answer_that_is_none(either: OAuth, there: Outsider) -> None:
    begun = await either.begin(REDIRECT)
    answer = await there.visit(begun.url)
    state = dict(parse_qsl(urlsplit(answer).query))["state"]
    for twice in ("code=other", "state=" + state, "iss=x&iss=x"):
        await refused("callback", either.finish(begun.sealed, f"{answer}&{twice}"))
        both = QueryParams(urlsplit(answer).query + "&" + twice)
        await refused("callback", either.finish(begun.sealed, both))
    await refused("callback", either.finish(begun.sealed, changed(answer, code=None)))
    for code in ("", "é", "a\nb", "\0"):
        await refused("callback", either.finish(begun.sealed, changed(answer, code=code)))
    for nothing in ("", "?", REDIRECT, "&" * 100, "&".join(f"a{n}=1" for n in range(99))):
        await refused("state", either.finish(begun.sealed, nothing))
    await refused("callback", either.finish(begun.sealed, {"state": state, "code": "x" * 9000}))


async def test_the_answer_says_whose_it_is(openid: OAuth, there: Outsider) -> None:
    begun = await openid.begin(REDIRECT)
    answer = await there.visit(begun.url)
    for other in ("https://evil.example.org", "", there.url + "/"):
        await refused("issuer", openid.finish(begun.sealed, changed(answer, iss=other)))
    assert await openid.finish(begun.sealed, changed(answer, iss=there.url))


async def test_the_answer_must_say_whose_it_is_where_they_all_do(
    openid: OAuth, there: Outsider
) -> None:
    there.metadata["authorization_response_iss_parameter_supported"] = True
    begun = await openid.begin(REDIRECT)
    answer = await there.visit(begun.url)
    await refused("issuer", openid.finish(begun.sealed, answer))
    await refused("issuer", openid.finish(begun.sealed, changed(answer, error="access_denied")))
    assert await openid.finish(begun.sealed, changed(answer, iss=there.url))


async def test_a_code_from_elsewhere_is_not_taken(either: OAuth, there: Outsider) -> None:
    """Injected into one's own answer: it was made for another verifier."""
    mine, theirs = await either.begin(REDIRECT), await either.begin(REDIRECT)
    stolen = dict(parse_qsl(urlsplit(await there.visit(theirs.url)).query))["code"]
    answer = await there.visit(mine.url)
    await refused("code", either.finish(mine.sealed, changed(answer, code=stolen)))


async def test_a_wrong_secret_is_told_in_the_log(
    either: OAuth, there: Outsider, caplog: pytest.LogCaptureFixture
) -> None:
    app = OAuth(either.provider, CLIENT, "another secret", keyring=KEYRING)
    await refused("code", signed_in(app, there))
    assert "invalid_client" in caplog.text
    assert "another secret" not in caplog.text


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example.org",
        "//evil.example.org",
        "/\\evil.example.org",
        "\\/evil.example.org",
        "/\t/evil.example.org",
        "/\n/evil.example.org",
        "\t//evil.example.org",
        " /x",
        "/x y",
        "",
        "x",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "/é",
        "/a\\b",
        "/" * 2,
        "/" + "x" * 1024,
    ],
)
async def test_one_goes_on_within_the_app(github: OAuth, next: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await github.begin(REDIRECT, next=next)
    assert caught.value.field == "next"


async def test_addresses_of_the_app_are_safe(github: OAuth) -> None:
    for wrong in ("http://app.example.org/cb", "/cb", "", "javascript:x", "https://a.b/#x"):
        with pytest.raises(InvalidInput) as caught:
            await github.begin(wrong)
        assert caught.value.field == "redirect_uri"
    for fine in ("/", "/a?b=c#d", "/%2f%2fx", "/a//b", "/~ann"):
        await github.begin(REDIRECT, next=fine)


# ---- what is proven of him --------------------------------------------------------------------


@pytest.mark.parametrize(
    "emails",
    [
        [],
        [{"email": "ann@example.org", "primary": True, "verified": False}],
        [{"email": "ann@example.org", "primary": False, "verified": True}],
        [{"email": "ann@example.org", "primary": "true", "verified": "true"}],
        [{"email": "ann@example.org", "primary": 1, "verified": 1}],
        [{"email": None, "primary": True, "verified": True}],
        [{"email": "ann", "primary": True, "verified": True}],
        [{"email": "a\nb@example.org", "primary": True, "verified": True}],
        ["ann@example.org", None],
        {"message": "?"},
        None,
    ],
)
async def test_githubs_address_is_the_first_and_proven(
    github: OAuth, there: Outsider, emails: Any
) -> None:
    there.emails = emails
    identity = await signed_in(github, there)
    # Nor is the one that stands in the profile.
    assert (identity.email, identity.email_verified) == (None, False)


async def test_github_may_keep_the_address_to_itself(github: OAuth, there: Outsider) -> None:
    for status in (403, 404):
        there.instead = {"/user/emails": JSONResponse({"message": "no"}, status)}
        assert (await signed_in(github, there)).email is None


@pytest.mark.parametrize(
    "user",
    [
        {},
        [],
        None,
        {"id": "583231"},
        {"id": 0},
        {"id": -1},
        {"id": True},
        {"id": 1.5},
        {"login": "ann"},
    ],
)
async def test_github_users_have_a_number(github: OAuth, there: Outsider, user: Any) -> None:
    there.user = user
    await refused("identity", signed_in(github, there))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.org"},
        {"aud": "another-app"},
        {"aud": [CLIENT, "another-app"]},
        {"aud": [CLIENT, "another-app"], "azp": "another-app"},
        {"azp": "another-app"},
        {"nonce": ...},
        {"nonce": "x"},
        {"nonce": None},
        {"nonce": "é"},
        {"exp": 1_700_000_000},
        {"exp": ...},
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
)
async def test_an_id_token_is_of_this_sign_in(
    openid: OAuth, there: Outsider, claims: dict[str, Any]
) -> None:
    there.claims = claims
    await refused("identity", signed_in(openid, there))


async def test_an_id_token_is_signed(openid: OAuth, there: Outsider) -> None:
    there.key = rsa("two")
    await refused("identity", signed_in(openid, there))
    rubbish: list[Any] = ["", "a.b.c", None, 7, []]
    for token in rubbish:
        there.token = {"id_token": token}
        await refused("identity", signed_in(openid, there))


async def test_an_access_token_is_no_id_token(openid: OAuth, there: Outsider) -> None:
    there.header = {"typ": "at+jwt"}
    await refused("identity", signed_in(openid, there))


async def test_one_of_several_audiences_may_be_we(openid: OAuth, there: Outsider) -> None:
    there.claims = {"aud": [CLIENT, "another-app"], "azp": CLIENT}
    assert await signed_in(openid, there)


async def test_an_address_may_stand_elsewhere(openid: OAuth, there: Outsider) -> None:
    there.claims = {"email": ..., "email_verified": ...}
    identity = await signed_in(openid, there)
    assert (identity.email, identity.email_verified) == ("ann@example.org", True)
    # It is of the same user, or of no use.
    others: list[Any] = [{**there.info, "sub": "u-2"}, {"email": "x@y"}, [], None]
    for info in others:
        there.info = info
        with pytest.raises(IdentityProviderUnavailable):
            await signed_in(openid, there)


async def test_an_address_is_proven_or_not(openid: OAuth, there: Outsider) -> None:
    for said in (False, "true", 1, None, ...):
        there.claims = {"email_verified": said}
        identity = await signed_in(openid, there)
        assert (identity.email, identity.email_verified) == ("ann@example.org", False)
    there.claims = {"email": "no address", "email_verified": True}
    identity = await signed_in(openid, there)
    assert (identity.email, identity.email_verified) == (None, False)


# ---- providers that are away, or something else -------------------------------------------------


@pytest.mark.parametrize("path", ["/login/oauth/access_token", "/user", "/user/emails"])
async def test_what_cannot_be_used_is_tried_again(
    github: OAuth, there: Outsider, path: str
) -> None:
    for answer in (
        Response(status_code=500),
        Response("<html>"),
        Response("[" * 100_000),
        Response(b" " * (outside.LARGEST + 1)),
        Response("{}", headers={"content-encoding": "gzip"}),
        RedirectResponse("/user"),
    ):
        there.instead = {path: answer}
        with pytest.raises(IdentityProviderUnavailable) as caught:
            await signed_in(github, there)
        assert caught.value.retryable


async def test_an_answer_without_a_token_is_none(github: OAuth, there: Outsider) -> None:
    rubbish: list[Any] = [None, 7, []]
    for token in rubbish:
        there.token = {"access_token": token}
        with pytest.raises(IdentityProviderUnavailable):
            await signed_in(github, there)


@pytest.mark.parametrize(
    "said",
    [
        {"expires_in": 60},
        {"expires_in": -5, "refresh_token": "r"},
        {"expires_in": [1], "expires_at": {}},
        {"expires_at": [1]},
        {"expires_at": 1, "refresh_token": 7},
        {"token_type": 7},
        {"token_type": None},
        {"error": None},
    ],
)
async def test_what_is_not_read_of_an_answer_is_no_matter(
    either: OAuth, there: Outsider, said: dict[str, Any]
) -> None:
    there.token = said
    there.claims = {"email": ...}  # so that the token is used with OpenID too
    identity = await signed_in(either, there)
    assert identity.email == "ann@example.org"


async def test_an_answer_that_readers_differ_in_is_none(either: OAuth, there: Outsider) -> None:
    good = '"access_token": "at-1", "token_type": "bearer"'
    for said in ('"expires_in": 1e999', '"access_token": "at-2"', '"expires_in": NaN'):
        there.instead = {"/login/oauth/access_token": Response(f"{{{good}, {said}}}")}
        with pytest.raises(IdentityProviderUnavailable):
            await signed_in(either, there)


async def test_a_slow_provider_is_given_up(
    github: OAuth, there: Outsider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.05)

    monkeypatch.setattr(oauth, "_FINISH_S", 0.5)
    there.instead = {"/user": slow}  # type: ignore[dict-item]
    with pytest.raises(IdentityProviderUnavailable):
        await signed_in(github, there)


async def test_a_provider_that_is_away_is_tried_again() -> None:
    other = Outsider()
    with serving(other.app) as port:
        other.url = f"http://127.0.0.1:{port}"
        github = OAuth(GitHub(url=other.url, api=other.url), CLIENT, SECRET, keyring=KEYRING)
        begun = await github.begin(REDIRECT)
        answer = await other.visit(begun.url)
        gone = OpenID("gone", other.url)
    with pytest.raises(IdentityProviderUnavailable):
        await github.finish(begun.sealed, answer)
    with pytest.raises(IdentityProviderUnavailable):
        await OAuth(gone, CLIENT, SECRET, keyring=KEYRING).begin(REDIRECT)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example.org"},
        {"issuer": None},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://evil.example.org/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "//evil.example.org"},
        {"token_endpoint": 7},
    ],
)
async def test_doors_that_are_not_safe_are_not_gone_through(
    openid: OAuth, there: Outsider, metadata: dict[str, Any]
) -> None:
    there.metadata = metadata
    with pytest.raises(IdentityProviderUnavailable):
        await openid.begin(REDIRECT)


def test_an_issuer_elsewhere_has_no_doors_here() -> None:
    far = google()
    said = {
        "issuer": "https://accounts.google.com",
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
    }
    doors = far._read(json.dumps(said).encode())
    assert doors.token == said["token_endpoint"]
    # When its keys move, those of the old place are forgotten.
    first = far._key_set("https://keys.example.org/1")
    assert far._key_set("https://keys.example.org/1") is first
    assert far._key_set("https://keys.example.org/2") is not first
    # Where a secret may go either way it goes in the header.
    ways = {"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]}
    assert not far._read(json.dumps({**said, **ways}).encode()).posts_secret
    for here in ("http://127.0.0.1/x", "HTTP://127.0.0.1/x", "hTTp://localhost/x"):
        for door in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            with pytest.raises(ValueError, match="not safe"):
                far._read(json.dumps({**said, door: here}).encode())


def test_providers_are_reached_over_tls() -> None:
    for make in (
        lambda: OpenID("x", "http://issuer.example.org"),
        lambda: GitHub(url="http://github.example.org"),
        lambda: GitHub(api="ftp://github.example.org"),
    ):
        with pytest.raises(ConfigurationError):
            make()
