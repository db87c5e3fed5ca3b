"""`url`, `psql`, `status` and `health` on a server of one's own."""

from __future__ import annotations

import pytest

from tests.fixtures.database import Place

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


def test_urls_are_those_of_the_settings(cli: Cli, place: Place) -> None:
    for role in ("app", "service", "readonly", "owner"):
        assert cli.json("url", "--role", role) == {
            "role": role,
            "url": cli("url", "--role", role).out.strip(),
        }
    assert place.name in cli("url", "--tcp").out
    assert "'superuser' is not one of" in cli("url", "--role", "superuser", code=2).err


def test_psql_logs_in_as_the_role(cli: Cli) -> None:
    for role in ("app", "service", "readonly", "owner"):
        ran = cli.process("psql", "--role", role, "--", "-Atc", "SELECT current_user")
        assert ran.out == f"tenantry_{role}\n"
    assert cli.process("psql", "--role", "superuser", code=3).err.startswith("Error: Only the")


def test_psql_never_has_the_password_on_its_command_line(cli: Cli) -> None:
    shell = "\\! tr '\\0' ' ' </proc/$PPID/cmdline"
    assert "postgresql://tenantry_app@" in cli.process("psql", "--", "-c", shell).out


def test_status_hides_what_is_secret(cli: Cli, place: Place) -> None:
    status = cli.json("status")
    postgres = status["servers"][0]
    assert (postgres["embedded"], postgres["running"]) == (False, True)
    assert ":***@" in postgres["url"]
    sources = {s["name"]: s["source"] for s in status["settings"]}
    assert sources["owner_url"] == "TENANTRY_OWNER_URL"
    assert "your own" in cli("status").out


def test_a_server_that_is_away(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = "postgresql://tenantry_app:secret-word@127.0.0.1:1/tenantry"
    for name in ("DATABASE", "SERVICE", "OWNER"):
        monkeypatch.setenv(f"TENANTRY_{name}_URL", nowhere)
    for words in (("tenant", "list"), ("health",), ("migrate", "current"), ("seed",)):
        assert "secret-word" not in str(cli.json(*words, code=4))
    status = cli.json("status", code=1)
    assert status["database"]["error"]["error"] == "database_unavailable"
    assert "cannot be reached" in cli("status", code=1).out


def test_a_login_that_is_refused(cli: Cli, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    url = place.url("service").replace("tenantry_service:", "tenantry_service:wrong")
    monkeypatch.setenv("TENANTRY_SERVICE_URL", url)
    assert cli.json("tenant", "list", code=4)["error"] == "authentication_failed"


def test_a_role_without_a_url(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENANTRY_SERVICE_URL")
    assert cli.json("tenant", "list", code=3)["setting"] == "service_url"


def test_health(cli: Cli) -> None:
    health = cli.json("health")
    assert health["ok"] is True
    assert health["revision"] == health["head"]
    assert "Latency" in cli("health").out
    assert [(p["name"], p["ok"], p["required"]) for p in health["parts"]] == [
        ("database", True, True), ("migrations", True, True), ("partitions", True, False),
    ]  # fmt: skip
    assert health["parts"][0]["facts"]["server_version"] in cli("health").out


def test_health_with_what_is_away(cli: Cli, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and the exit code says that a program could serve all the same."""
    monkeypatch.setenv("TENANTRY_REDIS_URL", "redis://:secret-word@127.0.0.1:1/0")
    nowhere = "postgresql://tenantry_app:secret-word@127.0.0.1:2/tenantry"
    monkeypatch.setenv("TENANTRY_REPLICA_URLS", nowhere)
    monkeypatch.setenv("TENANTRY_REDIS_TIMEOUT", "0.2")
    health = cli.json("health")
    away = {p["name"]: (p["error"], p["required"]) for p in health["parts"] if not p["ok"]}
    assert away == {
        "replica-1": ("database_unavailable", False),
        "valkey": ("coordination_unavailable", False),
    }
    shown = cli("health").out
    assert "127.0.0.1:2" in shown
    assert "no, not required" in shown
    assert "secret-word" not in shown + str(health)
