"""`psql` and `url`: reaching the database by other means."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from tenantry.errors import ConfigurationError

from . import place
from .answer import Answer
from .command import command

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.endpoints import Role

app = typer.Typer()

RoleName = Literal["app", "service", "readonly", "owner"]
_RoleOrSuperuser = Literal["app", "service", "readonly", "owner", "superuser"]


@command(app)
def url(
    role: Annotated[RoleName, typer.Option(help="Who to log in as.")] = "app",
    tcp: Annotated[
        bool, typer.Option("--tcp", help="By TCP instead of the embedded server's socket.")
    ] = False,
) -> Answer:
    """Print a role's URL, with its password: keep it from logs."""
    settings = place.load()
    text = _embedded_tcp(settings, role) if tcp else _url(settings, role)
    return Answer({"role": role, "url": text}, text)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def psql(
    context: typer.Context,
    role: Annotated[_RoleOrSuperuser, typer.Option(help="Who to log in as.")] = "app",
) -> None:
    """Open psql as a role. What follows `--` is psql's own."""
    from tenantry.config import DatabaseUrl

    settings = place.running()
    address = DatabaseUrl.parse(_url(settings, role))
    program = _program(settings)
    # Neither the command line nor the shell's history ever has it.
    secret = {"PGPASSWORD": address.password} if address.password else {}
    command_line = [str(program), str(replace(address, password=None)), *context.args]
    sys.stdout.flush()
    os.execve(program, command_line, {**os.environ, **secret})  # noqa: S606 - no shell is wanted


def _url(settings: Settings, role: str) -> str:
    from tenantry.endpoints import DATABASE, is_embedded, servers, superuser_url, url_for

    if role != "superuser":
        return url_for(settings, cast("Role", role))
    if not is_embedded(settings):
        raise ConfigurationError(
            "Only the embedded server has a superuser that Tenantry knows.",
            setting="database_url",
            hint="Log in to your own server as you usually do.",
        )
    return superuser_url(servers(settings), DATABASE)


def _embedded_tcp(settings: Settings, role: RoleName) -> str:
    from tenantry.endpoints import DATABASE, is_embedded, servers

    if not is_embedded(settings):
        return _url(settings, role)
    return servers(settings).postgres_url(f"tenantry_{role}", DATABASE, tcp=True)


def _program(settings: Settings) -> Path:
    from tenantry.endpoints import is_embedded, servers

    found = shutil.which("psql")
    # The embedded server's own psql fits it; for another server, any will do.
    return Path(found) if found and not is_embedded(settings) else servers(settings).binary("psql")
