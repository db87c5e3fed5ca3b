"""`backup`, `restore` and `reset`, as an operator types them."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
import uuid
from pathlib import Path

import asyncpg
import pytest

from tenantry import Database
from tenantry.isolation.checks import run_checks
from tenantry.isolation.subject import recognise
from tenantry.keyring import new_key
from tenantry.models import Tenant, metadata
from tenantry.ops import features
from tenantry.ops.setup import in_database
from tests.fixtures.database import Place
from tests.fixtures.servers import KeyValueServer

from .conftest import use
from .helpers import Cli, command

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def cli(project: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> Cli:
    use(place, monkeypatch)
    key = new_key()
    monkeypatch.setenv("TENANTRY_BACKUP_URL", place.url("superuser"))
    monkeypatch.setenv("TENANTRY_BACKUP_STORE", str(project / "kept"))
    monkeypatch.setenv("TENANTRY_BACKUP_KEYS", key)
    return Cli(project, [place.server.password("postgres"), key])


def test_a_dump_is_taken_listed_verified_restored_and_pruned(
    cli: Cli, acme: Tenant, place: Place, project: Path
) -> None:
    assert "no backups" in cli("backup", "list").out
    cli("backup", "verify", code=5)
    made = cli.json("backup", "create", "--label", "nightly", "--no-valkey")
    assert made["tables"]["tenantry.tenants"]["rows"] == 1
    for path in (project / "kept").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.name == ".gitignore"
    [listed] = cli.json("backup", "list")
    assert (listed["id"], listed["label"], listed["verified"]) == (made["id"], "nightly", None)
    assert "nightly" in cli("backup", "list").out
    assert "tenantry.tenants" in cli("backup", "show", made["id"][-6:]).out
    assert "as they were written" in cli("backup", "verify", "latest", "--quick").out

    name = f"c_{uuid.uuid4().hex[:12]}"
    url = in_database(place.url("superuser"), name)
    cli("backup", "restore", "latest", code=2)
    try:
        restored = cli.json("backup", "restore", "latest", "--into", url)
        assert restored["rows"] == made["rows"]
        cli("backup", "restore", "latest", "--into", url, code=2)
        cli("backup", "restore", "latest", "--into", url, "--replace", code=2)
        cli("backup", "restore", "latest", "--into", url, "--replace", "--yes")
    finally:
        cli("backup", "list")  # the store is none the worse
        _drop(place, name)
    cli("backup", "restore", "latest", "--data-dir", str(project / "data"), code=1)

    second = cli.json("backup", "create", "--format", "plain", "--expire-days", "3")
    assert cli.json("backup", "prune", "--keep-last", "1", "--dry-run")["removed"] == [made["id"]]
    assert len(cli.json("backup", "list")) == 2
    cli("backup", "prune", "--keep-last", "1", code=2)
    assert cli.json("backup", "prune", "--keep-last", "1", "--yes")["removed"] == [made["id"]]
    assert [b["id"] for b in cli.json("backup", "list")] == [second["id"]]


def _drop(place: Place, name: str) -> None:
    async def drop() -> None:
        admin = await asyncpg.connect(place.server.superuser_url)
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()

    asyncio.run(drop())


#: Owners and rights of all there is but graphs, and what roles have set in the database.
_RIGHTS = (
    "SELECT concat_ws(' ', c.oid::regclass, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity,"
    " (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(c.relacl) AS a))"
    " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'm', 'v', 'S') AND n.nspname !~ '^(pg_|tg_)'",
    "SELECT concat_ws(' ', p.oid::regprocedure, p.proowner::regrole, p.prosecdef, p.proconfig,"
    " (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(p.proacl) AS a))"
    " FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname !~ '^(pg_|tg_)'",
    "SELECT concat_ws(' ', nspname, nspowner::regrole,"
    " (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(nspacl) AS a))"
    " FROM pg_namespace WHERE nspname !~ '^(pg_|tg_)'",
    "SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger"
    " WHERE NOT tgisinternal AND tgrelid::regclass::text !~ 'tg_'",
    "SELECT concat_ws(' ', setrole::regrole, setconfig) FROM pg_db_role_setting"
    " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
    "SELECT concat_ws(' ', 'default', defaclrole::regrole, defaclobjtype, defaclacl)"
    " FROM pg_default_acl",
    "SELECT concat_ws(' ', 'database', datacl) FROM pg_database WHERE datname = current_database()",
)


async def _fill(place: Place, tenant: Tenant) -> None:
    """What a dump might forget: rows that nobody may see, months taken out of the record, a graph."""
    admin = await place.connection("superuser")
    await admin.execute("""
        CREATE SCHEMA crm AUTHORIZATION tenantry_owner; SET ROLE tenantry_owner;
        CREATE TABLE crm.vault (n int PRIMARY KEY);
        INSERT INTO crm.vault SELECT generate_series(1, 7);
        ALTER TABLE crm.vault ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE SCHEMA IF NOT EXISTS tenantry_archive;
        CREATE TABLE tenantry_archive.audit_logs_2020_01 (LIKE tenantry.audit_logs);
        ALTER TABLE tenantry_archive.audit_logs_2020_01 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        RESET ROLE""")
    assert await admin.fetchval("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'vault'")
    await admin.close()
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))


async def _checked(place: Place, database: str) -> set[str]:
    """What the catalog checks of `tenantry prove` find, and everybody's rights and settings."""
    connection = await asyncpg.connect(in_database(place.url("superuser"), database))
    subject = await recognise(connection, metadata)
    found = {finding.key for finding in await run_checks(connection, subject)}
    for sql in _RIGHTS:
        found |= {row[0] for row in await connection.fetch(sql)}
    await connection.close()
    return found


def test_a_restored_database_is_whole(
    cli: Cli, acme: Tenant, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_fill(place, acme))
    cli("graph", "rebuild", "--missing")
    assert len(cli.json("graph", "list")["graphs"]) == 1

    made = cli.json("backup", "create", "--no-valkey")
    assert made["tables"]["crm.vault"]["rows"] == 7
    assert "tenantry_archive.audit_logs_2020_01" in made["tables"]
    assert not [name for name in made["tables"] if name.startswith(("tg_", "ag_catalog"))]
    name = f"c_{uuid.uuid4().hex[:12]}"
    try:
        done = cli(
            "backup", "restore", "latest", "--into", in_database(place.url("superuser"), name)
        )
        assert done.err.rstrip().endswith("tenantry graph rebuild --missing")
        for setting, role in {
            "DATABASE": "app", "OWNER": "owner", "SERVICE": "service", "READONLY": "readonly",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"TENANTRY_{setting}_URL", in_database(place.url(role), name))
        cli("migrate", "check")
        assert asyncio.run(_checked(place, name)) == asyncio.run(_checked(place, place.name))
        # As the command said.
        assert cli.json("graph", "list")["graphs"] == []
        cli("graph", "rebuild", "--missing")
        assert len(cli.json("graph", "list")["graphs"]) == 1
        cli("graph", "verify", "--all")
    finally:
        _drop(place, name)


def test_backups_are_taken_again_and_again(cli: Cli, acme: Tenant, project: Path) -> None:
    words = ("backup", "create", "--no-valkey", "--expire-days", "1", "--every", "10 ms", "--json")
    with subprocess.Popen(
        command(*words), cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        said = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert [line["event"] for line in said] == ["started", "created", "created"]
        process.terminate()
        rest, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    last = [json.loads(line) for line in rest.splitlines()]
    assert last[-1]["event"] == "stopped"
    ids = [line["id"] for line in (*said, *last) if line["event"] == "created"]
    assert [b["id"] for b in cli.json("backup", "list")] == ids
    cli("backup", "create", "--every", "soon", code=2)


def test_a_purge_names_the_backups_that_are_left(
    cli: Cli, acme: Tenant, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cli.json("backup", "create", "--no-valkey", "--expire-days", "3")
    second = cli.json("backup", "create", "--no-valkey")
    assert "when pruned" in cli("backup", "list").out
    cli("tenant", "create", "later")
    for slug in ("acme", "later"):
        cli("tenant", "delete", slug, "--yes")
    gone = cli("tenant", "purge", "acme", "--yes").err
    assert f"{first['id']} logical: {first['expires'][:10]}" in gone
    assert f"{second['id']} logical: until it is pruned" in gone
    [found] = cli.json("tenant", "certificate", "acme")["certificates"]
    assert [b["id"] for b in found["backups"]] == [first["id"], second["id"]]
    assert [bool(b["expires"]) for b in found["backups"]] == [True, False]
    # No backup is of a time when this one was there.
    cli("tenant", "create", "last")
    cli("tenant", "delete", "last", "--yes")
    assert "No backup holds it." in cli("tenant", "purge", "last", "--yes").err
    # A store that cannot be read stops no erasure, and that is said.
    monkeypatch.setenv("TENANTRY_BACKUP_STORE", "s3://")
    assert "could not be read" in cli("tenant", "purge", "later", "--yes").err


def test_valkey_rides_along(
    cli: Cli, valkey_server: KeyValueServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANTRY_REDIS_URL", valkey_server.url)
    made = cli.json("backup", "create")
    assert made["valkey"] == "snapshot and append-only file"
    cli("backup", "restore", "latest", "--valkey-dir", str(project / "valkey"))
    assert (project / "valkey" / "dump.rdb").read_bytes().startswith((b"REDIS", b"VALKEY"))
    assert list((project / "valkey" / "appendonlydir").glob("*.manifest"))
    monkeypatch.setenv("TENANTRY_REDIS_URL", "redis://127.0.0.1:1/0")
    assert cli.json("backup", "create")["valkey"].startswith("left out: ")


def test_the_archive_is_configured(cli: Cli, project: Path) -> None:
    cli("backup", "configure", code=3)  # the keys are here, and not where the server would look
    said = cli.json("backup", "configure", "--keys-file", "keys", "--program", "tenantry")
    assert not said["applied"]
    assert said["settings"]["summarize_wal"] == "on"
    command = said["settings"]["archive_command"]
    assert command.endswith('tenantry backup wal push "%p"')
    assert f"TENANTRY_BACKUP_KEYS_FILE={project / 'keys'}" in command
    spooled = cli("backup", "configure", "--spool", "/var/spool/wal").out
    assert "cmp -s" in spooled
    cli("restore", "--to", "2026-11-21T10:00:00", "--data-dir", "new", code=2)
    cli("restore", "--to", "latest", "--data-dir", "new", code=5)
    assert not (project / "new").exists()


async def _tenants(db: Database) -> int:
    async with db.service("test") as s:
        return int(await s.fetch_value("SELECT count(*) FROM tenantry.tenants"))


def test_production_is_never_reset(cli: Cli, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_PROFILE", "production")
    assert "never emptied" in cli("reset", "--yes", code=6).err
    monkeypatch.delenv("TENANTRY_PROFILE")
    assert len(cli.json("tenant", "list")["tenants"]) == 1


def test_reset_empties_a_development_database(
    cli: Cli, acme: Tenant, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("reset", code=2)
    assert len(cli.json("tenant", "list")["tenants"]) == 1
    cli("reset", "--no-seed", "--yes")
    assert cli.json("tenant", "list")["tenants"] == []
    cli("migrate", "check")
    monkeypatch.setenv(
        "TENANTRY_OWNER_URL", "postgresql://tenantry_owner:x@db.example.com/tenantry"
    )
    cli("reset", "--yes", code=6)
