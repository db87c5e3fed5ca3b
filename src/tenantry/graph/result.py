"""The answer to a graph query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from tenantry.errors import InvalidInput, NotOneRow

from .agtype import parse
from .values import to_json


class GraphRow(Mapping[str, Any]):
    """A row by its columns' names, in the order of RETURN: `row["agent"]`, `dict(row)`; to unpack it,
    `agent, tasks = row.values()`."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, column: str) -> Any:
        return self._values[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def to_dict(self) -> dict[str, Any]:
        """The row in JSON's own types."""
        return {column: to_json(value) for column, value in self._values.items()}

    def __repr__(self) -> str:
        return f"GraphRow({self._values!r})"


class GraphResult(Sequence[GraphRow]):
    """All rows of an answer, or as many as were allowed: `truncated` says that there were more."""

    __slots__ = ("_rows", "columns", "truncated")

    def __init__(
        self, columns: tuple[str, ...], rows: Iterable[GraphRow], *, truncated: bool = False
    ) -> None:
        self.columns = columns
        self.truncated = truncated
        self._rows = tuple(rows)

    @classmethod
    def read(
        cls,
        columns: tuple[str, ...],
        rows: Iterable[Sequence[str | None]],
        *,
        truncated: bool = False,
    ) -> GraphResult:
        """The answer from the text that AGE wrote for each column of each row."""
        return cls(
            columns,
            (
                GraphRow(
                    {
                        column: None if text is None else parse(text)
                        for column, text in zip(columns, row, strict=True)
                    }
                )
                for row in rows
            ),
            truncated=truncated,
        )

    def one(self) -> GraphRow:
        """The only row; `NotOneRow` if there is none, or another."""
        if len(self._rows) != 1:
            raise NotOneRow(len(self._rows))
        return self._rows[0]

    def scalars(self) -> list[Any]:
        """The values of the only column."""
        if len(self.columns) != 1:
            raise InvalidInput(
                f"The query returns {len(self.columns)} columns: {', '.join(self.columns)}.",
                field="columns",
                hint="`scalars()` is for queries that return one; take the others by name.",
            )
        return [row[self.columns[0]] for row in self._rows]

    def to_list(self) -> list[dict[str, Any]]:
        """The rows in JSON's own types."""
        return [row.to_dict() for row in self._rows]

    @overload
    def __getitem__(self, index: int) -> GraphRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[GraphRow]: ...
    def __getitem__(self, index: int | slice) -> GraphRow | Sequence[GraphRow]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GraphResult):
            return NotImplemented
        return (self.columns, self.truncated, self._rows) == (
            other.columns,
            other.truncated,
            other._rows,
        )

    __hash__ = None  # type: ignore[assignment]  # rows hold lists and maps

    def __repr__(self) -> str:
        more = " and more" if self.truncated else ""
        return f"<GraphResult {', '.join(self.columns)}: {len(self._rows)} rows{more}>"
