"""`graph`: asked, kept, and what tasks wait for, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import as_tenant, files, graph_questions, graph_upkeep, lookup
from .answer import Answer, plain, printable
from .command import command, group

if TYPE_CHECKING:
    from tenantry.drawing import Drawing
    from tenantry.repositories import Closure

app = group("Draw what tasks wait for, ask tenants' graphs in Cypher, and keep them.")
app.add_typer(graph_questions.app)
app.add_typer(graph_upkeep.app)

_Format = Literal["mermaid", "dot", "svg"]
#: More than this nobody can read in one picture.
_MOST = 300


@command(app)
async def show(
    tenant: lookup.TenantName,
    task: lookup.TaskId,
    *,
    format: Annotated[
        _Format, typer.Option(help="For Mermaid, for Graphviz, or a picture.")
    ] = "mermaid",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there; else to stdout.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1000, help="So many steps far; else all.")
    ] = None,
    dependents: Annotated[
        bool, typer.Option("--dependents", help="What waits for the task instead.")
    ] = False,
) -> Answer:
    """Draw what a task waits for, also by way of others. Arrows lead from what is done first."""
    async with as_tenant.work(tenant, "graph show") as t:
        found = await t.tasks.closure(task, dependents=dependents, depth=depth, limit=_MOST)
    text = _drawn(found, format, dependents=dependents)
    data = {**_data(found), "format": format}
    note = (
        f"There is more: these are the {_MOST} nearest. --depth shows fewer." if found.cut else ""
    )
    if out is None:
        return Answer({**data, "drawing": text}, _view(text), note=note)
    files.write(out, text, field="out")
    return Answer({**data, "path": out}, f"Wrote {out}", note=note)


def _drawn(found: Closure, format: _Format, *, dependents: bool) -> str:
    from tenantry import drawing

    formats = {"mermaid": drawing.mermaid, "dot": drawing.dot, "svg": drawing.svg}
    return formats[format](_drawing(found, dependents=dependents))


def _drawing(found: Closure, *, dependents: bool) -> Drawing:
    from tenantry.drawing import Drawing, Edge, Node

    tasks = (found.task, *found.tasks)
    nodes = [
        Node(str(x.id), x.title, x.status, x.state_category, focus=x is found.task) for x in tasks
    ]
    edges = [Edge(str(link.depends_on_id), str(link.task_id)) for link in found.links]
    words = "What waits for" if dependents else "What has to be done before"
    return Drawing(f"{words} {found.task.title}", nodes, edges)


def _data(found: Closure) -> dict[str, Any]:
    return {
        "task": plain(found.task._asdict()),
        "tasks": [plain(x._asdict()) for x in found.tasks],
        "links": [plain(x._asdict()) for x in found.links],
        "cut": found.cut,
    }


def _view(text: str) -> str:
    """The end of the last line is the terminal's to add."""
    return printable(text.rstrip("\n"))
