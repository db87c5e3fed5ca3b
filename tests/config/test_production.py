"""What the production profile refuses, each beside a near miss that it accepts."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.config import (
    RoleFacts,
    load_settings,
    role_problems,
    schema_problems,
)
from tests.config.helpers import (
    KEY,
    PASSWORD,
    URL,
    VERIFIED,
    faulty,
    problems,
)

Env = pytest.MonkeyPatch

SAFE: dict[str, Any] = {
    "profile": "production",
    "database_url": VERIFIED,
    "owner_url": VERIFIED.replace("app:", "owner:"),
    "service_url": VERIFIED.replace("app:", "service:"),
    "readonly_url": VERIFIED.replace("app:", "reader:"),
    "replica_urls": [VERIFIED],
    "redis_url": f"rediss://:{PASSWORD}@cache.example.org/0",
    "jwt_secret_key": KEY,
    "jwt_accepted_keys": [KEY[::-1]],
}


def with_password(password: str) -> str:
    return VERIFIED.replace(PASSWORD, password)


def at_host(host: str) -> str:
    return f"postgresql://app:{PASSWORD}@{host}/shop"


@pytest.mark.parametrize(
    ("name", "refused", "near_miss"),
    [
        ("database_url", None, VERIFIED),
        ("database_url", URL, VERIFIED),
        ("database_url", f"{URL}?sslmode=verify-ca", VERIFIED),
        ("database_url", f"{URL}?sslmode=require", f"{URL}?ssl=true"),
        ("owner_url", f"postgresql://owner:{PASSWORD}@h/d", SAFE["owner_url"]),
        ("replica_urls", [URL], [VERIFIED]),
        ("database_url", at_host("localhost.example.org"), at_host("localhost")),
        ("database_url", at_host("127.0.0.1.example.org"), at_host("127.0.0.1:6432")),
        ("database_url", at_host("[::2]"), at_host("[::1]")),
        ("database_url", at_host("localhost,db.example.org"), at_host("localhost,127.0.0.2")),
        ("database_url", at_host(""), at_host("%2Frun%2Fpostgresql")),
        ("database_url", at_host("localhost") + "?hostaddr=10.0.0.1", at_host("localhost")),
        ("database_url", at_host("localhost") + "?service=x", at_host("localhost")),
        ("database_url", with_password("app"), with_password(PASSWORD)),
        ("database_url", with_password("Password123"), with_password("Password123-x7Q")),
        ("database_url", with_password("change-me"), with_password("rearrange-me-9f")),
        ("database_url", with_password("agentdesk_dev_password"), with_password("desk_f83Kd0aa")),
        ("database_url", with_password("a1b2c3d"), with_password("a1b2c3d4")),
        ("database_url", with_password("aaaaaaaaaaaa"), with_password("abcdaaaaaaaa")),
        ("owner_url", with_password(PASSWORD + "x"), SAFE["owner_url"]),
        ("service_url", VERIFIED, SAFE["service_url"]),
        ("readonly_url", SAFE["owner_url"], VERIFIED),
        ("pooler_url", URL, VERIFIED),
        ("pooler_url", SAFE["owner_url"], VERIFIED.replace("app:", "watcher:")),
        ("redis_url", f"redis://:{PASSWORD}@h", f"redis://:{PASSWORD}@localhost"),
        ("redis_url", "rediss://h?ssl_cert_reqs=none", "rediss://h?ssl_cert_reqs=required"),
        ("redis_url", "rediss://:redis@h", f"rediss://:{PASSWORD}@h"),
        ("jwt_secret_key", KEY[:31], KEY[:32]),
        ("jwt_secret_key", "secret", KEY),
        ("jwt_secret_key", "your-super-secret-jwt-key-change-in-production", "b7" + KEY),
        ("jwt_secret_key", "abcdefghijklmnopqrstuvwxyz0123456789", KEY),
        ("jwt_secret_key", "0123456789abcdef" * 4, "3f9a0c71d8b2e465" + "9c0e7d1ab8f25364" * 2),
        ("jwt_secret_key", "x" * 64, KEY),
        ("jwt_secret_key", f"{KEY}\udc80", f"{KEY}€"),
        ("jwt_accepted_keys", [KEY[::-1], KEY[:31]], [KEY[::-1], KEY[:32]]),
        ("jwt_accepted_keys", f"{KEY},secret", f"{KEY}, b7{KEY}"),
    ],
)
def test_production_refuses(name: str, refused: object, near_miss: object) -> None:
    found = problems(**{**SAFE, name: refused})
    # Two URLs of one role: either may be the wrong one.
    assert name in {p["setting"] for p in found} or any(name in p["message"] for p in found)
    load_settings(**{**SAFE, name: near_miss})
    if refused is not None:
        load_settings(**{**SAFE, name: refused, "profile": "development"})


def test_production_accepts_what_is_safe_and_needs_only_a_database() -> None:
    load_settings(**SAFE)
    load_settings(profile="production", database_url=VERIFIED)


def test_seed_tls_is_verified_in_production(monkeypatch: Env) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    assert faulty(profile="production") == ["database_url"]
    monkeypatch.setenv("DATABASE_SSL", "true")
    load_settings(profile="production")


def test_facts_of_a_live_database_are_judged() -> None:
    assert role_problems(RoleFacts(name="app")) == []
    for fault in ("superuser", "bypasses_rls", "creates_roles", "owns_tables"):
        [problem] = role_problems(RoleFacts(name="app", **{fault: True}))
        assert problem.setting == "database_url"
    assert schema_problems("0007", "0007") == []
    assert "0006" in schema_problems("0006", "0007")[0].message
    assert "not migrated" in schema_problems(None, "0007")[0].message
