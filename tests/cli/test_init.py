"""`init` on a server of one's own."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tenantry.local import SUPERUSER, LocalServers
from tests.fixtures.servers import Server

from .helpers import Cli

#: What is tested here is our own program's; the servers' differences are tested elsewhere.
pytestmark = pytest.mark.postgres("wheel")

_FAST = {"fsync": "off", "shared_buffers": "16MB"}


@pytest.fixture
def name(postgres_server: Server) -> Iterator[str]:
    """The name of a database that is dropped again."""
    name = f"t_{uuid4().hex[:16]}"
    yield name
    run(postgres_server.superuser_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def known(template: Server, project: Path) -> Path:
    """A file with the passwords that the session's server has for the roles."""
    file = project / "passwords"
    roles = ("app", "owner", "service", "readonly")
    file.write_text("".join(f"{r}={template.password(f'tenantry_{r}')}\n" for r in roles))
    return file


def run(url: str, *statements: str) -> Any:
    async def work() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                found = await connection.fetchval(statement)
            return found
        finally:
            await connection.close()

    return asyncio.run(work())


def load(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in file.read_text().splitlines():
        variable, _, value = line.partition("=")
        monkeypatch.setenv(variable, value.strip("'"))


def test_init_then_migrate(
    project: Path, template: Server, name: str, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(project)
    monkeypatch.setenv("TENANTRY_ADMIN_URL", template.superuser_url)
    made = cli("init", "--database", name, "--passwords-file", str(known))
    assert "tenantry migrate up" in made.out
    assert not made.err
    file = project / "tenantry.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    load(file, monkeypatch)
    assert cli.json("migrate", "check", code=1)["at_head"] is False
    cli("migrate", "up")
    assert cli.json("migrate", "check")["ok"] is True
    assert cli("tenant", "create", "initech").code == 0
    # Again: neither the file nor the database is touched.
    before = file.read_text()
    again = cli.json("init", "--database", name, "--passwords-file", str(known), code=2)
    assert "exists already" in again["message"]
    assert file.read_text() == before
    cli("init", "--database", name, "--passwords-file", str(known), "--env-file", "other.env")
    assert len(cli.json("tenant", "list")["tenants"]) == 1


@pytest.fixture
def fresh(postgres_server: Server, project: Path) -> Iterator[LocalServers]:
    """A cluster that has no role of Tenantry's yet."""
    pg_bin = postgres_server.bin_dir if postgres_server.kind == "system" else None
    servers = LocalServers(project / "cluster", pg_bin=pg_bin, settings=_FAST)
    servers.up(valkey=False)
    yield servers
    servers.down()


def test_by_a_plain_createrole_login(
    project: Path, fresh: LocalServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What managed servers give: no superuser. It makes up the passwords, and new ones on demand."""
    superuser = fresh.postgres_url(SUPERUSER, "postgres")
    run(superuser, "CREATE ROLE boss LOGIN CREATEROLE CREATEDB PASSWORD 'pw'")
    login = superuser.partition("//")[2].partition("@")[0]
    (project / "admin").write_text(superuser.replace(login, "boss:pw") + "\n")
    cli = Cli(project)
    cli("init", "--admin-url-file", "admin")
    load(project / "tenantry.env", monkeypatch)
    cli("migrate", "up")
    assert cli.json("migrate", "check")["ok"] is True
    cli("seed")
    assert len(cli.json("tenant", "list")["tenants"]) == 2

    cli("init", "--admin-url-file", "admin", "--env-file", "new.env", "--rotate")
    assert cli.json("tenant", "list", code=4)["error"] == "authentication_failed"
    load(project / "new.env", monkeypatch)
    assert len(cli.json("tenant", "list")["tenants"]) == 2


def test_passwords_of_roles_that_exist_are_not_replaced(
    project: Path, template: Server, name: str
) -> None:
    cli = Cli(project)
    refused = cli.process("init", "--json", "--database", name, code=2,
                          TENANTRY_ADMIN_URL=template.superuser_url)  # fmt: skip
    assert "--rotate" in refused.json["hint"]
    assert not (project / "tenantry.env").exists()
    owner = template.url("tenantry_owner", "postgres")
    assert run(owner, "SELECT current_user") == "tenantry_owner"


@pytest.mark.postgres("wheel")
def test_what_init_cannot_use(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = Cli(project, ["hush-word"])
    assert cli.json("init", code=3)["setting"] == "admin_url"
    bad = cli.json("init", "postgresql://a:hush-word@b@c/", code=3)
    assert "more than one '@'" in bad["message"]
    assert cli.json("init", "--admin-url-file", "none", code=2)["field"] == "admin_url_file"
    away = cli.json("init", "postgresql://postgres:hush-word@127.0.0.1:1/postgres", code=4)
    assert away["error"] == "database_unavailable"
    (project / "passwords").write_text("root=hush-word\n")
    wrong = cli.json("init", "postgresql://a@localhost/b", "--passwords-file", "passwords", code=2)
    assert "role=password" in wrong["message"]
    assert not (project / "tenantry.env").exists()
