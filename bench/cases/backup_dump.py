"""A backup, checked and counted, beside what pg_dump takes of the same database.

BACKUP_ROWS=1000000 measures a database of a million rows; fewer by default, since each round dumps all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from time import perf_counter

from pydantic import SecretStr

from bench.benchmark import AtMost, Benchmark
from bench.measure import Comparison
from bench.world import World
from tenantry import Settings
from tenantry.local import SUPERUSER
from tenantry.ops.backup import Cipher, Vault, Wishes, create, store_of
from tenantry.ops.backup.source import Login, run

ROWS = int(os.environ.get("BACKUP_ROWS", "200000"))
ROUNDS = 5
_NAME = "dumped"
_FILL = """
SET session_replication_role = replica;
INSERT INTO tenantry.projects (tenant_id, name, slug, description)
SELECT t.id, 'Project ' || n, 'project-' || n, 'The part number ' || n || ' of ' || md5(n::text)
FROM tenantry.tenants AS t, generate_series(1, $rows) AS n;
RESET session_replication_role;
VACUUM ANALYZE tenantry.projects
"""


async def measure(world: World) -> Comparison:
    db = await world.another(_NAME)
    async with db.service("benchmark data") as s:
        await s.tenants.create(name="Tenant", slug="tenant", status="active")
    async with world.admin(_NAME) as admin:
        for statement in _FILL.replace("$rows", str(ROWS)).split(";"):
            await admin.execute(statement)
    url = world.local.postgres_url(SUPERUSER, _NAME)
    settings = Settings(backup_url=SecretStr(url), home=world.local.home, profile="test")
    folder = Path(tempfile.mkdtemp(prefix="tenantry-bench-"))
    ours, theirs = [], []
    try:
        vault = Vault(store_of(str(folder / "store")), Cipher())
        for number in range(ROUNDS + 1):
            started = perf_counter()
            made = await create(settings, vault, Wishes(valkey=False), lambda _: None)
            middle = perf_counter()
            await _pg_dump(world, url, folder / f"{number}.dump")
            ended = perf_counter()
            assert made.tables["tenantry.projects"].rows == ROWS
            if number:  # the first round warms the caches
                ours.append((middle - started) * 1e6)
                theirs.append((ended - middle) * 1e6)
    finally:
        shutil.rmtree(folder)
    return Comparison(ours, theirs)


async def _pg_dump(world: World, url: str, target: Path) -> None:
    login = Login.of(url)
    program = world.local.binary("pg_dump")
    await run([program, f"--dbname={login.url}", "--format=custom", f"--file={target}"], login)


BENCHMARK = Benchmark(
    what=f"back up {ROWS:,} rows, with checksums of every table",
    against="pg_dump -Fc",
    measure=measure,
    bar=AtMost(1.15),
)
