"""tenantry.toml: found upward, with no unknown keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry.config import (
    load_settings,
)
from tests.config.helpers import (
    problems,
    source,
)

Env = pytest.MonkeyPatch


def test_the_nearest_file_upward_counts(monkeypatch: Env, tmp_path: Path) -> None:
    (tmp_path / "tenantry.toml").write_text(
        'pool_max = 9\nidle_timeout = "5 min"\npgbouncer = true\npg_bin = "pg/bin"\n'
        'replica_urls = ["postgres://a/x", "postgres://b/x"]\n'
    )
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (below / "pyproject.toml").touch()
    monkeypatch.chdir(below)
    settings = load_settings()
    assert (settings.pool_max, settings.idle_timeout, settings.pgbouncer) == (9, 300.0, "yes")
    assert settings.pg_bin == tmp_path / "pg/bin"
    assert settings.home == tmp_path / ".tenantry"
    assert [u.get_secret_value() for u in settings.replica_urls] == [
        "postgresql://a/x",
        "postgresql://b/x",
    ]
    assert source(settings, "pool_max") == f"pool_max in {tmp_path / 'tenantry.toml'}"


def test_a_given_file_brings_its_folder(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    file = tmp_path / "other" / "my.toml"
    file.write_text("pool_max = 6")
    settings = load_settings(file)
    assert (settings.pool_max, settings.home) == (6, tmp_path / "other" / ".tenantry")
    [problem] = problems(path=tmp_path / "missing.toml")
    assert "cannot be read" in problem["message"]


def test_home_stands_beside_pyproject_without_a_file(monkeypatch: Env, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    assert load_settings().home == tmp_path / ".tenantry"


def test_an_unknown_key_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "tenantry.toml").write_text("pool_maximum = 9\n[tenantry]\nx = 1")
    first, second = problems()
    assert (first["setting"], first["hint"]) == ("pool_maximum", "Did you mean pool_max?")
    assert second["setting"] == "tenantry"
    (tmp_path / "tenantry.toml").write_text("pool_max = = 9")
    assert "not valid TOML" in problems()[0]["message"]
