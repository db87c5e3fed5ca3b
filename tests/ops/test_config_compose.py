"""The containers: what the Compose Specification says of them, and what a secret may never be in."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest

from tenantry.cli import exits
from tests.cli.conftest import project  # noqa: F401 - the folder that `offline` stands in
from tests.cli.helpers import Cli

from .json_schema import faults

_SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "compose-spec.json").read_text())
#: It brings no types.
yaml: Any = importlib.import_module("yaml")


@pytest.fixture
def offline(project: Path) -> Cli:  # noqa: F811
    """It asks no server."""
    return Cli(project)


@pytest.fixture
def made(offline: Cli) -> Path:
    offline("config", "compose", "--memory", "8GB", "--cpus", "4", "--out", "box")
    return offline.folder / "box"


def _compose(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((made / "compose.yaml").read_text())
    return found


def test_it_is_what_the_specification_asks_for(made: Path) -> None:
    compose = _compose(made)
    assert list(faults(compose, _SCHEMA, _SCHEMA)) == []
    # The check notices: a word that there is not, and one of another kind.
    compose["services"]["valkey"] |= {"restarts": "always", "init": {}}
    told = list(faults(compose, _SCHEMA, _SCHEMA))
    assert {".services.valkey.restarts is unknown", ".services.valkey.init is no boolean or string"} <= set(told)  # fmt: skip


def test_every_service_is_watched_bounded_and_closed(made: Path) -> None:
    compose = _compose(made)
    assert set(compose["services"]) == {"postgres", "pgbouncer", "valkey", "qdrant", "pgadmin"}
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert "latest" not in service.get("image", ""), name
    assert compose["services"]["pgadmin"]["profiles"] == ["admin"]
    sizes = [s["deploy"]["resources"]["limits"]["memory"] for s in compose["services"].values()]
    assert sizes[:4] == ["4096M", "256M", "1024M", "2048M"]


def test_whatever_it_names_is_there(made: Path) -> None:
    compose = _compose(made)
    mounted = [
        volume.partition(":")[0] for s in compose["services"].values() for volume in s["volumes"]
    ]
    paths = [v for v in mounted if v.startswith(".")] + [
        secret["file"] for secret in compose["secrets"].values()
    ]
    assert [path for path in paths if not (made / path).exists()] == []
    assert {v for v in mounted if v[0] != "."} == set(compose["volumes"])
    named = {
        secret if isinstance(secret, str) else secret["source"]
        for s in compose["services"].values() for secret in s["secrets"]
    }  # fmt: skip
    assert named == set(compose["secrets"])
    used = {name for s in compose["services"].values() for name in s["networks"]}
    assert used == set(compose["networks"])
    stages = re.findall(r"^FROM .* AS (\w+)", (made / "Dockerfile").read_text(), re.MULTILINE)
    assert {s["build"]["target"] for s in compose["services"].values() if "build" in s} < {*stages}


def test_no_secret_is_in_it_and_each_is_random_and_kept(offline: Cli, made: Path) -> None:
    secrets = {path.name: path.read_text() for path in (made / "secrets").iterdir()}
    words = [word for text in secrets.values() for word in text.split() if len(word) > 20]
    assert len(set(words)) == 4
    others = [p for p in made.rglob("*") if p.is_file() and p.parent.name != "secrets"]
    for path in others:
        text = path.read_text()
        assert not [word for word in words if word in text], path
        assert "BEGIN PRIVATE KEY" not in text or path.suffix == ".key", path
        # Whatever is said of a password leads to a file.
        said = re.findall(
            r"(?im)^[ \t]*(\w*(?:password|api_key|secret)\w*)[ \t]*[:=][ \t]*(\S+)", text
        )
        said = [(name, value) for name, value in said if name != "password_encryption"]
        assert [name for name, value in said if not value.startswith(("/", "./"))] == [], path
    for folder in ("secrets", "tls"):
        assert S_IMODE((made / folder).stat().st_mode) == 0o700
    offline("config", "compose", "--out", "box", code=exits.USAGE)
    offline("config", "compose", "--out", "box", "--force")
    assert {path.name: path.read_text() for path in (made / "secrets").iterdir()} == secrets
    offline("config", "compose", "--out", "other")
    assert (made.parent / "other" / "secrets" / "postgres_password").read_text() not in words
    shown = offline("config", "compose").out  # what is only shown makes no secret
    assert "PRIVATE KEY" not in shown
    assert "requirepass" not in shown
