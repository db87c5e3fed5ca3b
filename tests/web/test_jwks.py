"""Published keys: asked for once, kept, asked for anew when one is missed, and never too often."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import Key, OctKey

from tenantry.errors import IdentityProviderUnavailable, NotAuthenticated
from tenantry.web import kept, outside
from tenantry.web.kept import Kept
from tenantry.web.keys import KeySet, read_key_set
from tenantry.web.outside import is_safe
from tenantry.web.tokens import Tokens
from tenantry.web.verifier import Verifier
from tests.web.issuer import (
    Clock,
    Published,
    Stage,
    elliptic,
    public,
    rsa,
    serving,
    signed,
    until,
)

ISSUER, AUDIENCE = "https://issuer.example.org", "api"


@pytest.fixture
def published(stage: Stage) -> Published:
    one = Published()
    stage.app, one.url = one.app, f"{stage.url}/jwks"
    return one


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rules(published: Published, clock: Clock) -> Verifier:
    return verifier(published.url, clock)


def verifier(url: str, clock: Clock) -> Verifier:
    keys = Kept(url, read_key_set, provider=ISSUER, clock=clock)
    return Verifier(issuer=ISSUER, audiences=[AUDIENCE], keys=keys)


def token(name: str = "one", key: Key | None = None, **header: Any) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600}
    claims["tenant_id"] = str(uuid4())
    return signed({"alg": "RS256", "kid": name, **header}, claims, key or rsa(name))


async def refused(rules: Verifier, text: str) -> None:
    with pytest.raises(NotAuthenticated):
        await rules.claims(text)


async def unknown(rules: Verifier, text: str) -> IdentityProviderUnavailable:
    with pytest.raises(IdentityProviderUnavailable) as caught:
        await rules.claims(text)
    assert caught.value.retryable
    assert caught.value.retry_after > 0
    assert caught.value.provider == ISSUER
    return caught.value


async def test_keys_are_asked_for_once(published: Published, rules: Verifier) -> None:
    await asyncio.gather(*(rules.claims(token()) for _ in range(50)))
    await rules.claims(token())
    assert published.asked == 1


async def test_tokens_are_verified_with_published_keys(published: Published) -> None:
    tokens = Tokens(issuer=ISSUER, audience=AUDIENCE, jwks_url=published.url)
    assert (await tokens.verify(token())).user_id is None
    with pytest.raises(NotAuthenticated):
        await tokens.verify(token(key=rsa("two")))


async def test_what_is_no_token_asks_for_nothing(published: Published, rules: Verifier) -> None:
    for text in ("", "a.b.c", token(alg="HS256", key=OctKey.generate_key(256))):
        await refused(rules, text)
    assert published.asked == 0


async def test_an_unknown_id_asks_once_in_a_while(
    published: Published, rules: Verifier, clock: Clock
) -> None:
    await rules.claims(token())
    clock.now += kept.AGAIN_S
    await asyncio.gather(*(refused(rules, token(f"k{n}", rsa("two"))) for n in range(50)))
    assert published.asked == 2
    # Nor does a key sign under another's id once it was asked for.
    clock.now += kept.AGAIN_S
    await refused(rules, token("two", rsa("one")))
    assert published.asked == 3
    clock.now += kept.AGAIN_S - 1
    await refused(rules, token("two"))
    assert published.asked == 3
    await rules.claims(token())


async def test_keys_are_rotated(published: Published, rules: Verifier, clock: Clock) -> None:
    old, new = token("one"), token("two")
    await rules.claims(old)
    published.publish(rsa("one"), rsa("two"))
    # So soon after the last answer nothing is asked: the new key waits a moment.
    await refused(rules, new)
    clock.now += kept.AGAIN_S
    await rules.claims(new)
    await rules.claims(old)
    published.publish(rsa("two"))
    clock.now += 301
    await refused(rules, old)
    await rules.claims(new)


async def test_a_key_that_is_gone_is_gone_when_its_time_is_over(
    published: Published, rules: Verifier, clock: Clock
) -> None:
    published.headers = {"cache-control": "public, max-age=120"}
    await rules.claims(token())
    published.publish(rsa("two"))
    clock.now += 119
    await rules.claims(token())
    clock.now += 1
    await refused(rules, token())
    published.content = b'{"keys": []}'
    clock.now += 120
    await refused(rules, token("two"))


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 300),
        ("public", 300),
        ("max-age=0", 60),
        ("no-store", 60),
        ("no-cache, max-age=7200", 60),
        ('public, Max-Age="600", must-revalidate', 600),
        ("max-age=99999999", 86400),
        ("max-age=-5", 300),
        ("s-maxage=900", 300),
        ("max-age=nonsense", 300),
    ],
)
async def test_they_are_kept_as_long_as_is_said_within_bounds(
    published: Published, rules: Verifier, clock: Clock, said: str, seconds: int
) -> None:
    published.headers = {"cache-control": said} if said else {}
    await rules.claims(token())
    clock.now += seconds - 0.5
    await rules.claims(token())
    assert published.asked == 1
    clock.now += 0.5
    await rules.claims(token())
    assert published.asked == 2


async def test_old_keys_serve_while_the_issuer_is_away(clock: Clock) -> None:
    with serving(Published().app) as port:
        rules = verifier(f"http://127.0.0.1:{port}/jwks", clock)
        await rules.claims(token())
    clock.now += 301
    await rules.claims(token())
    # A new key cannot be told from a false one.
    assert (await unknown(rules, token("two"))).retry_after == kept.AGAIN_S
    clock.now += 86_398
    await rules.claims(token())
    clock.now += 1
    await unknown(rules, token())


async def test_without_keys_nobody_is_refused_and_nobody_let_in(clock: Clock) -> None:
    published = Published()
    with serving(published.app) as port:
        pass
    rules = verifier(f"http://127.0.0.1:{port}/jwks", clock)
    assert (await unknown(rules, token())).retry_after == kept.FIRST_AGAIN_S
    with serving(published.app, port):
        # It is not asked for every request that comes.
        await unknown(rules, token())
        assert published.asked == 0
        clock.now += kept.FIRST_AGAIN_S
        await rules.claims(token())
    assert published.asked == 1


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, None),
        (404, {}, None),
        (204, {}, b""),
        (302, {"location": "/elsewhere"}, None),
        (307, {"location": "https://evil.example.org/jwks"}, None),
        (200, {"content-encoding": "gzip"}, None),
        (200, {"content-encoding": "gzip"}, gzip.compress(json.dumps(public(rsa())).encode())),
        (200, {}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"[]"),
        (200, {}, b'{"keys": {}}'),
        (200, {}, b'{"keys": [], "keys": []}'),
        (200, {}, b"\xff\xfe"),
        (200, {}, b"[" * 100_000),
        (200, {}, b" " * (outside.LARGEST + 1)),
        (200, {}, json.dumps({"keys": [{}] * 65}).encode()),
    ],
)
async def test_an_answer_that_is_none(
    published: Published,
    rules: Verifier,
    clock: Clock,
    answer: tuple[int, dict[str, str], bytes | None],
) -> None:
    """It is as if the issuer was away: nothing is kept of it, and nothing is followed."""
    status, headers, content = answer
    good = published.content
    await rules.claims(token())
    published.status, published.headers = status, headers
    published.content = good if content is None else content
    fresh = verifier(published.url, clock)
    await unknown(fresh, token())
    clock.now += 301
    await rules.claims(token())
    await unknown(rules, token("two"))
    published.status, published.headers, published.content = 200, {}, good
    clock.now += 301
    await rules.claims(token())
    await fresh.claims(token())


async def test_a_body_without_end_is_not_read_to_the_end(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done() or gone.result()["type"] != "http.disconnect":
            await send({"type": "http.response.body", "body": b" " * 65536, "more_body": True})
            await asyncio.sleep(0)
            if gone.done():
                gone = asyncio.ensure_future(receive())

    with serving(app) as port:
        await unknown(verifier(f"http://127.0.0.1:{port}/jwks", clock), token())
    assert f"more than {outside.LARGEST} bytes" in caplog.text


async def test_a_slow_issuer_holds_up_nobody_else(
    published: Published, rules: Verifier, clock: Clock
) -> None:
    await rules.claims(token())
    published.holding, published.status = True, 500
    clock.now += kept.AGAIN_S
    waiting = asyncio.create_task(unknown(rules, token("two")))
    await until(lambda: published.asked == 2)
    # Those whose keys are there do not wait for it.
    await rules.claims(token())
    assert not waiting.done()
    published.holding = False
    await waiting
    # Nor do they when their time is over, once it is known to be away.
    published.holding = True
    clock.now += 301
    await rules.claims(token())
    await until(lambda: published.asked == 3)
    keys = rules._keys
    assert isinstance(keys, Kept)
    assert keys._task is not None
    assert not keys._task.done()
    published.holding, published.status = False, 200
    await until(lambda: not keys._away)
    published.publish(rsa("two"))
    clock.now += 301
    await rules.claims(token("two"))
    await refused(rules, token())


async def test_a_slow_issuer_is_given_up(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it says a little every now and then, so that no single wait is long."""
    monkeypatch.setattr(outside, "TIME_LIMIT_S", 0.3)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.05)

    with serving(app) as port:
        async with asyncio.timeout(30):
            await unknown(verifier(f"http://127.0.0.1:{port}/jwks", clock), token())


@pytest.mark.parametrize("name", ["one", "two"])
async def test_who_leaves_takes_nothing_from_the_others(
    published: Published, rules: Verifier, clock: Clock, name: str
) -> None:
    if name == "two":  # it is missed in what there is
        await rules.claims(token())
        clock.now += kept.AGAIN_S
    asked = published.asked
    published.publish(rsa("one"), rsa("two"))
    published.holding = True
    first = asyncio.create_task(rules.claims(token(name)))
    others = [asyncio.create_task(rules.claims(token(name))) for _ in range(5)]
    await until(lambda: published.asked == asked + 1)
    first.cancel()
    await asyncio.wait([first])
    published.holding = False
    await asyncio.gather(*others)
    assert first.cancelled()
    assert published.asked == asked + 1


async def test_who_missed_something_in_an_older_answer_gets_the_one_there_is(
    published: Published, clock: Clock
) -> None:
    one = Kept(published.url, read_key_set, provider=ISSUER, clock=clock)
    older = await one.get()
    clock.now += kept.AGAIN_S
    newer = await one.newer(older)
    assert newer is not older
    clock.now += kept.AGAIN_S
    assert await one.newer(older) is newer
    assert published.asked == 2
    published.status = 500
    with pytest.raises(IdentityProviderUnavailable):
        await one.newer(newer)
    assert await one.newer(older) is newer
    assert published.asked == 3


async def test_who_asks_leaves_nothing_of_his_own_in_it(published: Published) -> None:
    tenant: ContextVar[str] = ContextVar("tenant", default="nobody")
    seen = []

    def read(text: bytes) -> KeySet:
        seen.append(tenant.get())
        return read_key_set(text)

    tenant.set("acme")
    await Kept(published.url, read, provider=ISSUER).get()
    assert seen == ["nobody"]


def test_it_may_be_used_in_one_loop_after_another(published: Published, clock: Clock) -> None:
    rules = verifier(published.url, clock)

    async def leave() -> None:
        published.holding = True
        waiting.append(asyncio.create_task(rules.claims(token())))
        await until(lambda: published.asked == 1)

    waiting: list[asyncio.Task[Any]] = []
    first = asyncio.new_event_loop()
    first.run_until_complete(leave())
    # It stands still from here on, and what it waits for never comes.
    published.holding = False
    clock.now += kept.AGAIN_S
    asyncio.run(rules.claims(token()))
    first.run_until_complete(waiting[0])
    first.close()


def test_a_published_set_may_hold_keys_for_other_purposes() -> None:
    good = public(rsa(), elliptic("P-256", "p256"))["keys"]
    others: list[Any] = [
        OctKey.generate_key(256).as_dict(),
        {**good[0], "use": "enc"},
        {**good[0], "key_ops": 7},
        {**good[0], "alg": {}},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"},
        rsa("leaked").as_dict(private=True),
        "key",
        None,
    ]
    content = json.dumps({"keys": [*others, *good]}).encode()
    assert [key.kid for key in read_key_set(content).keys] == ["one", "p256"]
    assert read_key_set(json.dumps({"keys": others}).encode()) == KeySet(())


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://issuer.example.org/jwks?v=1", True),
        ("https://issuer.example.org:8443/", True),
        ("http://127.0.0.1:8000/jwks", True),
        ("http://[::1]/jwks", True),
        ("http://localhost:1/jwks", True),
        ("http://issuer.example.org/jwks", False),
        ("http://localhost.example.org/", False),
        ("http://169.254.169.254/latest/meta-data", False),
        ("http://127.0.0.1@evil.example.org/", False),
        ("https://u:p@issuer.example.org/", False),
        ("https://issuer.example.org/#x", False),
        ("https://issuer.example.org\\@evil.example.org/", False),
        ("https://issuer.example.org/a b", False),
        ("https://issuer.example.org/\n", False),
        ("https://issüer.example.org/", False),
        ("https://[::1/", False),
        ("//issuer.example.org/", False),
        ("file:///etc/passwd", False),
        ("", False),
        (None, False),
    ],
)
def test_urls_that_are_asked(url: Any, safe: bool) -> None:
    assert is_safe(url) is safe
