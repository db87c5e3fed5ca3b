"""The embedded servers as a person at a shell meets them."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tenantry.local import LocalServers

from .helpers import Cli, read_until, terminal


@pytest.fixture
def home(project: Path) -> Cli:
    return Cli(project)


def secrets_of(home: Cli) -> Cli:
    """The same, now that there are passwords to look out for."""
    local = LocalServers(home.folder / ".tenantry")
    names = ("postgres", "tenantry_owner", "tenantry_app", "tenantry_service", "tenantry_readonly")
    return Cli(home.folder, [*map(local.password, names), local.passwords.for_valkey()])


def test_from_nothing_to_running_and_down_again(home: Cli) -> None:
    before = home.json("status", code=1)
    assert [s["running"] for s in before["servers"]] == [False, False]
    assert before["database"]["error"]["hint"] == "Run: tenantry up"

    first = home.process("up")
    assert "Tenantry is up" in first.out
    assert "acme, globex" in first.out
    assert "tenantry status" in first.out
    home = secrets_of(home)

    again = home.json("up")
    assert again["already_running"] is True
    assert (again["applied"], again["seeded"], again["tenants"]) == ([], None, 2)
    assert "running already" in home.process("up").out

    status = home.json("status")
    assert [(s["name"], s["embedded"], s["running"]) for s in status["servers"]] == [
        ("postgres", True, True), ("valkey", True, True),
    ]  # fmt: skip
    postgres = status["servers"][0]
    assert postgres["pid"] > 0
    assert str(postgres["port"]) in postgres["url"]
    assert {"version", "socket", "data_dir", "log", "extensions"} <= set(postgres)
    assert status["database"]["at_head"] is True
    assert status["database"]["tenants"] == 2
    assert "Database: revision" in home("status").out
    assert "pool_max" in home("status", "--settings").out

    assert home.json("health")["ok"] is True
    assert {f["severity"] for f in home.json("doctor")["findings"]} <= {"notice"}
    busy = home.json("up", "--port", str(free_port()), code=4)
    assert "tenantry down" in busy["hint"]

    assert home.json("down") == {"stopped": ["postgres", "valkey"]}
    assert home("down").out == "Nothing was running.\n"
    stopped = home.json("tenant", "list", code=4)
    assert stopped["message"] == "The embedded PostgreSQL is not running."
    assert home.process("health", code=4).err.startswith("Error: The embedded PostgreSQL is not")


def test_up_with_less_and_on_a_port_of_ones_own(home: Cli) -> None:
    port = free_port()
    up = home.json("up", "--no-seed", "--no-valkey", "--port", str(port))
    assert [(s["name"], s["running"]) for s in up["servers"]] == [
        ("postgres", True), ("valkey", False),
    ]  # fmt: skip
    assert (up["servers"][0]["port"], up["tenants"], up["seeded"]) == (port, 0, None)
    home = secrets_of(home)

    assert home.process("psql", "--", "-Atc", "SELECT current_user").out == "tenantry_app\n"
    asked = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    assert home.process("psql", "--role", "superuser", "--", "-Atc", asked).out == "t\n"
    assert home.process("psql", "--", "-c", "SELECT 1 / 0", code=1).err
    assert home("url").out.startswith("postgresql://tenantry_app:")
    assert f"@127.0.0.1:{port}/tenantry" in home("url", "--role", "owner", "--tcp").out

    assert "ready to accept connections" in home("logs").out
    assert len(home.json("logs", "-n", "2")["lines"]) == 2
    assert home("logs", "valkey").out == ""
    home.json("logs", "--follow", code=2)
    home("logs", "valkey", "-f", code=4)
    with terminal(home.folder, "logs", "-f") as (process, screen):
        read_until(screen, "ready to accept connections")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 130
        assert "Traceback" not in read_until(screen, "Traceback")

    listed = home.json("feature", "list")["features"]
    assert {f["name"] for f in listed} >= {"graph", "vectors"}
    if next(f for f in listed if f["name"] == "vectors")["available"]:
        assert home.json("feature", "enable", "vectors")["enabled"] is True
        assert "vectors is disabled" in home("feature", "disable", "vectors").out
    assert home.json("feature", "enable", "flight", code=1)["error"] == "feature_unavailable"


def test_sessions_of_a_valkey_that_is_down_do_not_outlive_a_password(home: Cli) -> None:
    """It keeps them while it is stopped, so the new password waits until they can be ended."""

    def change(*more: str, code: int = 0) -> Any:
        ways = ("user", "password", "ann@x.example", "--password-file", "-")
        return home.json(*ways, *more, code=code, stdin="correct horse battery\n")

    home("up", "--no-seed", "--no-valkey")
    home("tenant", "create", "initech")
    home("user", "create", "ann@x.example")
    home("user", "add-to-tenant", "ann@x.example", "initech")
    assert change()["sessions_ended"] is False  # it never ran: there is none
    home("up")
    assert change()["sessions_ended"] is True
    home("down")
    home("up", "--no-valkey")
    error = change(code=4)
    assert "nothing was changed" in error["message"]
    assert change("--keep-sessions")["sessions_ended"] is False


def test_two_at_the_same_moment(home: Cli) -> None:
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: home.process("up", "--no-valkey", "--json").json, range(2)))
    assert {up["servers"][0]["pid"] for up in both} == {both[0]["servers"][0]["pid"]}
    assert home.json("status")["database"]["tenants"] == 2
    assert home.json("migrate", "check")["ok"] is True


def test_a_port_that_is_taken(home: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = home.json("up", "--port", str(port), code=4)
    assert (error["error"], error["port"]) == ("local_port_taken", port)


def test_a_database_of_ones_own_and_production_have_no_up(
    home: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANTRY_DATABASE_URL", "postgresql://tenantry_app@localhost/x")
    assert home.json("up", code=3)["setting"] == "database_url"
    monkeypatch.setenv("TENANTRY_PROFILE", "production")
    assert home.json("up", code=3)["setting"] == "profile"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
