"""A table that fits its window: what matters least is left out of a narrow one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .answer import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

#: From so many columns on everything is shown.
_WIDE = 100


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    #: Only in a wide window.
    wide: bool = False
    #: A figure, at the right.
    figure: bool = False
    #: Takes what is left, and is cut there.
    text: bool = False


def columns(words: str) -> tuple[Column, ...]:
    """`Table >Size (>Rows) ~Statement`: figures behind a >, what is for wide windows in brackets, the
    one that takes what is left behind a ~. An underscore is a space."""
    found = []
    for word in words.split():
        bare = word.strip("()")
        found.append(
            Column(
                bare.lstrip(">~").replace("_", " "),
                wide=word.startswith("("),
                figure=bare.startswith(">"),
                text=bare.startswith("~"),
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Grid:
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    empty: str = "Nothing."

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        yield Text(self.title, style="bold cyan")
        if not self.rows:
            yield Text(f"  {self.empty}", style="dim")
            return
        shown = [
            n for n, one in enumerate(self.columns) if options.max_width >= _WIDE or not one.wide
        ]
        drawn = Table(box=None, pad_edge=False, header_style="dim", expand=True, padding=(0, 1))
        # Figures and names stay as narrow as they are; where no text takes the rest, nothing does.
        has_text = any(self.columns[n].text for n in shown)
        for n in shown:
            one = self.columns[n]
            drawn.add_column(
                one.name,
                justify="right" if one.figure else "left",
                no_wrap=True,
                overflow="ellipsis",
                ratio=1 if one.text else None,
            )
        drawn.expand = has_text
        for row in self.rows:
            drawn.add_row(*(_cell(row[n]) for n in shown))
        yield drawn


def grid(title: str, words: str, rows: Iterable[Sequence[Any]], empty: str = "Nothing.") -> Grid:
    return Grid(title, columns(words), list(rows), empty)


def _cell(value: Any) -> Any:
    from rich.text import Text

    return (
        value if isinstance(value, Text) else Text(printable("" if value is None else str(value)))
    )
