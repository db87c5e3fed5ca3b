"""PgBouncer runs by the file that `config pgbouncer` makes, passes the proof, and holds under a crowd."""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

import tenantry
from tenantry import Database, Settings
from tenantry.config import DatabaseUrl
from tenantry.errors import InvalidInput
from tenantry.isolation.attacks import Doors
from tenantry.isolation.pooler import Source, read_console
from tenantry.isolation.pooler.versions import holes
from tenantry.isolation.proof import prove
from tenantry.local import Account
from tenantry.local.ports import candidates
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata
from tenantry.ops.config import hba, write
from tenantry.ops.config.hba import Access
from tenantry.ops.config.machine import Load
from tenantry.ops.config.pgbouncer import Plan, files
from tenantry.ops.config.tls import POOLER_ROLE
from tenantry.ops.setup import init
from tenantry.schema.roles import APP, LOGINS, OWNER, READONLY, SERVICE, scram_verifier
from tests.coordination import soak
from tests.fixtures.database import Place
from tests.fixtures.servers import Server, require, running
from tests.isolation import storm
from tests.isolation.storm import Storm, open_books
from tests.migrations.clusters import own_cluster

from .clusters import DATABASE, Cluster

_WATCHER, _WORD = "watcher", "kT9vQx2mWz7pLr"
#: A thousand log in for as long as the rest takes together, so an ordinary run has fewer.
_CLIENTS, _SERVERS = soak(60, 1000), 20
_OPERATIONS = soak(1_500, 10_000)
#: On a machine that has much else to do a crowd waits.
_PATIENT: dict[str, Any] = {"acquire_timeout": 120, "connect_timeout": 120}


@pytest.fixture(scope="module", params=["wheel", "system"])
def cluster(
    request: pytest.FixtureRequest, cluster_of: Callable[[str, str], Cluster]
) -> Iterator[Cluster]:
    """A server by generated files: the system's with TLS and certificates of clients, where PgBouncer
    comes by the network; the wheel's without, where it comes by the socket."""
    made = cluster_of(request.param, "pgbouncer")
    tls, folder = made.folder / "tls", made.folder / "conf"
    folder.mkdir()
    made.generate(
        "tls", "--host", "localhost", "--pooler-host", "localhost",
        "--client", APP, "--client", READONLY, into=tls,
    )  # fmt: skip
    secured = ("--tls", tls, "--client-certificates", "--pooler-network", "127.0.0.1/32")
    made.generate(
        "postgres", "--version", str(made.version), "--memory", "1GB", "--cpus", "2",
        "--port", str(made.port), "--database", DATABASE, "--superuser", made.superuser,
        "--pooled", "20", "--pooler-account", made.account.name,
        *(secured if request.param == "system" else ()), into=folder,
    )  # fmt: skip
    with made.started(folder):
        verifier = scram_verifier(_WORD)
        made.sql("-c", f"CREATE ROLE {_WATCHER} LOGIN PASSWORD '{verifier}'")
        yield made


@pytest.mark.parametrize("passwords", ["query", "list"])
async def test_it_runs_and_the_proof_finds_nothing_but_its_version(
    cluster: Cluster, passwords: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, folder = cluster.folder / "tls", cluster.folder / passwords
    secured = (cluster.folder / "conf" / "tenantry.conf").read_text().count("ssl = 'on'")
    port = cluster.free_port()
    folder.mkdir()
    cluster.generate(
        "pgbouncer", "--passwords", passwords, "--database", DATABASE, "--port", str(port),
        "--server", f"localhost:{cluster.port}" if secured else f"{cluster.socket_dir}:{cluster.port}",
        "--folder", folder, "--watcher", _WATCHER,
        *(("--tls", tls, "--client-certificates") if secured else ()), into=folder,
    )  # fmt: skip
    if passwords == "query":
        cluster.sql("-f", str(folder / "pooler.sql"))
        cluster.sql("-f", str(folder / "pooler.sql"))  # to be run again, where it must be
        _nothing_is_to_be_had_by_its_login(cluster)
    _list_passwords(folder, cluster.sql("-f", str(folder / "userlist.sql")))
    cluster.own(folder)

    def url(role: str) -> str:
        files = {
            "sslmode": "verify-full", "sslrootcert": str(tls / "ca.crt"),
            "sslcert": str(tls / f"tenantry_{role}.crt"), "sslkey": str(tls / f"tenantry_{role}.key"),
        } if secured else {}  # fmt: skip
        return cluster.url(role, "localhost" if secured else "127.0.0.1", port, **files)

    with cluster.pooled(folder, port):
        settings = Settings(
            profile="test", pool_min=0, migrate="check", **_PATIENT,
            database_url=url("app"), readonly_url=url("readonly"),
        )  # fmt: skip
        async with await tenantry.connect(settings=settings) as db:
            assert (await db.health()).ok
            assert db._pool.pooled
        for role in ("owner", "service"):  # whom it is not to know
            with pytest.raises(asyncpg.PostgresError):
                await asyncpg.connect(
                    url("app").replace(f"//{APP}:", f"//tenantry_{role}:"), statement_cache_size=0
                )
        ways = (url("app"), url("readonly"))
        watcher = ways[0].replace(
            f"{APP}:{DatabaseUrl.parse(ways[0]).password}", f"{_WATCHER}:{_WORD}", 1
        )
        for source in (Source(ways, file=folder / "pgbouncer.ini"), Source(ways, watcher)):
            proof = await prove(
                cluster.url("owner"), metadata, doors=Doors({APP: ways[0], READONLY: ways[1]}),
                pooler=source, attacks=False, administrator=False,
            )  # fmt: skip
            found = {f.key: f.detail for f in proof.findings}
            assert {key.partition(":")[0] for key in found} <= {"pooler-version"}, found
            assert proof.pooler.poolers
            # Of the database itself all is said; what is left are the ways to see the pooler.
            monkeypatch.setattr("tenantry.isolation.proof.prove_statically", lambda *_, **__: [])
        assert bool(found) == bool(holes(read_console(watcher).release))


def _nothing_is_to_be_had_by_its_login(cluster: Cluster) -> None:
    """The login that stands on the pooler's machine, with everything that somebody might try there."""
    for sql in (
        "SELECT 1 FROM tenantry.tenants",
        "SELECT 1 FROM tenantry.projects",
        f"SET ROLE {APP}",
        "SELECT rolpassword FROM pg_authid",
        "SELECT tenantry.authenticate_key('x')",
        "CREATE TABLE public.mine (x int)",
        f"CREATE TABLE {POOLER_ROLE}.mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
        "SELECT pg_cancel_backend(1)",
    ):
        assert "permission denied" in cluster.refused(POOLER_ROLE, sql), sql
    asked = f"SELECT count(*) FROM {POOLER_ROLE}.password_of"
    for role in (APP, READONLY):
        assert cluster.sql("-c", f"{asked}('{role}')", role=POOLER_ROLE) == "1"
    for role in (cluster.superuser, OWNER, SERVICE, POOLER_ROLE, _WATCHER):
        assert cluster.sql("-c", f"{asked}('{role}')", role=POOLER_ROLE) == "0"


@pytest.mark.postgres("wheel")
@pytest.mark.timeout(soak(300, 900))
async def test_a_crowd_of_clients_shares_a_few_connections(
    crowded: tuple[Place, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The kernel's own storm, of as many workers as there are clients: every transaction may meet
    what any other has left. TENANTRY_TEST_SEED repeats its choices, TENANTRY_SOAK=1 takes a minute."""
    place, through = crowded
    monkeypatch.setattr(storm, "_WORKERS", _CLIENTS)
    monkeypatch.setattr(storm, "_BURST", _OPERATIONS)
    books = await open_books(place, 2 * _CLIENTS + 50)
    seed = int(os.environ.get("TENANTRY_TEST_SEED") or secrets.randbits(32))
    end = time.monotonic() + soak(0, 60)
    settings = place.settings(
        database_url=through, pool_min=_CLIENTS, pool_max=_CLIENTS, **_PATIENT
    )
    async with await tenantry.connect(settings=settings) as db:
        found = Storm(db, place, books, seed)
        async with _counted(place, db) as counts:
            while found.operations == 0 or (time.monotonic() < end and not found.faults):
                await found.run(found.operations + _OPERATIONS)
    assert not found.faults, found.report()
    clients, servers = (max(column) for column in zip(*counts, strict=True))
    assert clients == _CLIENTS
    assert _SERVERS // 2 < servers <= _SERVERS


@pytest.fixture
async def crowded(postgres_server: Server) -> AsyncIterator[tuple[Place, str]]:
    """A database on a server of its own, as it gets a role more; and the app's URL through a
    generated PgBouncer, which looks passwords up there."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    require("PgBouncer (apt install pgbouncer)", program)
    _room_for(2 * _CLIENTS + 200)
    with (
        own_cluster(postgres_server.kind) as server,
        tempfile.TemporaryDirectory(prefix="tenantry-crowd-") as name,
    ):
        place, folder, account = Place(server, "crowd"), Path(name), server.account
        words = {role: server.password(role) for role in LOGINS}
        await init(server.superuser_url, place.name, words)
        await Migrator(place.url("owner"), metadata).up()
        port = next(candidates("test", folder, last=None))
        plan = Plan(
            load=Load(1, _CLIENTS, 2), database=place.name, server=str(place.server.socket_dir),
            server_port=place.server.port, release=(1, 18), connections=_SERVERS, port=port,
            folder=folder, passwords="query",
        )  # fmt: skip
        made = files(plan, place.settings(**_PATIENT), "config pgbouncer")
        write(made, folder)
        _let_in_the_pooler(place)
        admin = await place.connection("superuser")
        await admin.execute((folder / "pooler.sql").read_text())
        await admin.execute("SELECT pg_reload_conf()")
        await admin.close()
        _give(folder, account)
        with running([str(program), "-q", str(folder / "pgbouncer.ini")], port, account):
            login = f"{APP}:{quote(place.server.password(APP), safe='')}"
            yield place, f"postgresql://{login}@127.0.0.1:{port}/{place.name}"


def _let_in_the_pooler(place: Place) -> None:
    """By the lines that `config postgres` has for it, before the server's own."""
    data = place.server.servers.status()[0].data_dir
    access = Access(
        database=place.name, pooler=True, pooler_account=place.server.account.name
    )  # fmt: skip
    for made in hba.files(access, "config postgres"):
        lines = [line for line in made.text.splitlines() if POOLER_ROLE in line and line[0] != "#"]
        assert len(lines) == 1
        path = data / made.name
        path.write_text("\n".join([*lines, path.read_text()]))


def _room_for(files: int) -> None:
    """Each client is an open file here and one in PgBouncer, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        require(f"room for {files} open files (ulimit -n)", hard < 0 or hard >= files)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))


@asynccontextmanager
async def _counted(place: Place, db: Database) -> AsyncIterator[list[tuple[int, int]]]:
    """How many connections clients had, and how many the server had of theirs, time and again."""
    counts: list[tuple[int, int]] = []
    admin = await place.connection("superuser")

    async def count() -> None:
        while True:
            there = await admin.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND usename = $2",
                place.name, APP,
            )  # fmt: skip
            counts.append((db._pool.stats.size, there))
            await asyncio.sleep(0.1)

    task = asyncio.create_task(count())
    try:
        yield counts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await admin.close()


def _give(folder: Path, account: Account) -> None:
    for path in (folder, *folder.iterdir()):
        account.own(path)


def _list_passwords(folder: Path, hashes: str) -> None:
    assert "SCRAM-SHA-256$" in hashes
    (folder / "userlist.txt").write_text(hashes + "\n")
    (folder / "userlist.txt").chmod(0o600)


# ---- what is worked out ------------------------------------------------------------------------


def _said(**changes: Any) -> dict[str, str]:
    plan = {"load": Load(4, 20, 4), "database": "shop", "server": "/run/postgresql", **changes}
    ini = files(Plan(**plan), Settings(profile="test"), "config pgbouncer")[0].text
    pairs = (line.partition(" = ") for line in ini.splitlines() if " = " in line and line[0] != ";")
    return {name: value for name, _, value in pairs}


def test_limits_follow_the_settings() -> None:
    said = _said()
    assert (said["max_client_conn"], said["max_db_connections"]) == ("340", "20")
    assert said["default_pool_size"] == "16"  # some are left for the other roles
    assert _said(clients=1000)["max_client_conn"] == "1000"


def test_what_a_release_can_do_is_asked_of_it() -> None:
    assert "max_prepared_statements" not in _said(release=(1, 20, 1))
    assert _said(release=(1, 21, 0))["max_prepared_statements"] == "200"
    # Those with holes are told of tenants' roles alone, and nobody is looked up.
    old, new = (
        files(Plan(load=Load(4, 20, 4), database="shop", server="/run/postgresql", release=r),
              Settings(profile="test"), "config pgbouncer")
        for r in ((1, 18, 0), (1, 26, 1))
    )  # fmt: skip
    assert [file.name for file in old] == ["pgbouncer.ini", "userlist.sql"]
    assert [file.name for file in new] == ["pgbouncer.ini", "pooler.sql"]
    assert "tenantry_service" in new[1].text
    assert "tenantry_service" not in old[1].text
    assert not [file for file in (*old, *new) if "tenantry_owner" in file.text]


@pytest.mark.parametrize(
    "said",
    [{"listen": ("*",)}, {"listen": ("10.0.0.7",)}, {"server": "db.example.org"},
     {"client_certificates": True}, {"database": "a b"}, {"watcher": 'x"'}, {"connections": 2}],
)  # fmt: skip
def test_what_the_proof_would_find_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        _said(**said)


def test_with_tls_it_may_be_reached() -> None:
    said = _said(listen=("*",), server="db.example.org", tls=Path("/tls"))
    assert (said["client_tls_sslmode"], said["server_tls_sslmode"]) == ("require", "verify-full")
