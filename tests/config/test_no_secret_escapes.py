"""No text, error or traceback holds a secret."""

from __future__ import annotations

import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

from tenantry.config import (
    Settings,
    load_settings,
)
from tenantry.errors import ConfigurationError
from tenantry.signing import new_signing_key
from tests.config.helpers import (
    PASSWORD,
    URL,
    Vault,
)

Env = pytest.MonkeyPatch
SIGNING_KEY = new_signing_key()


def test_secrets_are_in_no_text_of_the_settings() -> None:
    settings = load_settings(
        database_url=URL,
        replica_urls=[URL],
        redis_url=f"redis://:{PASSWORD}@h",
        jwt_secret_key=PASSWORD,
        jwt_accepted_keys=f"{PASSWORD},{PASSWORD}2",
        pooler_url=URL,
        report_key=SIGNING_KEY,
        readonly_url=f"postgresql://h/d?user=u&password={PASSWORD}&sslpassword={PASSWORD}",
    )
    texts = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    texts += map(str, settings.describe())
    assert PASSWORD not in "\n".join(texts)
    assert SIGNING_KEY not in "\n".join(texts)
    shown = {row.name: row.value for row in settings.describe()}
    assert shown["database_url"] == "postgresql://app:***@db.example.org:5432/shop"
    assert shown["redis_url"] == "redis://:***@h"
    assert shown["jwt_secret_key"] == shown["report_key"] == "set"
    assert shown["jwt_accepted_keys"] == "set, set"
    assert set(shown) == set(Settings.model_fields)


@pytest.mark.parametrize("route", ["argument", "variable", "file", "seed", "toml", "provider"])
@pytest.mark.parametrize("fault", ["malformed", "elsewhere", "refused"])
def test_secrets_are_in_no_error(fault: str, route: str, monkeypatch: Env, tmp_path: Path) -> None:
    url = f"postgresql://u:{PASSWORD}@h:{'x' if fault == 'malformed' else 5432}/d"
    overrides: dict[str, Any] = {"jwt_secret_key": PASSWORD, "jwt_accepted_keys": [PASSWORD]}
    if fault == "elsewhere":
        overrides["pool_max"] = 0
    if fault == "refused":
        overrides["profile"] = "production"
    if route == "argument":
        overrides["database_url"] = url
    elif route == "variable":
        monkeypatch.setenv("TENANTRY_DATABASE_URL", url)
    elif route == "file":
        (tmp_path / "f").write_text(url)
        monkeypatch.setenv("TENANTRY_DATABASE_URL_FILE", "f")
    elif route == "seed":
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("DATABASE_SSL", "false")
    elif route == "toml":
        (tmp_path / "tenantry.toml").write_text(f'database_url = "{url}"')
    else:
        overrides["secrets"] = Vault(database_url=url)
    try:
        load_settings(**overrides)
    except ConfigurationError as error:
        caught = error
    assert caught.__cause__ is None
    assert caught.__context__ is None
    # As rich tracebacks do: with the locals of every frame but the test's own.
    frames = traceback.TracebackException.from_exception(caught, capture_locals=True).stack[1:]
    told = [str(caught), repr(caught), str(caught.to_dict()), str([f.locals for f in frames])]
    copy = pickle.loads(pickle.dumps(caught))  # noqa: S301
    assert (str(copy), copy.problems) == (str(caught), caught.fields["problems"])
    told.append(pickle.dumps(caught).decode("latin-1"))
    assert frames
    assert all(PASSWORD not in text for text in told)
