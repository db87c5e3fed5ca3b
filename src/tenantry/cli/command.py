"""How a function becomes a command: it returns an `Answer`; `--json` and the event loop are added."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Annotated, Any, TypeVar

import typer

from .answer import Answer
from .screen import as_json

#: What a command that first asks the person something returns: under an event loop, Ctrl-C could not
#: end a prompt, so the question comes before the loop.
Waiting = Coroutine[Any, Any, Answer]
F = TypeVar("F", bound=Callable[..., Answer | Waiting])

_JSON = inspect.Parameter(
    "as_json_",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, typer.Option("--json", help="Print one JSON document.")],
)


def group(help: str) -> typer.Typer:
    """Commands under one name."""
    return typer.Typer(help=help, no_args_is_help=True, rich_markup_mode=None)


def command(app: typer.Typer, name: str | None = None) -> Callable[[F], F]:
    """Register a function under its name, or this one."""

    def register(function: F) -> F:
        signature = inspect.signature(function, eval_str=True)

        @wraps(function)
        def run(*, as_json_: bool, **arguments: Any) -> Answer:
            as_json.set(as_json_)
            result = function(**arguments)
            return asyncio.run(result) if inspect.iscoroutine(result) else result  # type: ignore[return-value]

        parameters = [*signature.parameters.values(), _JSON]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(name or function.__name__.replace("_", "-"))(run)
        return function

    return register
