"""`prove`: whether tenants are kept apart, and by what."""

from __future__ import annotations

import os
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.errors import InvalidInput

from . import exits, place, screen
from .answer import Answer, View, printable
from .command import command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tenantry.config import Settings
    from tenantry.isolation.attacks import Doors
    from tenantry.isolation.pooler import Source
    from tenantry.isolation.proof import Proof

app = typer.Typer()

_PGRLS_FILE = "pgrls.toml"
_Many = list[str]


@command(app)
async def prove(
    *,
    url: Annotated[
        str | None,
        typer.Option(
            envvar="TENANTRY_ADMIN_URL",
            show_envvar=True,
            help="An administrator's, of any database; else the embedded server's, or the owner's.",
        ),
    ] = None,
    role: Annotated[
        _Many | None, typer.Option(help="A role that works for one tenant at a time.")
    ] = None,
    schema: Annotated[_Many | None, typer.Option(help="A schema to look at; else all.")] = None,
    tenant_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column that tells the tenant.")
    ] = None,
    setting: Annotated[
        str | None, typer.Option(metavar="NAME", help="The setting that tells the tenant.")
    ] = None,
    pooler_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A login of PgBouncer's stats_users; else TENANTRY_POOLER_URL, or the application's own.",
        ),
    ] = None,
    pgbouncer_ini: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PgBouncer's file, where its console is closed."),
    ] = None,
    no_pooler: Annotated[bool, typer.Option("--no-pooler", help="Look at no pooler.")] = False,
    static: Annotated[bool, typer.Option("--static", help="Make no attacks.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF, for code scanning.")] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page for a reviewer.")
    ] = None,
    pgrls_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write our exceptions for `pgrls lint`.")
    ] = None,
) -> Answer:
    """Prove that tenants are kept apart. Exit code 1: something was found.

    Reads the catalog, proves the policies, and attacks two throw-away tenants in a transaction that is undone.
    """
    if sarif and screen.as_json.get():
        raise InvalidInput("Ask for --json or for --sarif, not for both.", field="sarif")
    for file, name in ((report, "report"), (pgrls_config, "pgrls_config")):
        if file is not None:
            _require_writable(file, name)
    settings = place.load() if url else place.running()
    from tenantry.config.project import project_folder
    from tenantry.isolation import report as written
    from tenantry.isolation.proof import Options
    from tenantry.isolation.proof import prove as examine
    from tenantry.isolation.prover import pgrls_toml
    from tenantry.migrations.apply import load_models
    from tenantry.models import metadata
    from tenantry.signing import SigningKey

    load_models(settings.models)
    config = project_folder() / _PGRLS_FILE
    options = Options(
        tenant_column, tuple(role or ()), tuple(schema or ()), setting,
        config if config.is_file() else None,
    )  # fmt: skip
    through, administrator, doors = _ways(settings, url)
    with screen.progress() as tell:
        proof = await examine(
            through, metadata, options,
            doors=doors, pooler=_pooler(settings, doors, pooler_url, pgbouncer_ini, no_pooler),
            attacks=not static, administrator=administrator, progress=tell,
        )  # fmt: skip
    key = SigningKey(settings.report_key.get_secret_value()) if settings.report_key else None
    if report is not None:
        report.write_text(written.as_page(proof, key), "utf-8", newline="\n")
    if pgrls_config is not None:
        pgrls_config.write_text(pgrls_toml(proof.subject.schemas, proof.excepted), "utf-8")
    view: View = (
        written.as_json_text(written.as_sarif(proof, version_of("tenantry")))
        if sarif
        else _view(proof)
    )
    code = exits.OK if proof.ok else exits.FAILED
    return Answer(written.as_data(proof, key), view, code=code)


def _require_writable(path: Path, field: str) -> None:
    """Before the proof, which takes its time; what is not there yet is not left behind."""
    is_new = not path.exists()
    try:
        path.open("a").close()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.", field=field) from error
    if is_new:
        path.unlink()


def _ways(settings: Settings, url: str | None) -> tuple[str, bool, Doors | None]:
    """The URL to examine by, whether it is an administrator's, and the application's own ways in.

    Those lead to the settings' database, so they are no part of another that is named.
    """
    from tenantry.endpoints import DATABASE, is_embedded, servers, superuser_url, url_for
    from tenantry.isolation.attacks import Doors
    from tenantry.schema.roles import APP, READONLY

    if url is not None and url != os.environ.get("TENANTRY_ADMIN_URL"):
        return url, True, None
    embedded = is_embedded(settings)
    ways: dict[str, str] = {}
    if embedded or settings.database_url is not None:
        ways[APP] = url_for(settings, "app")
    if embedded or settings.readonly_url is not None:
        ways[READONLY] = url_for(settings, "readonly")
    doors = Doors(ways)
    if url is not None:
        return url, True, doors
    if embedded:
        return superuser_url(servers(settings), DATABASE), True, doors
    return url_for(settings, "owner"), False, doors


def _pooler(
    settings: Settings, doors: Doors | None, url: str | None, file: Path | None, none: bool
) -> Source:
    """Where a pooler's settings are read: as the command line says, else as the settings do.

    Those are about the settings' database, so they are no part of another that is named.
    """
    from tenantry.config.urls import normalise
    from tenantry.isolation.pooler import Source

    if (url is not None) + (file is not None) + none > 1:
        raise InvalidInput(
            "Ask for one of --pooler-url, --pgbouncer-ini and --no-pooler.", field="pooler_url"
        )
    if url is not None:
        try:
            url = normalise(url)
        except ValueError as error:
            raise InvalidInput(f"The pooler's URL {error}.", field="pooler_url") from None
    elif doors is not None and file is None and settings.pooler_url is not None:
        url = settings.pooler_url.get_secret_value()
    elsewhere = (settings.service_url, *settings.replica_urls) if doors is not None else ()
    urls = [*doors.urls.values()] if doors else []
    urls += [given.get_secret_value() for given in elsewhere if given is not None]
    return Source(tuple(urls), url, file, wanted=not none)


def _view(proof: Proof) -> View:
    def build() -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = [_attacks(proof)] if proof.attacks else []
        for finding in proof.findings:
            colour = "bold red" if finding.severity == "error" else "bold yellow"
            parts.append(
                Text.assemble(
                    (f"\n{finding.severity} ", colour), (_line(finding.object), "bold"),
                    f"  {finding.check}\n  {_line(finding.detail)}\n  ", (_line(finding.remediation), "italic"),
                )
            )  # fmt: skip
        parts.append(Text(f"\n{_line(proof.pooler.words(proof.database))}"))
        parts.append(Text(f"{_summary(proof)}", style="bold green" if proof.ok else "bold red"))
        return Group(*parts)

    return build


def _line(text: str) -> str:
    """In one line of its own: a table's name may be anything."""
    return printable(" ".join(text.split()))


def _attacks(proof: Proof) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    colours = {"failed": "green", "succeeded": "red", "blind": "red"}
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("#", "Attack", "It", "Tries"):
        drawn.add_column(name, overflow="fold")
    for a in proof.attacks:
        verdict = Text(a.verdict.value, style=colours.get(a.verdict.value, "yellow"))
        drawn.add_row(Text(str(a.number)), Text(a.title), verdict, Text(str(a.tries)))
    return drawn


def _summary(proof: Proof) -> str:
    tries = sum(a.tries for a in proof.attacks)
    attacked = f", {len(proof.attacks)} attacks in {tries} tries" if proof.attacks else ""
    found = len(proof.findings)
    return (
        f"{found or 'No'} finding{'s' if found != 1 else ''}: {len(proof.subject.tables)} tables,"
        f" {proof.checks} checks, {len(proof.excepted)} exceptions{attacked}, {proof.seconds:.1f} s"
    )
