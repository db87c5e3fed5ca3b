"""The command line: `tenantry`, or `python -m tenantry`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from tenantry.errors import TenantryError

from . import exits, screen
from .answer import Answer


@runtime_checkable
class _UsageError(Protocol):
    """How Typer's parser says that a command line makes no sense."""

    exit_code: int
    message: str

    def format_message(self) -> str: ...
    def show(self) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code. No traceback leaves here unless asked for."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    # Only errors before the command is known depend on this look ahead.
    words = argv[: argv.index("--")] if "--" in argv else argv
    screen.as_json.set("--json" in words)
    try:
        return _run(argv)
    except BrokenPipeError:
        screen.mute()
        return exits.BROKEN_PIPE
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _run(argv: list[str]) -> int:
    import typer

    from .app import parser

    try:
        answer = parser()(args=argv, prog_name="tenantry", standalone_mode=False)
        if not isinstance(answer, Answer):
            return answer if isinstance(answer, int) else exits.OK
        screen.show(answer)
        return answer.code
    except TenantryError as error:
        if _debugging():
            raise
        screen.fail(error.to_dict())
        return exits.code_of(error)
    except typer.Abort as error:
        screen.say("Nothing was done.")
        interrupted = isinstance(error.__context__, KeyboardInterrupt)
        return exits.INTERRUPTED if interrupted else exits.FAILED
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        if isinstance(error, _UsageError):
            return _usage(error)
        if _debugging():
            raise
        screen.fail(_unexpected(error))
        return exits.INTERNAL


def _usage(error: _UsageError) -> int:
    # The words of the library that Typer checks values with.
    error.message = error.message.removeprefix("Value error, ")
    if screen.as_json.get():
        screen.fail({"error": "usage", "message": error.format_message(), "hint": ""})
    else:
        error.show()
    return error.exit_code


def _unexpected(error: Exception) -> dict[str, str]:
    return {
        "error": "internal",
        # Its own words may quote a value, so only its kind is shown.
        "message": f"Something unexpected happened ({type(error).__name__}).",
        "hint": "Run it again with TENANTRY_DEBUG=1 for the traceback, and please report it.",
    }


def _debugging() -> bool:
    return os.environ.get("TENANTRY_DEBUG", "") not in ("", "0")
