"""A token is good in one way, and bad in many: all of those look the same from outside."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tenantry import Settings
from tenantry.errors import ConfigurationError, InvalidInput, NotAuthenticated
from tenantry.web.compact import LARGEST
from tenantry.web.tokens import Claims, Issuers, Tokens
from tests.web.issuer import b64, edwards, elliptic, public, rsa, signed

ISSUER = "https://issuer.example.org/"
AUDIENCE = "https://api.example.org"
SECRET = "mK3vXq8ZrN0tLpYs7WbEjH4cUfGa9dR5iOo2X6T1"
OTHER = "Vb4nQ7zKx1sJ9eWm3TgYc6LhRu8PdFa0iNo5X2kE"
NOW = 1_795_000_000
LEEWAY = 30
#: The same in every process that collects these tests.
TENANT = UUID("00535494-31d3-4001-a2ea-ff1aacfee3bd")
USER = UUID("3992fc34-5643-4791-8f36-12411478eba5")
#: For what a rule is not about: a good token's claims.
GOOD: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": str(USER),
    "tenant_id": str(TENANT),
    "scope": "tasks:read tasks:write",
    "iat": NOW,
    "exp": NOW + 600,
}
RS256: Mapping[str, Any] = {"alg": "RS256", "typ": "at+jwt", "kid": "one"}
HS256: Mapping[str, Any] = {"alg": "HS256", "typ": "at+jwt"}


def tokens(*keys: Key, **rules: Any) -> Tokens:
    rules.setdefault("keys", public(*(keys or (rsa(),))))
    return Tokens(**{"issuer": ISSUER, "audience": AUDIENCE, "clock": lambda: float(NOW), **rules})


def of_secret(**rules: Any) -> Tokens:
    return tokens(**{"keys": None, "secret": SECRET, **rules})


def token(header: Mapping[str, Any] = RS256, key: Key | None = None, **claims: Any) -> str:
    """A good one but for what is given; a claim of `...` is left out."""
    made = {k: v for k, v in {**GOOD, **claims}.items() if v is not ...}
    return signed(dict(header), made, key or rsa())


def mac(header: Mapping[str, Any] = HS256, secret: str | bytes = SECRET, **claims: Any) -> str:
    # By hand, as an attacker would: the library does not take a public key for a secret.
    text = f"{b64(dict(header))}.{b64({**GOOD, **claims})}"
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{text}.{b64(hmac.digest(key, text.encode(), hashlib.sha256))}"


async def refused(rules: Tokens | Issuers, text: Any, reason: str | None = None) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        await rules.verify(text)
    error = caught.value
    if reason is not None:
        assert error.reason == reason
    # Whoever shows it learns nothing.
    assert error.to_dict() == NotAuthenticated("x").to_dict()
    assert str(error) == str(NotAuthenticated("x"))


# ---- what is good ---------------------------------------------------------------------------


async def test_a_good_token_says_whom_it_speaks_for() -> None:
    claims = await tokens().verify(token(extra={"a": [1]}))
    assert claims == Claims(
        tenant_id=TENANT,
        user_id=USER,
        subject=str(USER),
        provider=None,
        scopes=("tasks:read", "tasks:write"),
        expires_at=claims.expires_at,
        raw=claims.raw,
    )
    assert claims.expires_at.timestamp() == NOW + 600
    assert claims.raw["extra"] == {"a": [1]}


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        *((name, rsa()) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        ("ES256", elliptic("P-256", "p256")),
        ("ES384", elliptic("P-384", "p384")),
        ("ES512", elliptic("P-521", "p521")),
        ("EdDSA", edwards("ed")),
        ("Ed25519", edwards("ed")),
    ],
)
async def test_the_kind_of_a_key_decides_what_it_is_for(algorithm: str, key: Key) -> None:
    every: list[Key] = [rsa(), elliptic("P-256", "p256"), elliptic("P-384", "p384"), edwards("ed")]
    every.append(elliptic("P-521", "p521"))
    good = token({"alg": algorithm, "kid": key.kid}, key)
    assert (await tokens(*every).verify(good)).tenant_id == TENANT
    # Another's id does not make this key's signature that key's.
    for other in every:
        if other is not key:
            await refused(tokens(*every), token({"alg": algorithm, "kid": other.kid}, key))


async def test_a_choice_of_algorithms_only_takes_away() -> None:
    only = tokens(algorithms=["PS256"])
    await only.verify(token({"alg": "PS256"}))
    await refused(only, token({"alg": "RS256"}), "algorithm")
    for wrong in (["HS256"], ["none"], ["ES256"], [], "RS256", ["RS256", "HS256"]):
        with pytest.raises(ConfigurationError):
            tokens(algorithms=wrong)
    with pytest.raises(ConfigurationError):
        of_secret(algorithms=["RS256"])


async def test_a_key_says_itself_what_it_is_for() -> None:
    jwk = public(rsa())["keys"][0]
    strict = tokens(keys={"keys": [{**jwk, "alg": "RS256", "use": "sig", "key_ops": ["verify"]}]})
    await strict.verify(token())
    await refused(strict, token({"alg": "RS512"}), "algorithm")
    for wrong in ({"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "HS256"}, {"alg": ["RS256"]}):
        with pytest.raises(ConfigurationError):
            tokens(keys={"keys": [{**jwk, **wrong}]})


async def test_a_provider_names_its_own_users_and_not_ours() -> None:
    outside = tokens(provider="keycloak")
    claims = await outside.verify(token(sub=str(USER)))
    # It may look like a user's id: it is no user of ours.
    assert (claims.provider, claims.subject, claims.user_id) == ("keycloak", str(USER), None)
    assert (await outside.verify(token(sub="auth0|7"))).subject == "auth0|7"
    await refused(outside, token(sub=...), "subject")


async def test_a_token_may_speak_for_no_user() -> None:
    claims = await tokens().verify(token(sub=...))
    assert (claims.user_id, claims.subject) == (None, None)
    await refused(tokens(), token(sub="service@clients"), "subject")
    claims = await tokens(user_claim="user_id").verify(token(sub="service@clients"))
    assert (claims.user_id, claims.subject) == (None, None)


async def test_claims_have_the_names_that_the_issuer_gives_them() -> None:
    named = tokens(tenant_claim="https://x/org", scope_claim="scp")
    said: dict[str, Any] = {"tenant_id": ..., "scope": ..., "https://x/org": str(TENANT)}
    claims = await named.verify(token(scp=["a:b", "c:d"], **said))
    assert (claims.tenant_id, claims.scopes) == (TENANT, ("a:b", "c:d"))


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (..., ()),
        ("", ()),
        ("a a  b", ("a", "b")),
        (["a", "b"], ("a", "b")),
        ([], ()),
    ],
)
async def test_scopes(said: Any, read: tuple[str, ...]) -> None:
    assert (await tokens().verify(token(scope=said))).scopes == read


# ---- algorithms and keys ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["none", "None", "NONE", "nOnE", "none ", "", "null", None, 0, [], {}, ["none"], True, "HS256"],
)
async def test_no_signature_is_no_signature(name: Any) -> None:
    header, claims = b64({**RS256, "alg": name}), b64(dict(GOOD))
    signature = token().rpartition(".")[2]
    for rules in (tokens(), of_secret()):
        for text in (f"{header}.{claims}.", f"{header}.{claims}", f"{header}.{claims}.{signature}"):
            await refused(rules, text)
        await refused(rules, f"{header}.{claims}.{b64(b'')}")
    missing = b64({"typ": "JWT"})
    await refused(tokens(), f"{missing}.{claims}.{signature}", "algorithm")


async def test_a_public_key_is_no_secret() -> None:
    jwk = public(rsa())["keys"][0]
    forms = [
        rsa().as_pem(),
        rsa().as_pem().strip(),
        rsa().as_der(),
        json.dumps(jwk).encode(),
        json.dumps(public(rsa())).encode(),
        jwk["n"].encode(),
        b"",
    ]
    for form in forms:
        for kid in ({}, {"kid": "one"}):
            await refused(tokens(), mac({**HS256, **kid}, form), "algorithm")
    with pytest.raises(ConfigurationError):
        tokens(keys=None, secret=rsa().as_pem().decode())


async def test_a_secret_verifies_nothing_else() -> None:
    await of_secret().verify(mac())
    await refused(of_secret(), mac(secret=SECRET + "x"), "signature")
    for name in ("HS384", "HS512", "RS256", "none", "hs256"):
        await refused(of_secret(), mac({"alg": name}), "algorithm")
    await refused(of_secret(), token())


async def test_keys_that_a_token_brings_along_are_not_looked_at() -> None:
    mine = RSAKey.generate_key(2048, parameters={"kid": "one"})
    jwk = public(mine)["keys"][0]
    for brought in (
        {"jwk": jwk},
        {"jku": "https://evil.example.org/jwks"},
        {"x5u": "https://evil.example.org/cert"},
        {"x5c": [b64(mine.as_der())]},
        {"jwk": jwk, "kid": "mine"},
    ):
        await refused(tokens(), token({**RS256, **brought}, mine))
        # What the issuer signed stands, whatever hangs on it.
        if "kid" not in brought:
            await tokens().verify(token({**RS256, **brought}))


@pytest.mark.parametrize(
    "kid",
    [
        "two",
        "",
        "../../../../dev/null",
        "/dev/null",
        "one' OR '1'='1",
        "one\0",
        "ONE",
        "x" * 300,
        7,
        ["one"],
        {"kid": "one"},
        True,
    ],
)
async def test_an_id_picks_among_the_keys_there_are(kid: Any) -> None:
    await refused(tokens(), token({**RS256, "kid": kid}), "key")
    # Signed with nothing, as by a key that a path would have led to.
    await refused(of_secret(), mac({**HS256, "kid": kid}, b""))


async def test_an_id_has_its_measure() -> None:
    await of_secret().verify(mac({**HS256, "kid": "x" * 256}))
    for kid in ("x" * 257, 7, ["x"]):
        await refused(of_secret(), mac({**HS256, "kid": kid}), "key")


async def test_without_an_id_every_key_of_its_kind_may_have_made_it() -> None:
    both = tokens(rsa("one"), rsa("two"), edwards("ed"))
    for name in ("one", "two"):
        await both.verify(token({"alg": "RS256"}, rsa(name)))
        await refused(both, token({"alg": "RS256", "kid": "ed"}, rsa(name)), "key")
    await refused(both, token({"alg": "RS256"}, rsa("three")), "signature")


async def test_keys_are_rotated() -> None:
    before, between, after = tokens(rsa("one")), tokens(rsa("one"), rsa("two")), tokens(rsa("two"))
    first = token(key=rsa("one"))
    second = token({**RS256, "kid": "two"}, rsa("two"))
    await before.verify(first)
    await refused(before, second, "key")
    for good in (first, second):
        await between.verify(good)
    await after.verify(second)
    await refused(after, first, "key")


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "secret",
        "change-me-in-production-please-change-me-in-production",
        "x" * 64,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "short-but-random-9Zq1",
        "your-256-bit-secret-your-256-bit-secret",
    ],
)
def test_a_weak_secret_is_none(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        of_secret(secret=secret)
    assert caught.value.setting == "jwt_secret_key"
    assert not secret or secret == "secret" or secret not in str(caught.value)


def test_weak_and_strange_keys_are_none() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weak = RSAKey.generate_key(1024)
    jwk = public(rsa())["keys"][0]
    short = public(weak)["keys"][0]
    bad: list[Any] = [
        short,
        {**jwk, "n": "A" * 200 + short["n"]},  # leading zeros make no key longer
        {**jwk, "n": "_" * 20_000},
        {**jwk, "e": "AQ"},
        {**jwk, "e": "_" * 300},
        {**jwk, "e": "Ag"},
        {**jwk, "n": 5},
        {**jwk, "n": "€"},
        {**jwk, "kid": 7},
        {k: v for k, v in jwk.items() if k != "n"},
        {k: v for k, v in jwk.items() if k != "kty"},
        {**jwk, "kty": ["RSA"]},
        rsa().as_dict(private=True),
        OctKey.generate_key(256).as_dict(),
        ECKey.generate_key("secp256k1").as_dict(private=False),
        OKPKey.generate_key("X25519").as_dict(private=False),
        OKPKey.generate_key("Ed448").as_dict(private=False),
        {**ECKey.generate_key("P-256").as_dict(private=False), "x": b64(b"\1" * 32)},
        "key",
        None,
    ]
    for one in bad:
        with pytest.raises(ConfigurationError):
            tokens(keys={"keys": [one]})
    nothing: list[Any] = [{}, {"keys": []}, {"keys": {}}, {"keys": "abc"}, {"keys": [jwk] * 100}]
    for none in nothing:
        with pytest.raises(ConfigurationError):
            tokens(keys=none)


def test_rules_that_would_let_all_through_are_refused() -> None:
    wrong: list[dict[str, Any]] = [
        {"issuer": ""},
        {"audience": ""},
        {"audience": []},
        {"audience": [AUDIENCE, ""]},
        {"leeway": -1},
        {"leeway": 3600},
        {"leeway": float("nan")},
        {"max_age": 0},
        {"secret": SECRET},
        {"keys": None},
        {"keys": None, "jwks_url": "http://issuer.example.org/jwks"},
        {"keys": None, "jwks_url": "ftp://issuer.example.org/jwks"},
        {"keys": None, "jwks_url": "https://user:word@issuer.example.org/jwks"},
        {"keys": None, "jwks_url": "https:///jwks"},
        {"keys": None, "jwks_url": "http://127.0.0.1.example.org/jwks"},
        {"keys": None, "jwks_url": "https://issuer.example.org:x/"},
        {"keys": None, "jwks_url": "file:///etc/passwd"},
    ]
    for rules in wrong:
        with pytest.raises(ConfigurationError):
            tokens(**rules)


# ---- names and times --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "issuer",
    [
        ...,
        None,
        "",
        ISSUER.rstrip("/"),
        ISSUER + "x",
        ISSUER.upper(),
        [ISSUER],
        {"iss": ISSUER},
        " " + ISSUER,
    ],
)
async def test_the_issuer_is_this_one(issuer: Any) -> None:
    await refused(tokens(), token(iss=issuer), "issuer")


@pytest.mark.parametrize(
    "audience",
    [
        ...,
        None,
        "",
        [],
        {},
        "https://api.example.org.evil.example",
        AUDIENCE[:-1],
        AUDIENCE.upper(),
        f"{AUDIENCE} other",
        f"{AUDIENCE},other",
        ["other"],
        [[AUDIENCE]],
        [AUDIENCE, 7],
        {AUDIENCE: True},
        True,
        "*",
    ],
)
async def test_the_audience_is_we(audience: Any) -> None:
    await refused(tokens(), token(aud=audience), "audience")


async def test_of_several_audiences_one_is_enough() -> None:
    await tokens().verify(token(aud=["other", AUDIENCE]))
    two = tokens(audience=["web", AUDIENCE])
    for audience in ("web", AUDIENCE, ["x", "web"]):
        await two.verify(token(aud=audience))
    await refused(two, token(aud="x"), "audience")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - LEEWAY + 1}, None),
        ({"exp": NOW - LEEWAY + 0.5}, None),
        ({"exp": NOW - LEEWAY}, "expired"),
        ({"exp": NOW - 86400}, "expired"),
        ({"exp": 0}, "expired"),
        ({"exp": ...}, "expired"),
        ({"exp": None}, "claims"),
        ({"exp": str(NOW + 600)}, "claims"),
        ({"exp": True}, "claims"),
        ({"exp": [NOW + 600]}, "claims"),
        ({"exp": -1}, "claims"),
        ({"exp": -(10**30)}, "claims"),
        ({"exp": 10**30}, "claims"),
        ({"exp": 1e300}, "claims"),
        ({"exp": 253_402_300_799}, None),
        ({"exp": 253_402_300_800}, "claims"),
        ({"exp": NOW + 0.25}, None),
        ({"nbf": NOW + LEEWAY}, None),
        ({"nbf": NOW + LEEWAY + 1}, "early"),
        ({"nbf": "now"}, "claims"),
        ({"nbf": None}, "claims"),
        ({"iat": NOW + LEEWAY}, None),
        ({"iat": NOW + LEEWAY + 0.5}, "early"),
        ({"iat": ...}, None),
        ({"iat": -1}, "claims"),
    ],
)
async def test_times_and_their_edges(claims: dict[str, Any], reason: str | None) -> None:
    rules = tokens(leeway=LEEWAY)
    if reason is None:
        await rules.verify(token(**claims))
    else:
        await refused(rules, token(**claims), reason)


async def test_without_leeway_a_moment_counts() -> None:
    exact = tokens(leeway=0)
    await exact.verify(token(exp=NOW + 1, nbf=NOW))
    await refused(exact, token(exp=NOW), "expired")
    await refused(exact, token(nbf=NOW + 1), "early")


async def test_a_token_may_be_too_long_lived() -> None:
    short = tokens(max_age=600)
    await short.verify(token(exp=NOW + 600))
    await refused(short, token(exp=NOW + 601), "age")
    await refused(short, token(iat=...), "age")


@pytest.mark.parametrize(
    "digits", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "0x7fffffff", "01"]
)
async def test_what_is_no_number_is_no_time(digits: str) -> None:
    payload = json.dumps({**GOOD, "exp": "?"}).replace('"?"', digits).encode()
    await refused(tokens(), signed(dict(RS256), payload, rsa()), "claims")


# ---- whom it speaks for -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "tenant",
    [
        ...,
        None,
        "",
        "acme",
        TENANT.hex,
        f"{{{TENANT}}}",
        f"urn:uuid:{TENANT}",
        f" {TENANT}",
        f"{TENANT}\n",
        TENANT.int,
        [str(TENANT)],
        {"id": str(TENANT)},
        "\u0660" * 8 + str(TENANT)[8:],
    ],
)
async def test_the_tenant_is_a_uuid(tenant: Any) -> None:
    await refused(tokens(), token(tenant_id=tenant), "tenant")


@pytest.mark.parametrize(
    "subject", [None, "", 7, [], "x" * 256, "a\0b", "a\nb", "\u202eb", {"a": 1}, True]
)
async def test_a_subject_is_a_word(subject: Any) -> None:
    await refused(tokens(), token(sub=subject), "subject")
    await refused(tokens(provider="p"), token(sub=subject), "subject")


@pytest.mark.parametrize(
    "scope", [None, 7, {}, ["a b"], ["a", 7], "x" * 256, "a\0", ["a"] * 2 + [None], True]
)
async def test_a_scope_is_a_word(scope: Any) -> None:
    await refused(tokens(), token(scope=scope), "scope")
    await refused(tokens(), token(scope=[f"s{n}" for n in range(257)]), "scope")


# ---- the text ---------------------------------------------------------------------------------


async def test_a_text_is_read_in_one_way() -> None:
    good = token()
    header, payload, signature = good.split(".")
    for text in (
        "",
        ".",
        "..",
        "...",
        header,
        f"{header}.{payload}",
        f"{good}.",
        f".{good}",
        f"{good}.{signature}",
        f"{good}.{signature}.{signature}",  # as an encrypted one
        f"{header}..{signature}",
        f"{header}.{payload}.",
        f" {good}",
        f"{good}\n",
        f"{good}=",
        f"{header}=.{payload}.{signature}",
        good.replace("-", "+").replace("_", "/") + "+",
        f"{header}.{payload[:8]} {payload[8:]}.{signature}",
        f"Bearer {good}",
        "é" + good,
        good.encode(),
        None,
        7,
        {"header": {}, "payload": payload, "signature": signature},
        good + "A" * LARGEST,
    ):
        await refused(tokens(), text)


async def test_a_large_one_is_not_read() -> None:
    fits = token(extra="x" * 4800)
    assert len(fits) < LARGEST
    await tokens().verify(fits)
    await refused(tokens(), token(extra="x" * 6200), "size")
    header = b64(dict(HS256))
    for length, reason in ((LARGEST, "signature"), (LARGEST + 1, "size")):
        payload = "A" * (length - len(f"{header}..AA"))
        await refused(of_secret(), f"{header}.{payload}.AA", reason)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"cty": "JWT"},
        {"cty": "application/jwt"},
        {"cty": 7},
    ],
)
async def test_nothing_has_to_be_understood_and_nothing_is_nested(header: dict[str, Any]) -> None:
    await refused(tokens(), token({**RS256, **header}), "header")


@pytest.mark.parametrize("kind", ["id+jwt", "dpop+jwt", "logout+jwt", "", 7, None, "jwt2", "JWE"])
async def test_other_kinds_of_tokens_are_refused(kind: Any) -> None:
    await refused(tokens(), token({**RS256, "typ": kind}), "type")


async def test_a_kind_has_several_spellings() -> None:
    for kind in ("JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"):
        await tokens().verify(token({**RS256, "typ": kind}))
    await tokens().verify(token({"alg": "RS256"}))
    strict = tokens(types=("at+jwt",))
    await strict.verify(token())
    for other in ({"typ": "JWT"}, {}):
        await refused(strict, token({"alg": "RS256", **other}), "type")


async def test_json_is_read_in_one_way() -> None:
    good = json.dumps(dict(GOOD))
    head = json.dumps(dict(RS256))
    for payload in (
        good[:-1] + f', "tenant_id": "{uuid4()}"}}',
        good[:-1] + f', "exp": {NOW + 9999}}}',
        good[:-1] + ', "x": {"a": 1, "a": 2}}',
        good[:-1] + ', "x": 1e999}',
        good[:-1] + ', "x": NaN}',
        good[:-1] + ', "\\u0065xp": 1}',
        good[:-1] + ', "x": "\\ud800"}',
        good[:-1] + ', "x": ' + "[" * 2500 + "]" * 2500 + "}",
        good + "x",
        "\ufeff" + good,
        "[" + good + "]",
        '"x"',
        "null",
        "{",
    ):
        await refused(tokens(), signed(dict(RS256), payload.encode(), rsa()), "claims")
    await refused(tokens(), signed(dict(RS256), good.encode("utf-16"), rsa()), "claims")
    for header in (head[:-1] + ', "alg": "none"}', head[:-1] + ', "kid": "one"}', "[]", "{"):
        text = f"{b64(header.encode())}.{b64(good.encode())}"
        signature = b64(JWSRegistry.algorithms["RS256"].sign(text.encode(), rsa()))
        await refused(tokens(), f"{text}.{signature}", "header")


_TEXTS = {
    "RS256": token(),
    "ES256": token({"alg": "ES256", "kid": "p256"}, elliptic("P-256", "p256")),
    "EdDSA": token({"alg": "EdDSA", "kid": "ed"}, edwards("ed")),
    "HS256": mac(),
}
_RULES = {
    "RS256": tokens(),
    "ES256": tokens(elliptic("P-256", "p256")),
    "EdDSA": tokens(edwards("ed")),
    "HS256": of_secret(),
}
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é"


@settings(max_examples=300, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(_TEXTS)))
async def test_any_changed_character_is_noticed(data: st.DataObject, kind: str) -> None:
    good = _TEXTS[kind]
    at = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.sampled_from(_ALPHABET).filter(lambda one: one != good[at]))
    await refused(_RULES[kind], good[:at] + other + good[at + 1 :])


@pytest.mark.parametrize("kind", sorted(_TEXTS))
async def test_any_cut_and_any_change_at_the_end_is_noticed(kind: str) -> None:
    good, rules = _TEXTS[kind], _RULES[kind]
    await rules.verify(good)
    signature = good.rpartition(".")[2]
    for length in range(1, len(signature) + 1):
        await refused(rules, good[:-length])
    # The last character has bits to spare: all but one of its neighbours spell the same bytes.
    for other in set(_ALPHABET) - {good[-1]}:
        await refused(rules, good[:-1] + other)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text()
    | st.binary()
    | st.lists(st.text("aeJ0.-_", max_size=12), min_size=3, max_size=3).map(".".join)
)
async def test_rubbish_is_refused_as_anything_else(text: Any) -> None:
    await refused(_RULES["RS256"], text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "cty", "crit", "jwk", "x"]), _JSON, max_size=4
    ),
    claims=st.dictionaries(st.sampled_from([*GOOD, "nbf"]), _JSON, max_size=4),
)
async def test_whatever_an_issuer_signs_is_taken_or_refused(
    header: dict[str, Any], claims: dict[str, Any]
) -> None:
    """Never another error, and never a tenant that is not in it."""
    text = f"{b64({**HS256, **header})}.{b64({**GOOD, **claims})}"
    text += "." + b64(hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256))
    try:
        found = await _RULES["HS256"].verify(text)
    except NotAuthenticated:
        return
    assert str(found.tenant_id) == found.raw["tenant_id"]
    assert found.raw["iss"] == ISSUER


# ---- tokens of the platform's own ---------------------------------------------------------------


def platform(secret: str = SECRET, accepted: Sequence[str] = (), **rules: Any) -> Tokens:
    return Tokens.of_platform(
        Settings(
            database_url="postgresql://app@h/d", jwt_secret_key=secret, jwt_accepted_keys=accepted
        ),
        **rules,
    )


async def test_the_platforms_own_tokens_come_back() -> None:
    own = platform()
    text = own.issue(TENANT, USER, ["tasks:read", "tasks:write"], lifetime=60)
    claims = await own.verify(text)
    assert (claims.tenant_id, claims.user_id) == (TENANT, USER)
    assert claims.scopes == ("tasks:read", "tasks:write")
    assert abs(claims.expires_at.timestamp() - time.time() - 60) < 30
    nobody = await own.verify(own.issue(str(TENANT)))
    assert (nobody.user_id, nobody.subject, nobody.scopes) == (None, None, ())
    assert own.issue(TENANT) != own.issue(TENANT)


async def test_the_platforms_key_is_rotated() -> None:
    before = platform(SECRET)
    told = platform(SECRET, [OTHER])
    between = platform(OTHER, [SECRET])
    after = platform(OTHER)
    old, new = before.issue(TENANT, USER), between.issue(TENANT, USER)
    for rules in (before, told, between):
        assert (await rules.verify(old)).user_id == USER
    # Whoever knows it already takes what those sign that went ahead.
    for rules in (told, between, after):
        assert (await rules.verify(new)).user_id == USER
    # What is only accepted signs nothing.
    await before.verify(told.issue(TENANT))
    await after.verify(between.issue(TENANT))
    await refused(before, new, "signature")
    await refused(after, old, "signature")


async def test_of_several_secrets_each_is_one_and_nothing_else() -> None:
    both = of_secret(secret=[SECRET, OTHER])
    for secret in (SECRET, OTHER):
        await both.verify(mac(secret=secret))
        await both.verify(mac({**HS256, "kid": "of a service beside us"}, secret))
        for name in ("none", "HS384", "HS512", "RS256"):
            await refused(both, mac({"alg": name}, secret), "algorithm")
    for wrong in (f"{SECRET},{OTHER}", f"{SECRET}{OTHER}", SECRET[:-1], "", b"\0"):
        await refused(both, mac(secret=wrong), "signature")
    pem = rsa().as_pem().decode()
    for first, then in ((SECRET, pem), (pem, SECRET)):
        with pytest.raises(ConfigurationError):
            of_secret(secret=[first, then])


def test_each_of_several_secrets_is_a_strong_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        platform(SECRET, [OTHER, OTHER[:31]])
    assert caught.value.setting == "jwt_accepted_keys"
    assert OTHER[:31] not in str(caught.value.to_dict())
    with pytest.raises(ConfigurationError) as caught:
        platform(SECRET[:31], [OTHER])
    assert caught.value.setting == "jwt_secret_key"
    # Each token that is none is tried with all of them.
    platform(SECRET, [OTHER] * 7)
    for many in ([], [SECRET] * 9):
        with pytest.raises(ConfigurationError):
            of_secret(secret=many)


async def test_a_token_is_made_for_the_first_audience_and_its_time() -> None:
    both = of_secret(audience=["web", "worker"])
    claims = (await both.verify(both.issue(TENANT, lifetime=60))).raw
    assert (claims["aud"], claims["iat"], claims["exp"]) == ("web", NOW, NOW + 60)


async def test_our_servers_clocks_need_not_agree() -> None:
    ahead, behind = platform(), platform()
    ahead._clock = lambda: time.time() + 3
    assert (await behind.verify(ahead.issue(TENANT, USER))).user_id == USER
    ahead._clock = lambda: time.time() + 60
    await refused(behind, ahead.issue(TENANT, USER), "early")


async def test_what_else_is_signed_with_the_platforms_key_is_no_token_of_ours() -> None:
    now = int(time.time())
    said: dict[str, Any] = {"iss": "tenantry", "aud": "tenantry", "iat": now, "exp": now + 86_400}
    await platform().verify(mac(**said))
    for kind in ({"typ": "JWT"}, {}):
        await refused(platform(), mac({"alg": "HS256", **kind}, **said), "type")
    for times in ({"exp": now + 86_401}, {"iat": now - 60}):
        await refused(platform(), mac(**{**said, **times}), "age")


async def test_a_token_for_one_thing_is_not_for_another() -> None:
    text = platform(audience="websocket").issue(TENANT, USER)
    await platform(audience="websocket").verify(text)
    await refused(platform(), text, "audience")
    await refused(platform(issuer="other", audience="websocket"), text, "issuer")


async def test_several_issuers_stand_side_by_side() -> None:
    own = platform()
    both = Issuers(tokens(provider="idp"), own)
    assert (await both.verify(token())).provider == "idp"
    assert (await both.verify(own.issue(TENANT, USER))).user_id == USER
    # One does not speak in the other's name.
    await refused(both, token(iss="tenantry", aud="tenantry"), "algorithm")
    await refused(both, mac(), "algorithm")
    for other in ("other", None, [ISSUER], ...):
        await refused(both, token(iss=other), "issuer")
    await refused(both, "x", "form")
    with pytest.raises(ConfigurationError):
        Issuers(own, platform(audience="websocket"))


async def test_who_has_no_secret_makes_no_tokens() -> None:
    with pytest.raises(ConfigurationError):
        tokens().issue(TENANT)
    with pytest.raises(ConfigurationError) as caught:
        Tokens.of_platform(Settings(database_url="postgresql://app@h/d"))
    assert caught.value.setting == "jwt_secret_key"
    with pytest.raises(ConfigurationError):
        Tokens.of_platform(Settings(database_url="postgresql://app@h/d", jwt_secret_key="short"))


def test_what_cannot_be_in_a_token_is_refused_before() -> None:
    own = platform()
    wrong: list[dict[str, Any]] = [
        {"tenant_id": "acme"},
        {"user_id": "joe"},
        {"scopes": "tasks:read"},
        {"scopes": ["a b"]},
        {"scopes": [""]},
        {"scopes": [7]},
        {"scopes": ["x" * 200] * 60},
        {"scopes": [f"s{n}" for n in range(257)]},
        {"lifetime": 0},
        {"lifetime": 86401},
        {"lifetime": float("inf")},
        {"lifetime": float("nan")},
    ]
    for given_ in wrong:
        with pytest.raises(InvalidInput):
            own.issue(**{"tenant_id": TENANT, **given_})


def test_nothing_shows_the_secret() -> None:
    own = of_secret(secret=[SECRET, OTHER])
    for secret in (SECRET, OTHER):
        assert secret not in repr(own) + str(vars(own)) + str(vars(own._verifier))
    assert repr(own) == f"Tokens(issuer={ISSUER!r})"
