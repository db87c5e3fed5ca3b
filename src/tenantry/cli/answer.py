"""What a command has to say, before anybody decides how to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from .exits import OK

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Text, or what makes something for Rich: only a person's terminal pays for that import.
View = str | Callable[[], "RenderableType"]


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is the JSON document, `view` is what people read."""

    data: Any
    view: View
    #: A word beside the answer, for people only and on stderr, so that stdout can be piped.
    note: str = ""
    code: int = OK


def plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    return str(value)


def row(instance: Any) -> dict[str, Any]:
    """A model's instance: every column that may be read."""
    return {k.removesuffix("_"): v for k, v in vars(instance).items() if not k.startswith("_")}


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "Nothing.") -> View:
    """Rows under headings."""
    cells = [[_cell(value) for value in line] for line in rows]

    def build() -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        drawn = Table(box=None, pad_edge=False, header_style="bold")
        for name in columns:
            drawn.add_column(name, overflow="fold")
        for line in cells:
            drawn.add_row(*(Text(cell) for cell in line))
        return drawn

    return build if cells else empty


def facts(values: Mapping[str, Any]) -> View:
    """Names and values, one a line; what is empty is left out."""
    shown = {k: _cell(v) for k, v in values.items() if v not in (None, "", [], {})}

    def build() -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in shown.items():
            grid.add_row(Text(name), Text(value))
        return grid

    return build


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Mapping):
        return ", ".join(f"{printable(str(k))}={_cell(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_cell, value))
    return printable(str(value))


def printable(text: str) -> str:
    """What was stored does not steer a terminal: codes that do are spelt out."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
