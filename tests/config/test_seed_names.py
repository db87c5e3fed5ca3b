"""The names that platforms already use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry.config import (
    load_settings,
)
from tests.config.helpers import (
    KEY,
    URL,
    database_url,
    faulty,
)

Env = pytest.MonkeyPatch


@pytest.mark.parametrize(
    ("variables", "setting", "value"),
    [
        ({"DATABASE_URL": "postgres://u:p@h/d"}, "database_url", "postgresql://u:p@h/d"),
        ({"DATABASE_POOL_SIZE": "3"}, "pool_max", 3),
        ({"DATABASE_REPLICA_URL": "postgres://r/d"}, "replica_urls", ["postgresql://r/d"]),
        (
            {"DATABASE_URL": "postgres://h/d", "DATABASE_SSL": "true"},
            "database_url",
            "postgresql://h/d?sslmode=verify-full",
        ),
        (
            {"DATABASE_URL": "postgres://h/d", "DATABASE_SSL": "false"},
            "database_url",
            "postgresql://h/d?sslmode=disable",
        ),
        (
            {"DATABASE_URL": "postgres://h/d?sslmode=verify-ca", "DATABASE_SSL": "false"},
            "database_url",
            "postgresql://h/d?sslmode=verify-ca",
        ),
        (
            {"DATABASE_REPLICA_URL": "postgres://r/d", "DATABASE_SSL": "1"},
            "replica_urls",
            ["postgresql://r/d?sslmode=verify-full"],
        ),
        (
            {
                "POSTGRES_HOST": "h",
                "POSTGRES_PORT": "5433",
                "POSTGRES_DB": "d",
                "POSTGRES_USER": "u",
                "POSTGRES_PASSWORD": "p@:/?#%",
            },
            "database_url",
            "postgresql://u:p%40%3A%2F%3F%23%25@h:5433/d",
        ),
        ({"POSTGRES_DB": "d"}, "database_url", "postgresql://postgres@localhost:5432/d"),
        ({"POSTGRES_USER": "u"}, "database_url", "postgresql://u@localhost:5432/u"),
        ({"POSTGRES_HOST": "::1"}, "database_url", "postgresql://postgres@[::1]:5432/postgres"),
        (
            {"POSTGRES_HOST": "/run/pg"},
            "database_url",
            "postgresql://postgres@/postgres?host=/run/pg&port=5432",
        ),
        ({"POSTGRES_PASSWORD": "p"}, "database_url", None),
        (
            {"POSTGRES_HOST": "h", "DATABASE_URL": "postgres://w/d"},
            "database_url",
            "postgresql://w/d",
        ),
        ({"REDIS_HOST": "h"}, "redis_url", "redis://h:6379/0"),
        ({"REDIS_PORT": "7000"}, "redis_url", "redis://localhost:7000/0"),
        ({"REDIS_DB": "2"}, "redis_url", "redis://localhost:6379/2"),
        ({"REDIS_HOST": "h", "REDIS_SSL": "true"}, "redis_url", "rediss://h:6379/0"),
        ({"REDIS_HOST": "h", "REDIS_PASSWORD": ""}, "redis_url", "redis://h:6379/0"),
        (
            {"REDIS_HOST": "h", "REDIS_PASSWORD": "p@/:"},
            "redis_url",
            "redis://:p%40%2F%3A@h:6379/0",
        ),
        ({"REDIS_PASSWORD": "p"}, "redis_url", None),
        ({"REDIS_PORT": "tcp://10.0.0.1:6379"}, "redis_url", None),
        ({"JWT_SECRET_KEY": KEY}, "jwt_secret_key", KEY),
    ],
)
@pytest.mark.parametrize("form", ["", "_FILE"])
def test_the_names_platforms_use(  # noqa: PLR0917
    variables: dict[str, str],
    setting: str,
    value: object,
    form: str,
    monkeypatch: Env,
    tmp_path: Path,
) -> None:
    for name, text in variables.items():
        file = tmp_path / name
        file.write_text(text)
        if text:
            monkeypatch.setenv(name + form, str(file) if form else text)
        else:
            monkeypatch.setenv(name, text)
    got = getattr(load_settings(), setting)
    if isinstance(got, tuple):
        assert [u.get_secret_value() for u in got] == value
    else:
        assert getattr(got, "get_secret_value", lambda: got)() == value


@pytest.mark.parametrize(
    ("variables", "setting"),
    [
        ({"POSTGRES_HOST": "h", "POSTGRES_PORT": "x"}, "database_url"),
        ({"POSTGRES_HOST": "a/b"}, "database_url"),
        ({"DATABASE_URL": "postgres://h/d", "DATABASE_SSL": "maybe"}, "database_url"),
        ({"REDIS_HOST": "h", "REDIS_DB": "x"}, "redis_url"),
        ({"REDIS_HOST": "a/b"}, "redis_url"),
        ({"DATABASE_POOL_SIZE": "many"}, "pool_max"),
    ],
)
def test_their_malformed_values_are_errors(
    variables: dict[str, str], setting: str, monkeypatch: Env
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert faulty() == [setting]


def test_names_that_cannot_count_are_not_read(monkeypatch: Env) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/no/such/file")
    assert database_url(load_settings(database_url=URL)) == URL


def test_a_small_seed_pool_needs_no_other_setting(monkeypatch: Env) -> None:
    monkeypatch.setenv("DATABASE_POOL_SIZE", "3")
    assert load_settings().pool_min == 3
