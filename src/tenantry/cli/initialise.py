"""`init`: roles and database on a server of your own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from tenantry.errors import ConfigurationError, InvalidInput

from . import screen
from .answer import Answer
from .command import command

if TYPE_CHECKING:
    from tenantry.config import DatabaseUrl

app = typer.Typer()

#: The role's word, and the variable that takes its URL.
_VARIABLES = {
    "app": "TENANTRY_DATABASE_URL",
    "owner": "TENANTRY_OWNER_URL",
    "service": "TENANTRY_SERVICE_URL",
    "readonly": "TENANTRY_READONLY_URL",
}


@command(app)
async def init(
    admin_url: Annotated[
        str | None,
        typer.Argument(
            metavar="ADMIN_URL",
            envvar="TENANTRY_ADMIN_URL",
            show_envvar=False,
            help="A superuser's or CREATEROLE login's URL; better in TENANTRY_ADMIN_URL.",
        ),
    ] = None,
    *,
    admin_url_file: Annotated[Path | None, typer.Option(help="Read it from a file.")] = None,
    database: Annotated[str, typer.Option(help="The database to make.")] = "tenantry",
    passwords_file: Annotated[
        Path | None,
        typer.Option(help="Lines such as `app=…` for app, owner, service, readonly."),
    ] = None,
    env_file: Annotated[Path, typer.Option(help="Where the URLs go.")] = Path("tenantry.env"),
    rotate: Annotated[
        bool, typer.Option("--rotate", help="New passwords also for roles that exist.")
    ] = False,
) -> Answer:
    """Make Tenantry's roles and database on a server of your own."""
    admin = _admin_url(admin_url, admin_url_file)
    given = _given_passwords(passwords_file)
    with _new_file(env_file) as file:
        passwords = await _prepare(str(admin), database, given, rotate=rotate)
        for role, variable in _VARIABLES.items():
            login = _login(admin, role, passwords[role], database)
            file.write(f"{variable}={shlex.quote(str(login))}\n")
    sourced = f"./{env_file}" if env_file.parent == Path() else str(env_file)
    words = (
        f"Roles and database {database} are ready. Their URLs are in {env_file}. Next:\n"
        f"  set -a; . {shlex.quote(sourced)}; set +a\n"
        "  tenantry migrate up"
    )
    data = {"database": database, "env_file": env_file, "roles": [*_VARIABLES]}
    return Answer(data, words)


async def _prepare(
    admin_url: str, database: str, given: Mapping[str, str], *, rotate: bool
) -> dict[str, str]:
    """The roles' passwords, by their words; those not given are made up."""
    import secrets

    from tenantry.ops import setup

    with screen.progress() as tell:
        tell("Looking at the server")
        existing = await setup.existing_logins(admin_url)
        kept = [r for r in _VARIABLES if f"tenantry_{r}" in existing and r not in given]
        if kept and not rotate:
            raise InvalidInput(
                f"The server has the roles already ({', '.join(kept)}), with passwords of theirs.",
                field="passwords_file",
                hint="Give them with --passwords-file, or make new ones with --rotate.",
            )
        passwords = {role: given.get(role) or secrets.token_urlsafe(32) for role in _VARIABLES}
        tell("Creating roles and database")
        logins = {f"tenantry_{role}": password for role, password in passwords.items()}
        await setup.init(admin_url, database, logins)
    return passwords


def _admin_url(text: str | None, file: Path | None) -> DatabaseUrl:
    from tenantry.config import DatabaseUrl

    if file is not None:
        text = _read(file, "admin_url_file").strip()
    if not text:
        raise ConfigurationError(
            "This needs the URL of an administrator.",
            setting="admin_url",
            hint="Set TENANTRY_ADMIN_URL, or use --admin-url-file.",
        )
    try:
        return DatabaseUrl.parse(text)
    except ValueError as error:
        fault = str(error)
    # Outside the except block, so that nothing in the chain carries the password.
    raise ConfigurationError(f"The administrator's URL {fault}.", setting="admin_url")


def _given_passwords(file: Path | None) -> dict[str, str]:
    """From the file, else from TENANTRY_APP_PASSWORD and its siblings."""
    found = {r: os.environ.get(f"TENANTRY_{r.upper()}_PASSWORD", "") for r in _VARIABLES}
    lines = _read(file, "passwords_file").splitlines() if file is not None else []
    for line in filter(None, map(str.strip, lines)):
        role, _, password = line.partition("=")
        if role.strip() not in _VARIABLES or not password.strip():
            raise InvalidInput(
                f"{file} holds a line that is no `role=password`.",
                field="passwords_file",
                hint=f"The roles are {', '.join(_VARIABLES)}.",
            )
        found[role.strip()] = password.strip()
    return {role: password for role, password in found.items() if password}


def _login(admin: DatabaseUrl, role: str, password: str, database: str) -> DatabaseUrl:
    return replace(admin, user=f"tenantry_{role}", password=password, database=database)


def _read(file: Path, field: str) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeError):
        raise InvalidInput(f"{file} cannot be read.", field=field) from None


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """For its owner's eyes, never over another, and there before anybody has a new password."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidInput(
            f"{path} exists already, and it may hold passwords in use.",
            field="env_file",
            hint="Move it away, or name another with --env-file.",
        ) from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be made: {error.strerror}.", field="env_file") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
