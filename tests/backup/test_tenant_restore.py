"""`tenant restore --to`: one tenant out of the backups, while the others go on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tenantry
from tenantry import Database
from tenantry.models import Tenant
from tenantry.ops.backup import Vault
from tests.cli.helpers import Cli, command
from tests.fixtures.database import make_tenant

from .cluster import Cluster, cluster
from .conftest import take

_ROWS = (
    "SELECT array_agg((id, xmin, ctid)::text ORDER BY id) FROM tenantry.tasks WHERE tenant_id = $1"
)


@pytest.fixture
async def there(
    folder: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Cluster]:
    async with cluster(folder, None, vault, migrated=True) as c:
        for name in [name for name in os.environ if name.startswith("TENANTRY_")]:
            if not name.startswith("TENANTRY_TEST"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("TENANTRY_HOME", str(c.settings.home))
        monkeypatch.setenv("TENANTRY_BACKUP_STORE", c.settings.backup_store)
        monkeypatch.chdir(folder)
        yield c


async def _tasks(db: Database, tenant: Tenant, *titles: str) -> None:
    async with db.tenant(tenant.id) as t:
        project = await t.projects.create(name="Apollo")
        for title in titles:
            await t.tasks.create(project_id=project.id, title=title)


def workshops(temporary: Path) -> set[Path]:
    return set(temporary.glob("tenantry-backup-*"))


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def test_a_tenant_goes_back_to_a_moment(
    there: Cluster, vault: Vault, folder: Path, temporary: Path
) -> None:
    cli = Cli(folder)

    async def said(*words: str, **more: Any) -> Any:
        return await asyncio.to_thread(cli.json, "tenant", "restore", *words, **more)

    before = workshops(temporary)
    async with await tenantry.connect(settings=there.settings) as db:
        acme, beta = await make_tenant(db, "acme"), await make_tenant(db, "beta")
        await _tasks(db, acme, "First")
        dump = await take(there.settings, vault)
        dumped = _now()
        copy = await take(there.settings, vault, kind="physical", compress="none")
        await _tasks(db, acme, "Second")
        await _tasks(db, beta, "Theirs")
        moment = _now()
        await there.ask("DELETE FROM tenantry.tasks WHERE title = 'Second'")
        await _tasks(db, acme, "Third")
        await there.archived()
        others, here = await there.ask(_ROWS, beta.id), await there.ask(_ROWS, acme.id)

        refused = await said("acme", "--to", moment, "--apply", "--yes", code=6)
        assert refused["reason"] == "status"

        # From before the first copy there is a dump only, and that is said.
        older = await said("acme", "--to", dumped)
        assert older["source"].startswith(f"dump {dump.id} of ")
        assert "no physical copy reaches" in older["source"]
        assert {t["table"]: t["added"] for t in older["tables"]}["projects"] == 2
        assert not older["applied"]
        assert await there.ask(_ROWS, acme.id) == here  # nothing was done
        await said("acme", "--to", "2020-01-01T00:00:00Z", code=5)
        await said("acme", code=2)
        await said("acme", "--to", "latest", "--from", "postgresql://x@y/z", code=2)

        async with db.service("a test") as s:
            await s.tenants.suspend(acme.id)
        await _tasks(db, beta, "Meanwhile")
        done = await said("acme", "--to", moment, "--apply", "--yes")
        assert done["source"].startswith(f"copy {copy.id} and WAL")
        tables = {t["table"]: (t["missing"], t["changed"], t["added"]) for t in done["tables"]}
        assert tables["tasks"] == (1, 0, 1)
        assert tables["projects"] == (0, 0, 1)
        assert done["applied"]
        titles = await there.ask(
            "SELECT array_agg(title ORDER BY title) FROM tenantry.tasks WHERE tenant_id = $1",
            acme.id,
        )
        assert titles == ["First", "Second"]
        # Not one of the others' rows was written anew.
        assert (await there.ask(_ROWS, beta.id))[: len(others)] == others
        assert workshops(temporary) == before

        await _is_stopped(folder, temporary, before)


async def _is_stopped(folder: Path, temporary: Path, before: set[Path]) -> None:
    """By SIGTERM, with the scratch server running: it is cleared away all the same."""
    words = ("tenant", "restore", "acme", "--to", "latest", "--json")
    process = subprocess.Popen(  # noqa: ASYNC220
        command(*words), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(1200):
        made = workshops(temporary) - before
        if any(list(one.glob("data/postmaster.pid")) for one in made):
            break
        await asyncio.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode != 0, out
    assert "Traceback" not in err
    assert workshops(temporary) == before
