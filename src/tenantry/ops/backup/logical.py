"""Dumps: what pg_dump writes and pg_restore or psql reads.

pg_dump runs with row security off, under a login that no policy holds, so it fails rather than leave a
row out. The graphs' schemas are left out: they are projections, and one dump cannot lock them all.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal

from tenantry.errors import BackupError, InvalidInput
from tenantry.local import LocalServers

from .source import Login, Source, run

Format = Literal["custom", "directory", "plain"]
Compression = Literal["gzip", "zstd", "none"]
_FILE = {"custom": "dump.custom", "directory": "dump", "plain": "dump.sql"}


async def dump(
    source: Source,
    folder: Path,
    *,
    snapshot: str,
    form: Format = "custom",
    compress: Compression = "gzip",
    level: int | None = None,
    jobs: int = 1,
) -> None:
    """Write the dump of an exported snapshot into a folder."""
    if jobs > 1 and form != "directory":
        raise InvalidInput(
            "Only a dump in the directory format is written in parallel.", field="jobs"
        )
    program = source.local.binary("pg_dump")
    piped = form == "plain" and compress == "zstd"
    await run(
        [
            program,
            f"--dbname={source.login.url}",
            f"--snapshot={snapshot}",
            f"--format={form}",
            f"--file={folder / _FILE[form]}",
            "--no-password",
            "--no-sync",  # the store syncs what it keeps
            # The graphs, and what Apache AGE writes down of them; itself it comes along, and what may be
            # done with it.
            "--exclude-schema=tg_*",
            "--exclude-table-data=ag_catalog.*",
            *([f"--jobs={jobs}"] if jobs > 1 else []),
            # PostgreSQL 15's knows a level only; 16 and later read a lone number the same way.
            *([] if piped else _compressed(compress, level, form)),
        ],
        source.login,
    )
    if piped:
        made = folder / _FILE[form]
        await run([zstd(), "-q", "--rm", f"-{level or 3}", "-T0", made])
    elif form == "plain" and compress == "gzip":
        made = folder / _FILE[form]
        made.rename(made.with_suffix(".sql.gz"))


def _compressed(compress: Compression, level: int | None, form: Format) -> list[str]:
    if compress == "zstd":
        return [f"--compress=zstd:{level or 3}"]
    if compress == "none":
        return ["--compress=0"]
    # Plain dumps are not compressed unless asked to.
    return [f"--compress={level or 6}"] if level or form == "plain" else []


def zstd() -> str:
    program = shutil.which("zstd")
    if program is None:
        raise BackupError("zstd is not installed here.", hint="apt install zstd, or use gzip.")
    return program


async def load(local: LocalServers, folder: Path, url: str, *, jobs: int = 1) -> None:
    """Restore a dump into an empty database: all of it, or with one job nothing."""
    login = Login.of(url)
    archive = next((folder / n for n in ("dump.custom", "dump") if (folder / n).exists()), None)
    if archive is None:
        await _load_text(local, folder, login)
        return
    await run(
        [
            local.binary("pg_restore"),
            f"--dbname={login.url}",
            "--no-password",
            "--exit-on-error",
            *([f"--jobs={jobs}"] if jobs > 1 else ["--single-transaction"]),
            archive,
        ],
        login,
    )


async def _load_text(local: LocalServers, folder: Path, login: Login) -> None:
    with tempfile.TemporaryDirectory(prefix="tenantry-", dir=folder) as temporary:
        text = Path(temporary, "dump.sql")
        if (packed := folder / "dump.sql.gz").exists():
            with gzip.open(packed) as source, text.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        elif (packed := folder / "dump.sql.zst").exists():
            subprocess.run([zstd(), "-dq", packed, "-o", text], check=True)  # noqa: ASYNC221 - nothing else goes on
        else:
            text = folder / "dump.sql"
        await run(
            [
                local.binary("psql"), "--no-psqlrc", "--quiet", "--no-password", "--single-transaction",
                "--set=ON_ERROR_STOP=1", f"--file={text}", f"--dbname={login.url}", "--output=/dev/null",
            ],
            login,
        )  # fmt: skip
