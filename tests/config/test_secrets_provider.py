"""Secrets providers: whom they are asked by, and how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry.config import (
    load_settings,
)
from tests.config.helpers import (
    KEY,
    PASSWORD,
    URL,
    Vault,
    database_url,
    faulty,
    problems,
    source,
)

Env = pytest.MonkeyPatch


class Broken:
    def get(self, name: str) -> str | None:
        raise RuntimeError(PASSWORD)


def test_a_provider_is_asked_only_for_secrets_that_are_missing() -> None:
    vault = Vault(jwt_secret_key=KEY, pool_max="1")
    settings = load_settings(secrets=vault, database_url=URL)
    assert set(vault.asked) == {
        "owner_url",
        "service_url",
        "readonly_url",
        "pooler_url",
        "backup_url",
        "monitor_url",
        "replica_urls",
        "redis_url",
        "cache_url",
        "jwt_secret_key",
        "jwt_accepted_keys",
        "secret_keys",
        "seal_keys",
        "backup_keys",
        "report_key",
    }
    assert settings.pool_max == 20
    assert source(settings, "jwt_secret_key") == "secrets provider (argument)"


@pytest.mark.parametrize("where", ["variable", "toml"])
def test_a_provider_is_named_by_a_setting(where: str, monkeypatch: Env, tmp_path: Path) -> None:
    name = f"{__name__}:Vault"
    if where == "variable":
        monkeypatch.setenv("TENANTRY_SECRETS_PROVIDER", name)
    else:
        (tmp_path / "tenantry.toml").write_text(f'secrets_provider = "{name}"')
    assert database_url(load_settings()) == "postgresql://provider/x"


@pytest.mark.parametrize("name", ["no_such_module:x", f"{__name__}:nothing", "os", "os:path"])
def test_a_provider_that_cannot_be_loaded_is_an_error(name: str) -> None:
    assert faulty(secrets_provider=name) == ["secrets_provider"]


def test_a_provider_that_fails_does_not_tell_the_secret() -> None:
    found = problems(secrets=Broken())
    assert {p["setting"] for p in found} >= {"database_url", "jwt_secret_key"}
    assert "RuntimeError" in found[0]["message"]
    assert PASSWORD not in str(found)
    assert "database_url" in faulty(secrets=Vault(database_url=""))
