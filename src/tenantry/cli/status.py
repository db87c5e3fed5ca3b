"""`status`: every server, the database, and the settings that led there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.errors import TenantryError

from . import exits, place
from .answer import Answer, View
from .command import command

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.local import ServerStatus

app = typer.Typer()


@command(app)
async def status(
    settings: Annotated[
        bool, typer.Option("--settings", help="Also every setting, and where it came from.")
    ] = False,
) -> Answer:
    """Show the servers, the database's revision, and its tenants."""
    current = place.load()
    found = _servers(current)
    database = await _database(current)
    for server in found:
        if not server["embedded"] and server["name"] == "postgres":
            server["running"] = database["reachable"]
            server["version"] = database["server_version"]
    data = {
        "profile": current.profile,
        "home": current.home,
        "servers": found,
        "database": database,
        "settings": [setting._asdict() for setting in current.describe()],
    }
    code = exits.OK if database["reachable"] and database["at_head"] else exits.FAILED
    return Answer(data, _view(data, every_setting=settings), code=code)


def server_facts(server: ServerStatus) -> dict[str, Any]:
    """An embedded server, as JSON and people see it."""
    scheme = {"postgres": "postgresql", "valkey": "redis"}[server.name]
    database = {"postgres": "tenantry", "valkey": "0"}[server.name]
    return {
        "name": server.name,
        "embedded": True,
        "running": server.running,
        "pid": server.pid,
        "version": server.version or None,
        "url": f"{scheme}://127.0.0.1:{server.port}/{database}" if server.port else None,
        "port": server.port,
        "socket": server.socket_dir,
        "data_dir": server.data_dir,
        "log": server.log,
        "extensions": list(server.extensions),
        "detail": server.detail,
    }


def _servers(settings: Settings) -> list[dict[str, Any]]:
    """Those the settings mean: embedded ones, and those of your own by their redacted URLs."""
    from tenantry.endpoints import is_embedded, servers

    own = {s.name: s.value for s in settings.describe()}
    embedded = {s.name: server_facts(s) for s in servers(settings).status()}
    if not is_embedded(settings):
        embedded["postgres"] = _own("postgres", own["database_url"])
    if settings.redis_url is not None:
        embedded["valkey"] = _own("valkey", own["redis_url"])
    return list(embedded.values())


def _own(name: str, url: str) -> dict[str, Any]:
    return {"name": name, "embedded": False, "running": None, "version": None, "url": url}


async def _database(settings: Settings) -> dict[str, Any]:
    from tenantry import migrations
    from tenantry.endpoints import url_for
    from tenantry.ops.setup import standing

    empty = {"server_version": None, "revision": None, "tenants": None}
    base = {"head": migrations.head(), "at_head": False, "reachable": False, "error": None}
    try:
        found = await standing(url_for(place.running(settings), "service"))
    except TenantryError as error:
        return {**base, **empty, "error": error.to_dict()}
    return {
        **base,
        "reachable": True,
        "at_head": found.at_head,
        "server_version": found.server_version,
        "revision": found.revision,
        "revisions": found.revisions,
        "tenants": found.tenants,
    }


def _view(data: dict[str, Any], *, every_setting: bool) -> View:
    def build() -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        servers = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("Server", "State", "Version", "Process", "URL", "Data"):
            servers.add_column(name, overflow="fold")
        for server in data["servers"]:
            servers.add_row(*(Text(str(cell or "")) for cell in _server_row(server)))
        parts: list[Any] = [servers, Text(), Text(_database_line(data["database"]))]
        told = [s for s in data["settings"] if every_setting or s["source"] != "default"]
        if told:
            settings = Table(box=None, pad_edge=False, header_style="bold")
            for name in ("Setting", "Value", "From"):
                settings.add_column(name, overflow="fold")
            for one in told:
                settings.add_row(*(Text(str(one[k])) for k in ("name", "value", "source")))
            parts += [Text(), settings]
        return Group(*parts)

    return build


def _server_row(server: dict[str, Any]) -> tuple[Any, ...]:
    if not server["embedded"]:
        return server["name"], "your own", server["version"], "", server["url"], ""
    state = "running" if server["running"] else server["detail"] or "not running"
    return (
        server["name"], state, server["version"], server["pid"],
        server["url"] if server["running"] else "", server["data_dir"],
    )  # fmt: skip


def _database_line(database: dict[str, Any]) -> str:
    if not database["reachable"]:
        error = database["error"]
        return f"Database: {error['message']} {error['hint']}".rstrip()
    at = f"revision {database['revision']}" if database["revision"] else "not migrated"
    behind = "" if database["at_head"] else f" (head is {database['head']}: tenantry migrate up)"
    count = database["tenants"]
    return f"Database: {at}{behind}, {count} tenant{'' if count == 1 else 's'}"
