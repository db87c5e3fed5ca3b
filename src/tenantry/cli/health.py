"""`health` and `version`: what monitoring and bug reports ask for."""

from __future__ import annotations

import platform
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

import typer

from . import exits, place
from .answer import Answer, table
from .command import command

if TYPE_CHECKING:
    from tenantry.ops.readiness import Part

app = typer.Typer()

#: A person waits for what a load balancer does not; and here all is imported first.
_LIMIT_S = 10.0


@command(app)
async def health() -> Answer:
    """Ask whether a program could serve: the database, its revision, replicas, Redis or Valkey, partitions.

    Exit code 1: what is required is away. The rest is told, and stops nobody."""
    settings = place.running()
    from tenantry.database import connect  # brings SQLAlchemy
    from tenantry.migrations.apply import load_models
    from tenantry.ops.readiness import readiness

    load_models(settings.models)
    probe = settings.model_copy(update={"migrate": "off", "pool_min": 0})
    async with await connect(settings=probe) as db:
        found = await readiness(db, timeout=_LIMIT_S)
    by_name = {part.name: part for part in found.parts}
    revisions = {name: by_name["migrations"].facts.get(name) for name in ("revision", "head")}
    data = {**found.to_dict(facts=True), **revisions}
    columns = ("Part", "Ready", "Latency", "")
    note = "" if found.ok else "A program would not be ready. `tenantry doctor` says more."
    code = exits.OK if found.ok else exits.FAILED
    return Answer(data, table(columns, map(_row, found.parts)), note=note, code=code)


def _row(part: Part) -> tuple[str, ...]:
    latency = "" if part.latency_ms is None else f"{part.latency_ms:.1f} ms"
    word = "" if part.ok else part.error.replace("_", " ")
    ready = "yes" if part.ok else "no" if part.required else "no, not required"
    return part.name, ready, latency, ", ".join(filter(None, (word, _of(part))))


def _of(part: Part) -> str:
    """What those who run the servers want to know of it."""
    facts = part.facts
    if not facts:
        return ""
    match part.name.partition("-")[0]:
        case "database":
            server = facts["server_version"] and f"PostgreSQL {facts['server_version']}"
            return f"{server}, a standby" if facts["standby"] else str(server)
        case "migrations":
            return f"at {facts['revision'] or 'none'}, head {facts['head']}"
        case "replica":
            lag = facts["lag_s"]
            return str(facts["place"]) + ("" if lag is None else f", {lag:.1f} s behind")
        case "valkey":
            return " ".join(filter(None, (facts["server"], *facts["faults"])))
        case _:
            tables = f" ({', '.join(facts['tables'])})" if facts["tables"] else ""
            return f"{facts['ahead']} ahead{tables}"


@command(app)
def version() -> Answer:
    """Print Tenantry's version, the schema's, and Python's."""
    from tenantry import migrations

    number = version_of("tenantry")
    data = {"version": number, "schema": migrations.head(), "python": platform.python_version()}
    return Answer(data, f"tenantry {number} (schema {data['schema']}, Python {data['python']})")
