"""`health` and `version`: what monitoring and bug reports ask for."""

from __future__ import annotations

import platform
from importlib.metadata import version as version_of
from typing import Any

import typer

from . import exits, place
from .answer import Answer, facts
from .command import command

app = typer.Typer()


@command(app)
async def health() -> Answer:
    """Ask the database whether it is well, as the application would."""
    settings = place.running()
    from tenantry.database import connect  # brings SQLAlchemy

    probe = settings.model_copy(update={"migrate": "off", "pool_min": 0})
    async with await connect(settings=probe) as db:
        found = await db.health()
    data = found.to_dict()
    database = data["database"]
    latency = database["latency_ms"]
    view = facts(
        {
            "Healthy": data["ok"],
            "Latency": f"{latency:.1f} ms" if latency is not None else None,
            "Server": database["server_version"],
            "Replica": database["replica"],
            **{f"Replica {r['name']}": _of_replica(r) for r in data["replicas"]},
            "Revision": f"{data['revision'] or 'none'} (head {data['head']})",
            "Error": database["error"],
        }
    )
    return Answer(data, view, code=exits.OK if data["ok"] else exits.FAILED)


def _of_replica(replica: dict[str, Any]) -> str:
    if not replica["ok"]:
        return f"out: {replica['error']}"
    return f"{replica['lag_s']:.1f} s behind"


@command(app)
def version() -> Answer:
    """Print Tenantry's version, the schema's, and Python's."""
    from tenantry import migrations

    number = version_of("tenantry")
    data = {"version": number, "schema": migrations.head(), "python": platform.python_version()}
    return Answer(data, f"tenantry {number} (schema {data['schema']}, Python {data['python']})")
