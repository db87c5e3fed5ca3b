"""What a request may show, and that nothing is ever guessed."""

from __future__ import annotations

import pickle
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.errors import NotAuthenticated
from tenantry.web.credentials import LONGEST, Bearer, Credential, Key, Session, read

KEY = "tnt_" + "aB3-_" * 8 + "xyz"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
TOKEN = "AZmdBn2Xc1AAAAAAAAAAAA." + "k" * 43
COOKIE = "__Host-session"

Headers = list[tuple[bytes, bytes]]


def header(name: str, value: str | bytes) -> tuple[bytes, bytes]:
    return name.encode(), value if isinstance(value, bytes) else value.encode()


AUTHORIZED = header("authorization", f"Bearer {KEY}")
SIGNED_IN = header("cookie", f"{COOKIE}={TOKEN}")


def refused(*headers: tuple[bytes, bytes], cookie: str | None = COOKIE) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        read(headers, cookie=cookie)
    return caught.value.reason


# ---- what is let in -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ([], None),
        ([header("accept", "*/*"), header("proxy-authorization", "Basic x")], None),
        ([AUTHORIZED], Key(KEY)),
        ([header("x-api-key", KEY)], Key(KEY)),
        ([header("authorization", f"bEARER   {KEY}")], Key(KEY)),
        ([header("authorization", f"Bearer {JWT}")], Bearer(JWT)),
        ([SIGNED_IN], Session(TOKEN)),
        ([header("cookie", f"a=1; {COOKIE}={TOKEN};b=2")], Session(TOKEN)),
        ([header("cookie", "a=1"), SIGNED_IN, SIGNED_IN], Session(TOKEN)),
        ([header("cookie", f"{COOKIE}=")], None),
    ],
)
def test_one_credential_is_read(headers: Headers, credential: Credential | None) -> None:
    assert read(headers, cookie=COOKIE) == credential


def test_a_header_comes_before_the_cookie_which_is_not_even_looked_at() -> None:
    for cookie in (SIGNED_IN, header("cookie", b"\0\xff"), header("cookie", "x" * (LONGEST + 1))):
        assert read([cookie, AUTHORIZED], cookie=COOKIE) == Key(KEY)


def test_cookies_count_only_where_there_are_sessions() -> None:
    assert read([SIGNED_IN], cookie=None) is None


def test_real_keys_are_keys() -> None:
    for _ in range(200):
        key = "tnt_" + secrets.token_urlsafe(32)
        assert read([header("x-api-key", key)], cookie=None) == Key(key)


def test_a_secret_does_not_show() -> None:
    for credential, secret in ((Key(KEY), KEY), (Session(TOKEN), TOKEN), (Bearer(JWT), JWT)):
        assert secret not in repr(credential)
        assert secret not in str(credential)


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [AUTHORIZED, AUTHORIZED],
        [AUTHORIZED, header("Authorization", f"Bearer {JWT}")],
        [header("x-api-key", KEY)] * 2,
        [AUTHORIZED, header("x-api-key", KEY)],
        [header("x-api-key", KEY), header("authorization", "Basic eDp5")],
        [header("cookie", f"{COOKIE}={TOKEN}; {COOKIE}=other")],
        [SIGNED_IN, header("cookie", f"{COOKIE}=other")],
        [SIGNED_IN, header("cookie", f"{COOKIE}=")],
    ],
)
def test_two_are_refused(headers: Headers) -> None:
    assert refused(*headers) == "several"


@pytest.mark.parametrize("value", ["Basic eDp5", "Digest x", KEY, JWT, "", "Bearer", "Bearer "])
def test_other_schemes_are_refused(value: str) -> None:
    assert refused(header("authorization", value)) == "scheme"


@pytest.mark.parametrize("value", [f"Bearer {KEY} x", f"Bearer {KEY} ", f" Bearer {KEY}"])
def test_so_is_what_stands_around_them(value: str) -> None:
    assert refused(header("authorization", value)) == "scheme"


@pytest.mark.parametrize(
    "value",
    [
        KEY[:-1],
        KEY + "a",
        KEY.replace("t", "T", 1),
        "x" + KEY,
        KEY[:-1] + "=",
        KEY[:-1] + "%",
        f"{KEY},{KEY}",
        "a.b",
        "a.b.",  # alg=none
        ".b.c",
        "a.b.c.d",
        "a.b.c.d.e",  # encrypted
        f"{JWT}=",
        TOKEN,
    ],
)
def test_what_has_another_form_is_refused(value: str) -> None:
    assert refused(header("authorization", f"Bearer {value}")) == "form"
    assert refused(header("x-api-key", value)) == "form"


def test_a_key_header_holds_keys_only() -> None:
    for value in (JWT, f"Bearer {KEY}", ""):
        assert refused(header("x-api-key", value)) == "form"


@pytest.mark.parametrize("byte", [b"\0", b"\t", b"\r", b"\n", b"\x7f", b"\x80", b"\xa0", b"\xff"])
def test_what_cannot_be_printed_is_refused(byte: bytes) -> None:
    for at in (0, 8, 20, len(AUTHORIZED[1])):
        value = AUTHORIZED[1][:at] + byte + AUTHORIZED[1][at:]
        assert refused((b"authorization", value)) == "characters"
        assert refused((b"x-api-key", KEY.encode() + byte)) == "characters"


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    assert refused(header("authorization", "Bearer " + "a.b." + "c" * LONGEST)) == "too_long"
    assert refused(header("x-api-key", "\0" * (LONGEST + 1))) == "too_long"
    assert refused(header("cookie", f"{COOKIE}={TOKEN}; a={'b' * LONGEST}")) == "too_long"
    # Not by being cut into crumbs either.
    assert refused(*[header("cookie", "a=" + "b" * 1000)] * 9) == "too_long"


# ---- cookies --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        COOKIE.lower(),
        COOKIE.upper(),
        COOKIE.removeprefix("__Host-"),
        COOKIE.replace("-", "%2D"),
        "\t" + COOKIE,
        "\x85" + COOKIE,
        "\xa0" + COOKIE,
        "\u2003" + COOKIE,
        COOKIE + " ",
        f'"{COOKIE}"',
        f"a={COOKIE}",
    ],
)
def test_a_cookie_has_exactly_its_name(name: str) -> None:
    for encoding in ("utf-8", "latin-1"):
        line = f"{name}={TOKEN}".encode(encoding, "replace")
        assert read([(b"cookie", line)], cookie=COOKIE) is None


@pytest.mark.parametrize(
    "value", [f'"{TOKEN}"', f" {TOKEN}", "a b", "a,b", "a\\054b", "\xe9", "\t"]
)
def test_a_cookie_is_not_unquoted_nor_mended(value: str) -> None:
    assert refused(header("cookie", f"{COOKIE}={value}")) == "form"


def test_a_cookie_that_cannot_be_read_hides_none_behind_it() -> None:
    for other in ('a="', "[x]=1", "b\xe9=\xe9", "nameless", "=", "", "$Version=1"):
        assert read([header("cookie", f"{other}; {COOKIE}={TOKEN}")], cookie=COOKIE) == Session(
            TOKEN
        )


@pytest.mark.parametrize("byte", ["\0", "\r", "\n", "\x7f"])
def test_no_cookie_ends_a_line(byte: str) -> None:
    assert refused(header("cookie", f"a=1{byte}; {COOKIE}={TOKEN}")) == "characters"


# ---- whatever comes -------------------------------------------------------------------------

NAMES = st.sampled_from([b"authorization", b"Authorization", b"x-api-key", b"cookie", b"Cookie"])
PIECES = st.sampled_from(
    [KEY, JWT, TOKEN, COOKIE, "Bearer ", "Basic ", "=", ";", "; ", " ", '"', ".", "tnt_", ","]
).map(str.encode)
VALUES = st.binary(max_size=60) | st.lists(PIECES | st.binary(max_size=3), max_size=8).map(b"".join)
HEADERS = st.lists(st.tuples(NAMES | st.binary(max_size=12), VALUES), max_size=5)


@given(HEADERS, st.sampled_from([None, COOKIE, "a"]))
def test_whatever_bytes_come_the_answer_is_one_of_three(
    headers: Headers, cookie: str | None
) -> None:
    try:
        credential = read(headers, cookie=cookie)
    except NotAuthenticated as error:
        refusal: NotAuthenticated | None = error
    else:
        refusal = None
    if refusal is not None:
        assert str(refusal) == str(NotAuthenticated())
        assert str(pickle.loads(pickle.dumps(refusal))) == str(refusal)  # noqa: S301
        return
    shown = [value for name, value in headers if name.lower() in (b"authorization", b"x-api-key")]
    assert len(shown) <= 1
    match credential:
        case Key(secret) | Bearer(secret):
            assert shown[0].endswith(secret.encode())
        case Session(token):
            assert not shown
            assert cookie
            assert any(token.encode() in value for _, value in headers)
        case None:
            assert not shown


@given(HEADERS)
def test_what_follows_changes_nothing_but_to_refuse(headers: Headers) -> None:
    try:
        credential = read([AUTHORIZED, *headers], cookie=COOKIE)
    except NotAuthenticated:
        return
    assert credential == Key(KEY)
