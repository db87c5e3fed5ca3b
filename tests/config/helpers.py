"""What the settings' tests share."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.config import InvalidSettings, Settings, load_settings
from tenantry.errors import ConfigurationError

PASSWORD = "kT9vQx2mWz7p"
URL = f"postgresql://app:{PASSWORD}@db.example.org:5432/shop"
VERIFIED = f"{URL}?sslmode=verify-full"
KEY = "q8Zr1vN0xKpL4sYt7WbEjH3mCfUa9GdR5iOo2X6T"


class Vault:
    """A secrets provider that remembers what it was asked for."""

    def __init__(self, **secrets: str) -> None:
        self.secrets = secrets or {"database_url": "postgresql://provider/x"}
        self.asked: list[str] = []

    def get(self, name: str) -> str | None:
        self.asked.append(name)
        return self.secrets.get(name)


def problems(**overrides: Any) -> list[dict[str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**overrides)
    assert isinstance(caught.value, InvalidSettings)
    assert caught.value.__context__ is None
    return caught.value.problems


def faulty(**overrides: Any) -> list[str]:
    return [p["setting"] for p in problems(**overrides)]


def database_url(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


def source(settings: Settings, name: str) -> str:
    return next(row.source for row in settings.describe() if row.name == name)
