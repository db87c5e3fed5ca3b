"""`up`, `down`, `logs`: the embedded servers. (`status` has a file of its own.)"""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tenantry.errors import ConfigurationError, InvalidInput, LocalServerError

from . import place, screen
from .answer import Answer
from .command import command
from .status import server_facts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tenantry.config import Settings
    from tenantry.local import LocalServers

app = typer.Typer()


@command(app)
def up(
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Load no demo data.")] = False,
    no_valkey: Annotated[bool, typer.Option("--no-valkey", help="Only PostgreSQL.")] = False,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="PostgreSQL's port.", min=1, max=65535)
    ] = None,
) -> Answer:
    """Start the embedded servers, migrated and with a demo. Running it again changes nothing."""
    settings = place.load()
    from tenantry.endpoints import is_embedded

    if settings.profile == "production":
        raise ConfigurationError(
            "The embedded servers are for development, and the profile is production.",
            setting="profile",
            hint="Run `tenantry migrate up` to bring a production database to head.",
        )
    if not is_embedded(settings):
        raise ConfigurationError(
            "The settings name a database of your own, so there is no server to start.",
            setting="database_url",
            hint="Run `tenantry migrate up`, and `tenantry seed` for the demo.",
        )
    with screen.progress() as tell:
        local, was_running = _start(settings, tell, port=port, valkey=not no_valkey)
        applied, tenants, seeded = asyncio.run(_fill(settings, local, tell, seed=not no_seed))
    data = {
        "already_running": was_running,
        "servers": [server_facts(status) for status in local.status()],
        "applied": applied,
        "seeded": seeded,
        "tenants": tenants,
    }
    return Answer(data, lambda: _panel(data))


@command(app)
def down() -> Answer:
    """Stop the embedded servers. Their data stays."""
    settings = place.load()
    from tenantry.endpoints import servers

    local = servers(settings)
    stopped = [status.name for status in local.status() if status.running]
    with screen.progress() as tell:
        tell("Stopping the servers")
        local.down()
    words = f"Stopped {' and '.join(stopped)}." if stopped else "Nothing was running."
    return Answer({"stopped": stopped}, words)


@command(app)
def logs(
    server: Annotated[
        Literal["postgres", "valkey"], typer.Argument(metavar="SERVER", help="postgres or valkey")
    ] = "postgres",
    lines: Annotated[int, typer.Option("--lines", "-n", metavar="N", min=0, help="How many.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And what comes.")] = False,
) -> Answer:
    """Show the end of an embedded server's log."""
    settings = place.load()
    from tenantry.endpoints import servers

    local = servers(settings)
    path = local.log_path(server)
    if not follow:
        found = local.logs(server, lines)
        return Answer({"server": server, "log": path, "lines": found}, "\n".join(found))
    if screen.as_json.get():
        raise InvalidInput("A log that is followed has no end, so it is no JSON document.")
    if not path.exists():
        raise LocalServerError(f"{server} has no log yet.", server=server, hint="Run: tenantry up")
    # -F, because the server begins a new file each day.
    subprocess.run(["tail", "-n", str(lines), "-F", str(path)], check=False)
    raise typer.Exit


def _start(
    settings: Settings, tell: screen.Progress, *, port: int | None, valkey: bool
) -> tuple[LocalServers, bool]:
    from tenantry.local import LocalServers

    local = LocalServers(settings.home, pg_bin=settings.pg_bin, port=port)
    before = local.status()[0]
    if before.running and port not in (None, before.port):
        raise LocalServerError(
            f"PostgreSQL runs on port {before.port} already.",
            server="postgres",
            hint=f"Run `tenantry down` first, then `tenantry up --port {port}`.",
        )
    local.up(valkey=valkey, progress=tell)
    return local, before.running


async def _fill(
    settings: Settings, local: LocalServers, tell: screen.Progress, *, seed: bool
) -> tuple[tuple[str, ...], int, dict[str, Any] | None]:
    """What was migrated, how many tenants there are, what the demo brought."""
    from tenantry.endpoints import url_for
    from tenantry.ops import setup

    await setup.prepare(local, tell)
    found = await setup.standing(url_for(settings, "service"))
    applied: tuple[str, ...] = ()
    if not found.at_head or settings.migrations:
        applied = await setup.migrate(settings, tell)
    if not seed or found.tenants or settings.profile != "development":
        return applied, found.tenants, None
    tell("Loading the demo")
    from .seed import load_demo

    demo = await load_demo(None)
    return applied, len(demo.tenants), demo.to_dict()


def _panel(data: dict[str, Any]) -> RenderableType:
    from rich.panel import Panel
    from rich.text import Text

    lines = [_server_line(server) for server in data["servers"]]
    count = data["tenants"]
    if data["seeded"]:
        slugs = ", ".join(data["seeded"]["tenants"])
        lines.append(f"Demo        tenants {slugs}")
    else:
        lines.append(f"Tenants     {count}")
    lines += [
        "",
        "Next        tenantry status",
        "            tenantry psql --role app",
        "Python      db = await tenantry.connect()",
    ]
    title = "Tenantry is running already" if data["already_running"] else "Tenantry is up"
    return Panel.fit(Text("\n".join(lines)), title=title, padding=(1, 2), border_style="green")


def _server_line(server: dict[str, Any]) -> str:
    title = {"postgres": "PostgreSQL", "valkey": "Valkey"}[server["name"]]
    where = server["url"] if server["running"] else server["detail"] or "not running"
    return f"{title:<12}{where}"
