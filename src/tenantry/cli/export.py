"""`export`: what the schema is, for people and programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tenantry.errors import InvalidInput

from . import exits, files, place
from .answer import Answer, plain
from .command import command, group

if TYPE_CHECKING:
    from tenantry.schema.reference import Schema

app = group("Write out what Tenantry knows.")

_Format = Literal["markdown", "mermaid", "json"]


@command(app)
def schema(
    format: Annotated[_Format, typer.Option(help="A page, diagrams, or data.")] = "markdown",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there; else to stdout.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only ask whether FILE still holds it. Exit code 1: no.")
    ] = False,
) -> Answer:
    """Describe every table, rule and function, your own models' too. Asks no server."""
    if check and output is None:
        raise InvalidInput("--check needs the file to check.", field="output")
    described = _described()
    data = plain(asdict(described))
    text = json.dumps(data, indent=2) if format == "json" else _text(described, format)
    if output is None:
        return Answer(data, text.rstrip("\n"))
    if check:
        return _checked(output, text)
    files.write(output, text.rstrip("\n") + "\n")
    return Answer({"path": output}, f"Wrote {output}")


def _described() -> Schema:
    settings = place.load()
    from tenantry.migrations.apply import load_models
    from tenantry.models import metadata
    from tenantry.schema.reference import describe

    load_models(settings.models)
    return describe(metadata)


def _text(described: Schema, format: _Format) -> str:
    from tenantry.schema.reference import markdown, mermaid

    return markdown(described) if format == "markdown" else mermaid(described)


def _checked(path: Path, text: str) -> Answer:
    """A page may say more around it."""
    holds = path.is_file() and text.strip() in path.read_text("utf-8")
    words = f"{path} is what the models mean." if holds else f"{path} is not what the models mean."
    note = "" if holds else "Write it again, without --check."
    return Answer(
        {"path": path, "ok": holds}, words, note=note, code=exits.OK if holds else exits.FAILED
    )
