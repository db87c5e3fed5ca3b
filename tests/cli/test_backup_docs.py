"""Every command line in these pages is one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tenantry.cli.app import parser

DOCS = Path(__file__).parents[2] / "docs"
LINES = [
    part.strip()
    for page in ("backup.md", "monitoring.md")
    for language, block in re.findall(
        r"^```(\w*)\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    if language != "sql"
    for line in block.splitlines()
    for part in line.partition("  #")[0].split("&&")
    if "tenantry " in part
]


@pytest.mark.parametrize("line", LINES)
def test_it_is_understood(line: str) -> None:
    command, words = parser(), shlex.split(line[line.index("tenantry ") :])[1:]
    context = command.make_context("tenantry", [*words], resilient_parsing=True)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
        context = type(context)(command, parent=context)
    command.make_parser(context).parse_args([*words])
