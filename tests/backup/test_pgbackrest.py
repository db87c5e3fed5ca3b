"""The configuration for pgBackRest works with pgBackRest."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tenantry.errors import InvalidInput
from tenantry.local import SUPERUSER
from tenantry.ops.backup import Vault, pgbackrest
from tests.fixtures.servers import require
from tests.local.helpers import start

from .cluster import cluster, marks_in
from .test_recovery import bin_of


async def test_it_backs_up_and_restores(folder: Path, vault: Vault) -> None:
    program = shutil.which("pgbackrest")
    require("pgBackRest (apt install pgbackrest)", program)
    async with cluster(folder, bin_of("system"), vault) as c:
        account, status = c.local.account, c.local.status()[0]
        places = {name: folder / name for name in ("repo", "log", "lock")}
        wishes = pgbackrest.Wishes(
            stanza="main", data_dir=status.data_dir, repository=str(places["repo"]),
            socket_dir=status.socket_dir, port=status.port, user=SUPERUSER,
            log_dir=places["log"], lock_dir=places["lock"], encrypted=True,
        )  # fmt: skip
        file = folder / "pgbackrest.conf"
        file.write_text(pgbackrest.render(wishes))
        for path in places.values():
            path.mkdir()
            account.own(path)
        secrets = {
            "PGPASSWORD": c.local.password(SUPERUSER),
            "PGBACKREST_REPO1_CIPHER_PASS": "a pass phrase",
        }

        async def run(*words: str) -> str:
            command = [str(program), f"--config={file}", "--stanza=main", *words]
            ran = await asyncio.to_thread(start, account, command, **secrets)
            assert ran.returncode == 0, ran.stdout + ran.stderr
            return ran.stdout

        await run("stanza-create")
        # The server has its own environment, so the test's command names the pass phrase.
        phrase = f"PGBACKREST_REPO1_CIPHER_PASS='{secrets['PGBACKREST_REPO1_CIPHER_PASS']}'"
        command = f"{phrase} {pgbackrest.archive_command(wishes, file)}".replace("'", "''")
        await c.ask(f"ALTER SYSTEM SET archive_command = '{command}'")
        await c.ask("SELECT pg_reload_conf()")
        await c.mark(1)
        await run("--type=full", "backup")
        await c.mark(2)
        await c.archived()
        await run("check")
        assert "full backup" in await run("info")
        target = folder / "restored"
        target.mkdir(mode=0o700)
        account.own(target)
        await run(
            f"--pg1-path={target}",
            "--archive-mode=off",
            "--type=immediate",
            "--target-action=promote",
            "restore",
        )
        settings = (target / "postgresql.auto.conf").read_text()
        assert "restore_command" in settings
        # Its restore_command needs the pass phrase too.
        (target / "postgresql.auto.conf").write_text(
            settings.replace(
                "restore_command = '", f"restore_command = '{phrase.replace(chr(39), chr(39) * 2)} "
            )
        )
        assert await marks_in(c.local, target) == [1]


def test_a_bucket_is_named() -> None:
    wishes = pgbackrest.Wishes(
        stanza="main", data_dir=Path("/data"), repository="s3://bucket/pre/fix",
        s3_endpoint="minio.internal", s3_region="eu-north-1",
    )  # fmt: skip
    text = pgbackrest.render(wishes)
    assert "repo1-s3-bucket=bucket\n" in text
    assert "repo1-path=/pre/fix\n" in text
    assert "repo1-s3-endpoint=minio.internal\n" in text
    assert "repo1-s3-region=eu-north-1\n" in text
    with pytest.raises(InvalidInput):
        pgbackrest.render(pgbackrest.Wishes(stanza="a]\n[b", data_dir=Path("/d"), repository="/r"))
