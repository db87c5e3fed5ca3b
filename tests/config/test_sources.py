"""Where values come from: the strongest source counts."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tenantry.config import (
    InvalidSettings,
    Settings,
    UnknownSetting,
    load_settings,
)
from tests.config.helpers import (
    KEY,
    PASSWORD,
    URL,
    VERIFIED,
    Vault,
    database_url,
    faulty,
    problems,
    source,
)

Env = pytest.MonkeyPatch

SOURCES = ("argument", "variable", "provider", "seed", "toml")


@pytest.mark.parametrize("form", ["", "_FILE"])
@pytest.mark.parametrize("present", range(2 ** len(SOURCES)))
def test_the_strongest_source_that_has_a_value_counts(
    present: int, form: str, monkeypatch: Env, tmp_path: Path
) -> None:
    has = {name for bit, name in enumerate(SOURCES) if present >> bit & 1}

    def give(variable: str, url: str) -> None:
        file = tmp_path / variable
        file.write_text(f"{url}\n")
        monkeypatch.setenv(variable + form, str(file) if form else url)

    if "variable" in has:
        give("TENANTRY_DATABASE_URL", "postgresql://variable/x")
    if "seed" in has:
        give("DATABASE_URL", "postgresql://seed/x")
    if "toml" in has:
        (tmp_path / "tenantry.toml").write_text('database_url = "postgresql://toml/x"')
    settings = load_settings(
        secrets=Vault() if "provider" in has else None,
        database_url="postgresql://argument/x" if "argument" in has else None,
    )
    winner = next((name for name in SOURCES if name in has), None)
    if winner is None:
        assert settings.database_url is None
        assert source(settings, "database_url") == "default"
    else:
        assert database_url(settings) == f"postgresql://{winner}/x"


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert (settings.pool_min, settings.pool_max, settings.pool_overflow) == (5, 20, 0)
    assert (settings.profile, settings.migrate, settings.pgbouncer) == (
        "development",
        "auto",
        "auto",
    )
    assert settings.home == tmp_path / ".tenantry"
    assert load_settings(profile="test").migrate == "auto"
    assert load_settings(profile="production", database_url=VERIFIED).migrate == "check"


def test_settings_alone_read_no_environment(monkeypatch: Env) -> None:
    monkeypatch.setenv("TENANTRY_POOL_MAX", "7")
    assert Settings().pool_max == 20
    with pytest.raises(InvalidSettings):
        Settings(pool_max=0)


def test_settings_are_frozen_and_picklable() -> None:
    settings = load_settings(database_url=URL)
    with pytest.raises(ValueError, match="frozen"):
        settings.pool_max = 3
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_gives_its_text_without_the_newline(
    ending: str, monkeypatch: Env, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(f" {KEY}{ending}", newline="")
    monkeypatch.setenv("TENANTRY_JWT_SECRET_KEY_FILE", "secret")
    settings = load_settings()
    assert settings.jwt_secret_key is not None
    assert settings.jwt_secret_key.get_secret_value() == f" {KEY}"
    assert source(settings, "jwt_secret_key") == "TENANTRY_JWT_SECRET_KEY_FILE"


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe\x00", "UTF-8")],
)
@pytest.mark.parametrize("variable", ["TENANTRY_DATABASE_URL_FILE", "DATABASE_URL_FILE"])
def test_a_file_that_gives_nothing_is_an_error(
    variable: str, content: bytes | None, why: str, monkeypatch: Env, tmp_path: Path
) -> None:
    # A secret put where a path belongs must not be told either.
    file = tmp_path / PASSWORD
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(variable, str(file))
    [problem] = problems(profile="production")
    assert problem["setting"] == "database_url"
    assert variable in problem["message"]
    assert why in problem["message"]
    assert PASSWORD not in str(problem)


def test_a_folder_is_no_file_of_a_secret(monkeypatch: Env, tmp_path: Path) -> None:
    monkeypatch.setenv("TENANTRY_REDIS_URL_FILE", str(tmp_path))
    assert faulty() == ["redis_url"]


@pytest.mark.parametrize("name", ["TENANTRY_DATABASE_URL", "POSTGRES_PASSWORD", "REDIS_DB"])
def test_a_variable_and_its_file_form_exclude_each_other(
    name: str, monkeypatch: Env, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("x")
    monkeypatch.setenv(name, "y")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "f"))
    [problem] = problems()
    assert f"Both {name} and {name}_FILE" in problem["message"]
    monkeypatch.setenv(name, "")
    if name == "TENANTRY_DATABASE_URL":
        (tmp_path / "f").write_text(URL)
        assert database_url(load_settings()) == URL


def test_an_unknown_variable_warns_with_the_nearest_name(monkeypatch: Env) -> None:
    monkeypatch.setenv("TENANTRY_POOL_MAXX", "3")
    with pytest.warns(UnknownSetting, match="TENANTRY_POOL_MAXX .* Did you mean TENANTRY_POOL_MAX"):
        assert load_settings().pool_max == 20


@pytest.mark.parametrize(
    "name",
    [
        "TENANTRY_REQUIRE",
        "TENANTRY_APP_PASSWORD",
        "TENANTRY_SERVICE_HOST",
        "TENANTRY_PORT",
        "TENANTRY_PORT_5432_TCP_ADDR",
        "TENANTRY_WEB_SERVICE_PORT_HTTP",
    ],
)
def test_variables_of_others_do_not_warn(name: str, monkeypatch: Env) -> None:
    monkeypatch.setenv(name, "x")
    load_settings()
