"""Questions to the person at the terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tenantry.errors import InvalidInput

from . import screen

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(question: str, *, yes: bool, production: bool = False) -> None:
    """Go on only with a yes; in production, or without a terminal, only with `--yes`."""
    if yes:
        return
    if production:
        raise InvalidInput(
            "In production this needs --yes.", field="yes", hint="Is there a fresh backup?"
        )
    if screen.as_json.get() or not sys.stdin.isatty():
        raise InvalidInput("There is nobody to ask here, so this needs --yes.", field="yes")
    typer.confirm(question, abort=True, err=True)
