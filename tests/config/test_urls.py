"""URLs: one canonical form, and clear errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.config import (
    DatabaseUrl,
    load_settings,
)
from tests.config.helpers import (
    PASSWORD,
    URL,
    VERIFIED,
    database_url,
    faulty,
    problems,
)

Env = pytest.MonkeyPatch


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("postgres://h/d", "postgresql://h/d"),
        ("postgresql+asyncpg://h/d?ssl=require", "postgresql://h/d?sslmode=require"),
        ("postgresql+psycopg://h/d?ssl=true", "postgresql://h/d?sslmode=verify-full"),
        ("postgresql://u:a%2Fb@h1:1,h2/d", "postgresql://u:a%2Fb@h1:1,h2/d"),
        ("postgresql://h,[::1]:2/d?port=5", "postgresql://h:5,[::1]:2/d"),
        ("postgresql:///d?host=/run/pg&user=u&password=p", "postgresql://u:p@/d?host=/run/pg"),
        ("postgresql://%2Frun%2Fpg/d", "postgresql:///d?host=/run/pg"),
        ("postgresql://h?dbname=d", "postgresql://h/d"),
        ("postgresql://", "postgresql://"),
    ],
)
def test_urls_are_written_in_one_form(text: str, canonical: str) -> None:
    assert database_url(load_settings(database_url=text)) == canonical
    assert str(DatabaseUrl.parse(canonical)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://u:{PASSWORD}@h/d",
        PASSWORD,
        f"postgresql://u:{PASSWORD}/x@h/d",
        f"postgresql://u:{PASSWORD}@x@h/d",
        f"postgresql://u:{PASSWORD}#x@h/d",
        f"postgresql://u:{PASSWORD} x@h/d",
        f"postgresql://u:{PASSWORD}@h:99999/d",
        f"postgresql://u:{PASSWORD}@h:x/d",
        f"postgresql://u:{PASSWORD}@:5432/d",
        f"postgresql://u:{PASSWORD}@h/d?host=other",
        f"postgresql://u:{PASSWORD}@h/d?password=x",
        f"postgresql://u:{PASSWORD}@h/d?sslmode=disable&sslmode=verify-full",
        f"postgresql://u:{PASSWORD}@h/d?ssl=true&sslmode=disable",
        f"postgresql://u:{PASSWORD}@h/d?sslmode=sometimes",
        f"postgresql://u:{PASSWORD}@a%2Fb/d",
        f"postgresql://u:{PASSWORD}@h/d?port=1,2",
        f"postgresql://u:{PASSWORD}@/d?host=/run,h",
    ],
)
def test_malformed_urls_are_named_and_never_shown(text: str, monkeypatch: Env) -> None:
    monkeypatch.setenv("TENANTRY_OWNER_URL", text)
    [problem] = problems()
    assert problem["setting"] == "owner_url"
    assert problem["message"].startswith("TENANTRY_OWNER_URL ")
    assert PASSWORD not in str(problem)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(user=texts, password=texts, database=texts)
def test_every_login_survives_its_url(user: str, password: str, database: str) -> None:
    url = DatabaseUrl.compose(host="h", port="1", user=user, password=password, database=database)
    assert DatabaseUrl.parse(str(url)) == url
    assert str(DatabaseUrl.parse(str(url))) == str(url)


def test_replicas_are_split_at_schemes_only() -> None:
    settings = load_settings(replica_urls="postgres://a,b/x, postgres://c/x,")
    assert [u.get_secret_value() for u in settings.replica_urls] == [
        "postgresql://a,b/x",
        "postgresql://c/x",
    ]


def test_the_root_certificate_goes_to_urls_that_verify(tmp_path: Path) -> None:
    settings = load_settings(
        ssl_root_cert="ca.pem", database_url=VERIFIED, owner_url=URL, service_url=VERIFIED
    )
    assert f"sslrootcert={tmp_path}/ca.pem" in database_url(settings)
    assert settings.owner_url is not None
    assert settings.owner_url.get_secret_value() == URL
    own = load_settings(ssl_root_cert="ca.pem", database_url=f"{VERIFIED}&sslrootcert=/my.pem")
    assert "sslrootcert=/my.pem" in database_url(own)
    system = database_url(load_settings(ssl_root_cert="system", database_url=VERIFIED))
    assert "sslrootcert=/" in system


@pytest.mark.parametrize("scheme", ["valkey", "redis"])
def test_redis_urls(scheme: str) -> None:
    url = load_settings(redis_url=f"{scheme}s://h:1/0").redis_url
    assert url is not None
    assert url.get_secret_value().startswith("redis")
    assert faulty(redis_url="http://h") == ["redis_url"]
    assert faulty(redis_url=f"{scheme}://:a/b@h") == ["redis_url"]
