"""The list of every command, for docs/cli.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import exits
from .app import parser

_EVERYWHERE = ("--json", "--help")


def reference() -> str:
    """Every command with its arguments and options, and every exit code, as Markdown."""
    lines = ["## Exit codes", "", "| Code | Meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in exits.MEANING.items()]
    lines += ["", "## Commands", ""]
    for path, command in _commands("tenantry", parser()):
        lines += [*_section(path, command), ""]
    return "\n".join(lines)


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", below)
    if not hasattr(command, "commands"):
        yield path, command


def _section(path: str, command: Any) -> Iterator[str]:
    with command.make_context(path, [], resilient_parsing=True) as context:
        usage = [path, *command.collect_usage_pieces(context)]
        records = [p.get_help_record(context) for p in command.get_params(context)]
    yield f"### `{' '.join(usage).replace('[OPTIONS]', '[options]')}`"
    yield ""
    yield command.help
    shown = [r for r in records if r is not None and not r[0].startswith(_EVERYWHERE)]
    if shown:
        yield ""
        yield from (f"- `{names}`{': ' + _one_line(text) if text else ''}" for names, text in shown)


def _one_line(text: str) -> str:
    return " ".join(text.split())
