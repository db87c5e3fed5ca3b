"""Dumps: whole in spite of row security, restored to the row, and refused where that cannot be."""

from __future__ import annotations

import asyncio
import pkgutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from tenantry import Database, Settings
from tenantry.errors import BackupProgramFailed, ConfigurationError, InvalidInput, PermissionDenied
from tenantry.ops.backup import Source, Vault, every, read, verify
from tenantry.ops.backup.figures import figures
from tenantry.ops.backup.restoring import into_database
from tenantry.ops.backup.source import Login
from tenantry.ops.setup import in_database
from tests.fixtures.database import Place

from .conftest import take

SHAPES = [
    {"form": "custom"},
    {"form": "directory", "jobs": 2, "compress": "none"},
    {"form": "plain", "compress": "gzip"},
    {"form": "plain", "compress": "zstd"},
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s['form']}-{s.get('compress', '')}")
@pytest.mark.postgres("wheel")
async def test_a_dump_restores_to_the_row(
    filled: Database, settings: Settings, place: Place, vault: Vault, shape: dict[str, object]
) -> None:
    admin = await place.connection("superuser")
    await admin.execute('CREATE SCHEMA tg_acme; CREATE TABLE tg_acme."Task" (id bigint)')
    made = await take(settings, vault, **shape)
    assert made.tables["tenantry.tasks"].rows == 40
    assert made.tables["tenantry.tenants"].rows == 2
    assert not [name for name in made.tables if name.startswith("tg_")]
    assert every(vault.store) == [made]

    name = f"r_{uuid.uuid4().hex[:12]}"
    url = in_database(place.url("superuser"), name)
    try:
        await into_database(place.server.servers, vault, made, url, lambda _: None)
        restored = await asyncpg.connect(url)
        assert await figures(restored) == dict(made.tables)
        assert await restored.fetchval("SELECT to_regnamespace('tg_acme')") is None
        # What keeps tenants apart came along, and so did the settings of the database's roles.
        as_app = await asyncpg.connect(in_database(place.url("app"), name))
        assert await as_app.fetchval("SELECT count(*) FROM tenantry.tasks") == 0
        assert await as_app.fetchval("SHOW statement_timeout") == "30s"
        await as_app.close()
        await restored.close()
        with pytest.raises(InvalidInput, match="not empty"):
            await into_database(place.server.servers, vault, made, url, lambda _: None)
        if shape["form"] == "custom":
            await into_database(
                place.server.servers, vault, made, url, lambda _: None, replace=True, jobs=2
            )
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()


@pytest.mark.postgres("wheel")
async def test_a_login_that_policies_hold_is_refused(
    filled: Database, settings: Settings, place: Place, vault: Vault
) -> None:
    for role in ("owner", "service", "app"):
        held = settings.model_copy(update={"backup_url": SecretStr(place.url(role))})
        with pytest.raises(PermissionDenied, match="Row security"):
            await take(held, vault)
    with pytest.raises(ConfigurationError, match="BACKUP_URL"):
        Source.of(settings.model_copy(update={"backup_url": None}))
    assert every(vault.store) == []


@pytest.mark.postgres("wheel")
async def test_a_bypassing_role_is_enough(
    filled: Database, settings: Settings, place: Place, vault: Vault
) -> None:
    admin = await place.connection("superuser")
    role = f"backup_{uuid.uuid4().hex[:8]}"
    await admin.execute(f"""
        CREATE ROLE {role} LOGIN BYPASSRLS PASSWORD 'x'; GRANT pg_read_all_data TO {role};
        GRANT CONNECT ON DATABASE {place.name} TO {role}
    """)
    try:
        url = place.url("superuser").replace(
            place.url("superuser").split("@")[0], f"postgresql://{role}:x"
        )
        made = await take(settings.model_copy(update={"backup_url": SecretStr(url)}), vault)
        assert made.tables["tenantry.tasks"].rows == 40
        assert made.tables == (await take(settings, vault)).tables
    finally:
        await admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        await admin.close()


async def test_it_is_one_moment_of_a_database_that_is_written_to(
    filled: Database, settings: Settings, place: Place, vault: Vault
) -> None:
    writing = asyncio.Event()

    async def write() -> None:
        connection = await place.connection("superuser")
        await connection.execute(
            "CREATE TABLE public.ticks (id serial PRIMARY KEY, at timestamptz)"
        )
        while not writing.is_set():
            await connection.execute("INSERT INTO public.ticks (at) VALUES (clock_timestamp())")
            await asyncio.sleep(0)
        await connection.close()

    task = asyncio.create_task(write())
    await asyncio.sleep(0.1)
    try:
        made = await take(settings, vault)
    finally:
        writing.set()
        await task
    assert made.tables["public.ticks"].rows > 0
    report = await verify(place.server.servers, settings.pg_bin, vault, made, lambda _: None)
    assert report.ok, report.differences
    assert report.compared == len(made.tables)
    verified = read(vault.store, str(made.id)).verified
    assert verified is not None
    assert verified.rows == report.rows == made.rows


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@h/d", "postgresql://u@h/d?password=s3cret"])
def test_a_password_is_on_no_command_line(url: str) -> None:
    login = Login.of(url)
    assert "s3cret" not in login.url
    assert login.environment == {"PGPASSWORD": "s3cret"}
    with pytest.raises(ConfigurationError, match="command line"):
        Login.of("postgresql://u@h/d?sslkey=k&sslpassword=s3cret")


@pytest.mark.postgres("wheel")
async def test_a_backup_that_fails_is_none(
    filled: Database,
    settings: Settings,
    vault: Vault,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise BackupProgramFailed("pg_dump failed", program="pg_dump", output=[])

    monkeypatch.setattr("tenantry.ops.backup.logical.dump", broken)
    with pytest.raises(BackupProgramFailed):
        await take(settings, vault)
    assert every(vault.store) == []
    assert [
        p for p in (folder / "store").rglob("*") if p.is_file() and p.name != ".gitignore"
    ] == []


@pytest.mark.postgres("wheel")
async def test_an_interrupted_backup_is_none(
    filled: Database, settings: Settings, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is: while it dumps, and while its files go into the store."""
    for step in ("tenantry.ops.backup.logical.dump", "tenantry.ops.backup.taking.keep"):
        begun = asyncio.Event()
        whole: Callable[..., Any] = pkgutil.resolve_name(step)

        async def slow(
            *arguments: Any, whole: Any = whole, begun: Any = begun, **named: Any
        ) -> None:
            await whole(*arguments, **named)
            begun.set()
            await asyncio.sleep(60)

        with monkeypatch.context() as patch:
            patch.setattr(step, slow)
            task = asyncio.create_task(take(settings, vault))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert list(vault.store.list("backups/")) == []


@pytest.mark.postgres("wheel")
async def test_two_at_once_are_two(filled: Database, settings: Settings, vault: Vault) -> None:
    made = await asyncio.gather(take(settings, vault), take(settings, vault))
    assert every(vault.store) == sorted(made, key=lambda m: m.id)
    assert made[0].tables == made[1].tables
