"""A cluster of a test's own, run by generated configurations alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tenantry import endpoints
from tenantry.cli import main
from tenantry.local import SUPERUSER, Account, LocalServers
from tenantry.local.ports import candidates
from tests.fixtures.servers import in_memory, require, running, system_postgres
from tests.migrations.clusters import put_migrated

DATABASE = "shop"
#: Nothing in a generated file: a test's server need not survive the machine's end.
_FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


@dataclass(frozen=True)
class Cluster:
    """A migrated database that no server serves yet."""

    servers: LocalServers
    folder: Path
    data: Path
    bin_dir: Path
    port: int
    version: int
    account: Account
    superuser: str

    @property
    def socket_dir(self) -> Path:
        return self.folder / "socket"

    def within(self, name: str) -> Cluster:
        """The same, with a folder of a module's own for what is generated and for the socket."""
        own = replace(self, folder=Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder)))
        own.folder.chmod(0o755)
        own.socket_dir.mkdir()
        self.account.own(own.socket_dir)
        return own

    def url(self, role: str, host: str = "", port: int | None = None, **params: str) -> str:
        """A login of a role; by the socket, where no host is named."""
        role = f"tenantry_{role}"
        login = f"{role}:{quote(self.servers.password(role), safe='')}"
        said = {"host": host or str(self.socket_dir), "port": str(port or self.port), **params}
        query = "&".join(f"{name}={quote(value, safe='/')}" for name, value in said.items())
        return f"postgresql://{login}@/{DATABASE}?{query}"

    def generate(self, *arguments: str | Path, into: Path) -> None:
        """`tenantry config …`, given to the account that the servers run as."""
        assert main(["config", *map(str, arguments), "--out", str(into)]) == 0
        self.own(into)

    def own(self, folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            self.account.own(path)

    def sql(self, *arguments: str, role: str = "") -> str:
        """psql as the administrator, or another, who comes as the account that the server runs as."""
        ran = self._psql(role or self.superuser, *arguments)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def refused(self, role: str, statement: str) -> str:
        """What the server has against it."""
        ran = self._psql(role, "-c", statement)
        assert ran.returncode != 0, ran.stdout
        return ran.stderr

    def _psql(self, role: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        place = ["-h", str(self.socket_dir), "-p", str(self.port), "-U", role, "-d", DATABASE]
        options = ["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        return self.account.run([self.bin_dir / "psql", *options, *place, *arguments])

    @contextmanager
    def started(self, folder: Path) -> Iterator[None]:
        """The server, by the files in this folder."""
        main_file = self.folder / "main.conf"
        main_file.write_text(
            f"data_directory = '{self.data}'\nhba_file = '{folder}/pg_hba.conf'\n"
            f"ident_file = '{folder}/pg_ident.conf'\nunix_socket_directories = '{self.socket_dir}'\n"
            f"{_FAST}include = '{folder}/tenantry.conf'\n"
        )
        self.account.own(main_file)
        program = [str(self.bin_dir / "postgres"), "-D", str(self.data)]
        command = [*program, "-c", f"config_file={main_file}"]
        with running(command, self.port, self.account):
            yield

    @contextmanager
    def pooled(self, folder: Path, port: int) -> Iterator[None]:
        """PgBouncer before it, by the file in this folder."""
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        require("PgBouncer (apt install pgbouncer)", program)
        with running([str(program), "-q", f"{folder}/pgbouncer.ini"], port, self.account):
            yield

    def free_port(self) -> int:
        return next(candidates("test", self.folder, last=None))


@pytest.fixture(scope="session")
def cluster_of(request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], Cluster]]:
    """`cluster_of("wheel", "name of the module")`: one for all modules, which run it in turn."""
    asked = request.config.getoption("--postgres")
    made: dict[str, Cluster] = {}
    with ExitStack() as stack:

        def chosen(kind: str, module: str) -> Cluster:
            if kind not in (asked or [kind]):
                pytest.skip("another PostgreSQL was asked for")
            if kind not in made:
                made[kind] = stack.enter_context(_made(kind))
            return made[kind].within(module)

        yield chosen


@contextmanager
def _made(kind: str) -> Iterator[Cluster]:
    """Of the wheel's PostgreSQL or the system's, with roles and a migrated database, and stopped."""
    pg_bin = system_postgres() if kind == "system" else None
    if kind == "system":
        require("a system PostgreSQL (apt install postgresql)", pg_bin)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tenantry-config-", dir=in_memory()))
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        servers = LocalServers(folder / "home", pg_bin=pg_bin, settings={"fsync": "off"})
        put_migrated(kind, servers.home)
        servers.up(valkey=False)
        stack.callback(servers.down)
        facts, account = servers.status()[0], servers.account
        superuser = _prepared(servers, account)
        cluster = Cluster(
            servers, folder, facts.data_dir, servers.binary("pg_controldata").parent,
            next(candidates("test", folder, last=None)), int(facts.version.split(".")[0]), account,
            superuser,
        )  # fmt: skip
        servers.down()
        yield cluster


def _prepared(servers: LocalServers, account: Account) -> str:
    """The administrator, who must be named as the account is."""
    import asyncio

    import asyncpg

    async def prepare() -> None:
        admin = await asyncpg.connect(servers.postgres_url(SUPERUSER, "postgres"))
        await admin.execute(f"ALTER DATABASE {endpoints.DATABASE} RENAME TO {DATABASE}")
        if account.name != SUPERUSER:
            await admin.execute(f'CREATE ROLE "{account.name}" SUPERUSER LOGIN')
        await admin.close()

    asyncio.run(prepare())
    return account.name


def settings_of(file: Path) -> Mapping[str, str]:
    """A generated file's settings."""
    lines = (
        line.partition(" = ")
        for line in file.read_text().splitlines()
        if " = '" in line and line[0] != "#"
    )
    return {name: value.strip("'").replace("''", "'") for name, _, value in lines}
