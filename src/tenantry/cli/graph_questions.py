"""`graph run`, `graph ask` and `graph query`: Cypher, as a tenant, and what the platform names."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.errors import CypherRefused, InvalidInput, UnknownGraphQuery

from . import as_tenant, lookup, place, screen
from .answer import Answer, facts, printable, row, table
from .command import command, group

if TYPE_CHECKING:
    from tenantry.graph import GraphResult

app = typer.Typer()
query = group("Name questions in Cypher, for every tenant to ask of its own graph.")
app.add_typer(query, name="query")

_Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the question.")]
_Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param", "-p", metavar="NAME=VALUE", help="May be given many times. JSON, else text."
    ),
]
_Limit = Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="Rows at most.")]
_Timeout = Annotated[float, typer.Option(metavar="SECONDS", min=0.001, max=3600)]


@command(app)
async def run(
    tenant: lookup.TenantName,
    name: _Name,
    param: _Params = None,
    limit: _Limit = 1_000,
    timeout: _Timeout = 5.0,
) -> Answer:
    """Ask a tenant's graph a question that the platform has named."""
    given = _values(param or [])
    async with as_tenant.work(tenant, "graph run") as t:
        found = await t.graph.run(name, given, limit=limit, timeout=timeout)
    return _answer(found)


@command(app)
async def ask(
    tenant: lookup.TenantName,
    text: Annotated[str, typer.Argument(metavar="CYPHER", help="That reads; - reads stdin.")],
    param: _Params = None,
    limit: _Limit = 1_000,
    timeout: _Timeout = 5.0,
) -> Answer:
    """Ask a tenant's graph a question of your own. Needs the feature graph-questions."""
    given, text = _values(param or []), _read(text) if text == "-" else text
    with _pointing(text):
        async with as_tenant.work(tenant, "graph ask") as t:
            found = await t.graph.ask(text, given, limit=limit, timeout=timeout)
    return _answer(found)


@command(query)
async def add(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of the question.")] = None,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="With its text; - reads stdin.")
    ] = None,
    *,
    text: Annotated[str | None, typer.Option(metavar="CYPHER", help="Its text itself.")] = None,
    description: Annotated[str, typer.Option(help="What it answers.")] = "",
    builtin: Annotated[
        bool, typer.Option("--builtin", help="One of Tenantry's own; without NAME all of them.")
    ] = False,
) -> Answer:
    """Name a question, or give the name another text. The text can only read."""
    if builtin:
        return await _add_builtin(name)
    if name is None or (file is None) == (text is None):
        raise InvalidInput(
            "Give a name, and its text: a file, - or --text; or --builtin.", field="name"
        )
    cypher = _read(file) if text is None and file is not None else text or ""
    with _pointing(cypher):
        async with place.service(f"graph query add {name}") as s:
            made = await s.graph_queries.put(name, cypher, description=description)
    takes = ", ".join(made.parameters) or "nothing"
    return Answer(row(made), f"Named {made.name}. It takes {takes}.")


@command(query, "list")
async def list_() -> Answer:
    """List the questions that have a name."""
    async with place.service("graph query list") as s:
        found = sorted(await s.graph_queries.list(limit=10_000), key=lambda q: q.name)
    rows = [(q.name, q.parameters, q.result_columns, q.description) for q in found]
    view = table(("Name", "Takes", "Answers with", "Description"), rows, "No question has a name.")
    return Answer({"queries": [row(q) for q in found]}, view)


@command(query)
async def show(name: _Name) -> Answer:
    """Show a question: its text, as the parser wrote it, and what it takes."""
    async with place.service(f"graph query show {name}") as s:
        found = await s.graph_queries.by_name(name)
    if found is None:
        raise UnknownGraphQuery(name)
    shown = {
        "Name": found.name, "Description": found.description, "Takes": found.parameters,
        "Answers with": found.result_columns, "Text": found.text, "Texts in it": found.literals,
        "Changed": found.updated_at,
    }  # fmt: skip
    return Answer(row(found), facts(shown))


@command(query)
async def remove(name: _Name) -> Answer:
    """Take a question's name away: nobody can ask it any more."""
    async with place.service(f"graph query remove {name}") as s:
        await s.graph_queries.remove(name)
    return Answer({"removed": name}, f"Removed {name}.")


async def _add_builtin(name: str | None) -> Answer:
    from tenantry.graph.builtin import BUILTIN

    chosen = [q for q in BUILTIN if name in (None, q.name)]
    if not chosen:
        known = ", ".join(q.name for q in BUILTIN)
        raise InvalidInput(f"No built-in question is called {name}.", field="name", hint=known)
    async with place.service("graph query add --builtin") as s:
        made = [
            await s.graph_queries.put(q.name, q.text, description=q.description) for q in chosen
        ]
    words = f"Named {', '.join(q.name for q in made)}."
    return Answer({"queries": [row(q) for q in made]}, words)


def _answer(found: GraphResult) -> Answer:
    data = {"columns": found.columns, "rows": found.to_list(), "truncated": found.truncated}
    rows = [tuple(line.values()) for line in found]
    note = "There is more: --limit shows more rows." if found.truncated else ""
    return Answer(data, table(found.columns, rows, "No rows."), note=note)


def _values(given: Sequence[str]) -> dict[str, Any]:
    """`depth=3` is a number and `title=Ship it` a text; `title="3"` is one for certain."""
    values: dict[str, Any] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not (name and sign):
            raise InvalidInput(f"{pair!r} is not NAME=VALUE.", field="param")
        try:
            values[name] = json.loads(value, parse_constant=_no_number)
        except (ValueError, RecursionError):
            values[name] = value
    return values


def _no_number(word: str) -> None:
    raise ValueError(word)


def _read(source: str) -> str:
    if source == "-":
        return sys.stdin.read()
    try:
        return Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput(f"{source} cannot be read: {reason}.", field="file") from error


@contextmanager
def _pointing(text: str) -> Iterator[None]:
    """Shows people the place in the text at which the parser refused it."""
    try:
        yield
    except CypherRefused as error:
        if "line" not in error.fields or screen.as_json.get():
            raise
        before = text[: error.position - 1]
        start = before.rfind("\n") + 1
        line = printable(text[start:].partition("\n")[0])
        caret = " " * len(printable(before[start:])) + "^"
        hint = f"{line}\n{caret}\n{error.hint}"
        raise CypherRefused(error.message, hint=hint, **error.fields) from error
