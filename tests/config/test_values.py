"""Types, bounds and durations, and the page that lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry.config import (
    Settings,
    reference,
)
from tenantry.config.durations import seconds
from tenantry.config.seeds import SEED_NAMES
from tests.config.helpers import (
    faulty,
    problems,
)

Env = pytest.MonkeyPatch


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (3, 3.0),
        ("3", 3.0),
        ("1.5", 1.5),
        ("30s", 30.0),
        ("5 min", 300.0),
        ("500 ms", 0.5),
        ("1h 30min", 5400.0),
        ("2 Minutes", 120.0),
        ("1d", 86400.0),
    ],
)
def test_durations(text: object, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "5 apples", "-1", "1s x", "nan", True, None, [1]])
def test_what_is_no_duration(text: object) -> None:
    assert faulty(statement_timeout=text if text is not None else "none") == ["statement_timeout"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pool_max", 0),
        ("pool_min", 21),
        ("pool_min", -1),
        ("pool_overflow", -1),
        ("acquire_timeout", 0),
        ("statement_timeout", 3_000_000),
        ("pgbouncer", "perhaps"),
        ("profile", "prod"),
        ("migrate", "always"),
        ("application_name", ""),
        ("application_name", "x" * 64),
        ("jwt_secret_key", ""),
        ("jwt_accepted_keys", [""]),
        ("secrets_provider", "nocolon"),
    ],
)
def test_bounds(name: str, value: object) -> None:
    assert faulty(**{name: value}) == [name]


def test_an_unknown_argument_names_the_nearest() -> None:
    [problem] = problems(pool_maximum=3)
    assert (problem["setting"], problem["hint"]) == ("pool_maximum", "Did you mean pool_max?")


def test_all_faults_come_at_once(monkeypatch: Env, tmp_path: Path) -> None:
    (tmp_path / "tenantry.toml").write_text("nonsense = 1")
    monkeypatch.setenv("TENANTRY_REDIS_URL_FILE", "missing")
    monkeypatch.setenv("TENANTRY_POOL_MAX", "x")
    assert set(faulty(migrate="x")) == {"nonsense", "redis_url", "pool_max", "migrate"}


def test_the_page_names_every_setting() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    assert reference() in page, "docs/settings.md is out of date: run `make docs`"
    assert all(f"`{name}`" in page for name in SEED_NAMES)
    assert all(field.description for field in Settings.model_fields.values())
