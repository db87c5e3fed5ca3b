"""Redis and Valkey URLs: every topology, and errors that quote nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.config import RedisUrl, load_settings
from tests.config.helpers import faulty


def test_one_server() -> None:
    url = RedisUrl.parse("redis://me:a%2Fb%40c@h:7000/3")
    assert (url.topology, url.tls, url.hosts, url.db) == ("server", False, (("h", 7000),), 3)
    assert (url.user, url.password, url.redacted()) == ("me", "a/b@c", "redis://me:***@h")
    assert RedisUrl.parse("redis://[::1]").hosts == (("::1", 6379),)
    assert RedisUrl.parse("redis://h?db=4").db == 4


def test_a_socket() -> None:
    url = RedisUrl.parse("unix://:p@/run/my%20own/valkey.sock?db=2")
    assert (url.path, url.password, url.db, url.is_local) == (
        "/run/my own/valkey.sock",
        "p",
        2,
        True,
    )


def test_sentinels_and_a_cluster() -> None:
    url = RedisUrl.parse("rediss+sentinel://:p@a,b:7/main/2?sentinel_password=s")
    assert (url.topology, url.master, url.db, url.sentinel_password) == ("sentinel", "main", 2, "s")
    assert url.hosts == (("a", 26379), ("b", 7))
    assert url.verified
    url = RedisUrl.parse("redis+cluster://:p@a,b:7,[::1]:8")
    assert (url.topology, url.hosts) == ("cluster", (("a", 6379), ("b", 7), ("::1", 8)))
    assert not url.is_local
    assert load_settings(redis_url="valkeys+cluster://a").redis_url is not None


@pytest.mark.parametrize(
    ("query", "verified"),
    [
        ("", True),
        ("?ssl_cert_reqs=none", False),
        ("?ssl_check_hostname=false", False),
        ("?ssl_cert_reqs=optional", False),
        ("?ssl_ca_certs=/ca.pem", True),
    ],
)
def test_what_counts_as_verified(query: str, verified: bool) -> None:
    assert RedisUrl.parse(f"rediss://h{query}").verified is verified
    assert not RedisUrl.parse(f"redis://h{query}").verified


@pytest.mark.parametrize(
    "text",
    [
        "http://h",
        "redis://",
        "redis://a,b",
        "redis://h:0",
        "redis://h:x",
        "redis://h/x",
        "redis://h/1/2",
        "redis://h?nonsense=1",
        "redis+sentinel://h",
        "redis+cluster://h/1",
        "unix://",
        "redis://:a/b@h",
    ],
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    assert faulty(redis_url=text) == ["redis_url"]
    assert faulty(cache_url=text) == ["cache_url"]


@given(st.text(max_size=40))
def test_no_error_quotes_a_password(text: str) -> None:
    secret = "Secr3t-word"
    for url in (f"redis://:{secret}{text}@h", f"redis+sentinel://{text}:{secret}@h:{text}/m"):
        try:
            parsed = RedisUrl.parse(url)
        except ValueError as error:
            assert secret not in str(error)
            assert error.__context__ is None or secret not in str(error.__context__)
        else:
            assert secret not in repr(parsed) + parsed.redacted()
