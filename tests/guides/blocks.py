"""The fenced blocks of a guide, and what a reader is meant to do with each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

#: `<!-- fragment: why it cannot be run -->` above a block.
_FRAGMENT = re.compile(r"<!-- fragment: (\w.+?) -->$")
#: A file's first line says its name.
_FILE = re.compile(r"(?:#|--|//) ([\w./-]+\.\w+)$")


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    #: Of its first line in the page.
    line: int
    language: str
    text: str
    #: Why it is shown and not run.
    fragment: str | None
    #: Nothing but blank lines stand between it and the block before.
    follows: bool

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that it is to be saved as."""
        found = _FILE.match(self.text.partition("\n")[0])
        return found[1] if found else None


def read(page: Path) -> list[Block]:
    return list(_blocks(page.name, page.read_text("utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    numbered = iter(enumerate(lines, 1))
    fragment, follows = None, False
    for number, line in numbered:
        if line.startswith("```"):
            body: list[str] = []
            for _, inside in numbered:
                if inside == "```":
                    break
                body.append(inside)
            else:
                raise AssertionError(f"{page}:{number}: the block does not end")
            text = "".join(f"{part}\n" for part in body)
            yield Block(page, number + 1, line[3:].strip(), text, fragment, follows)
            fragment, follows = None, True
        elif found := _FRAGMENT.match(line.strip()):
            fragment, follows = found[1], False
        elif line.strip():
            assert "<!-- fragment" not in line, f"{page}:{number}: a fragment says why"
            fragment, follows = None, False
