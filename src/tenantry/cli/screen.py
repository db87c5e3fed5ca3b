"""Where words go: the answer to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .answer import Answer, plain

#: Whether this run was asked for JSON.
as_json: ContextVar[bool] = ContextVar("as_json", default=False)

Progress = Callable[[str], None]
#: Output that nobody's window limits: a table in a pipe keeps its lines whole.
_PIPED_WIDTH = 500


def show(answer: Answer) -> None:
    if answer.data is None:  # it was told line by line
        return
    if as_json.get():
        _write(json.dumps(plain(answer.data), indent=2, ensure_ascii=False))
    elif isinstance(answer.view, str):
        if answer.view:
            _write(answer.view)
    else:
        _console(stderr=False).print(answer.view())
    if answer.note and not as_json.get():
        say(answer.note)


def line(data: Mapping[str, Any], text: str) -> None:
    """One of many lines of a command that goes on: a document of its own, or words."""
    if as_json.get():
        _write(json.dumps(plain(data), ensure_ascii=False))
    elif sys.stderr.isatty():
        _console(stderr=True).log(_escaped(text), _stack_offset=2)
    else:
        say(text)


def say(text: str) -> None:
    """A word beside the answer."""
    print(text, file=sys.stderr)  # noqa: T201


def warn(text: str) -> None:
    _styled(("Warning: ", "bold yellow"), (text, ""))


def fail(error: Mapping[str, Any]) -> None:
    """`error`, `message` and `hint`: as the run's document, or in words."""
    if as_json.get():
        _write(json.dumps(plain(error), indent=2, ensure_ascii=False))
        return
    hint = f"\n{error['hint']}" if error.get("hint") else ""
    _styled(("Error: ", "bold red"), (str(error["message"]), "red"), (hint, ""))


@contextmanager
def progress() -> Iterator[Progress]:
    """A spinner with the step under way; silent for programs."""
    if as_json.get() or not sys.stderr.isatty():
        yield lambda _: None
        return
    with _console(stderr=True).status("Looking") as status:
        yield lambda step: status.update(_escaped(step))


def mute() -> None:
    """Nobody reads stdout any more: what is still in its buffer must not become an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _styled(*parts: tuple[str, str]) -> None:
    if not sys.stderr.isatty():
        say("".join(text for text, _ in parts))
        return
    from rich.text import Text

    _console(stderr=True).print(Text.assemble(*parts))


def _console(*, stderr: bool) -> Any:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
