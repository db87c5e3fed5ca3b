"""Making a PostgreSQL data folder: all of it, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tenantry.errors import LocalServerError, LocalVersionMismatch
from tenantry.local import failures
from tenantry.local.account import Account
from tenantry.local.files import write_private
from tenantry.local.home import Home
from tenantry.local.passwords import Passwords
from tenantry.local.processes import wait_until
from tenantry.local.programs import Programs

SUPERUSER = "postgres"
_UNFINISHED = ".initdb-"
_INCLUDE = "include_if_exists = 'tenantry.conf'"


def prepare(
    home: Home,
    programs: Programs,
    account: Account,
    *,
    passwords: Passwords,
    settings: Mapping[str, str],
    progress: Callable[[str], None],
) -> Path:
    """The data folder, made now if there is none, and certainly of this major version."""
    data = home.data("postgres")
    for leftover in home.base.glob(f"{_UNFINISHED}*"):
        _clear_away(leftover)
    if not data.exists():
        progress(f"Creating a PostgreSQL {programs.version} cluster in {data}")
        password = passwords.for_role(SUPERUSER)
        _create(data, programs, account, password, sync=settings.get("fsync") != "off")
    _check_version(data, programs)
    if not passwords.knows_role(SUPERUSER):
        raise LocalServerError(
            f"{data} has data, but its superuser's password is not in {passwords.path}.",
            server="postgres",
            hint="Restore that file; or move the data folder away to begin anew.",
        )
    return data


def _clear_away(leftover: Path) -> None:
    """An initdb outlives a killed caller, and writes on until it misses what was taken from it."""

    def gone() -> bool:
        shutil.rmtree(leftover, ignore_errors=True)
        return not leftover.exists()

    wait_until(gone, timeout_s=10)


def write_config(data: Path, text: str, account: Account) -> None:
    """Put our settings beside the server's own, which include them (a restored copy's too)."""
    write_private(data / "tenantry.conf", text, owner=account.owner)
    main = data / "postgresql.conf"
    content = main.read_text(encoding="utf-8")
    if _INCLUDE not in content.splitlines():
        write_private(main, f"{content.rstrip()}\n\n{_INCLUDE}\n", owner=account.owner)


def _create(data: Path, programs: Programs, account: Account, password: str, *, sync: bool) -> None:
    """Beside the place where it will stay, then renamed: an interruption leaves no half cluster."""
    workshop = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=data.parent))
    try:
        account.own(workshop)
        pwfile = workshop / "password"
        write_private(pwfile, password, owner=account.owner)
        made = workshop / "data"
        command: list[str | Path] = [
            programs.folder / "initdb",
            f"--pgdata={made}",
            f"--username={SUPERUSER}",
            f"--pwfile={pwfile}",
            "--auth=scram-sha-256",
            "--data-checksums",
            *([] if sync else ["--no-sync"]),
        ]
        result = account.run([*command, *_locale(programs.major, "C.UTF-8")])
        if result.returncode and "invalid locale" in result.stderr:
            # The system's C library has no C.UTF-8: full-text search then splits at accents.
            result = account.run([*command, *_locale(programs.major, "C")])
        if result.returncode:
            output = (result.stdout + result.stderr).splitlines()
            raise failures.from_output("postgres", "could not be set up", output, data.parent)
        made.rename(data)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _locale(major: int, ctype: str) -> list[str]:
    """Order by code point, letters by Unicode: the same on every version and machine.

    No upgrade of the system's C library can then corrupt an index. From 17 on the server brings
    these rules itself; its full-text parser still asks the C library what a letter is.
    """
    options = ["--encoding=UTF8", "--locale=C", f"--lc-ctype={ctype}"]
    if major >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return options


def _check_version(data: Path, programs: Programs) -> None:
    try:
        found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise LocalServerError(
            f"{data} is not a PostgreSQL data folder.",
            server="postgres",
            hint="Move it away, and a new cluster will be made there.",
        ) from None
    if found != str(programs.major):
        raise LocalVersionMismatch(
            f"{data} was made by PostgreSQL {found}; {programs.folder} is {programs.version}.",
            server="postgres",
            found=found,
            wanted=str(programs.major),
            hint=f"Set TENANTRY_PG_BIN to a PostgreSQL {found}, dump the data there and restore it "
            "here; or move the folder away to begin anew.",
        )
