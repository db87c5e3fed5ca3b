"""The schema as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .facts import ColumnFacts, Group, Schema, TableFacts
from .mermaid import diagram

#: What every table of a tenant's has, and is said once.
_USUAL = ("tenant_id", "id", "created_at", "updated_at")


def markdown(schema: Schema) -> str:
    lines = ["## Contents", ""]
    for group in schema.groups:
        names = ", ".join(f"[{table.name}](#{table.name})" for table in group.tables)
        lines.append(f"* [{group.name}](#{_anchor(group.name)}): {names}")
    lines.append("* [Materialized views](#materialized-views), [functions](#functions)")
    for group in schema.groups:
        lines += ["", *_group(group)]
    lines += ["", "## Materialized views", "", *_views(schema)]
    lines += ["", "## Functions", "", *_functions(schema)]
    return "\n".join(lines) + "\n"


def _group(group: Group) -> Iterator[str]:
    yield f"## {group.name}"
    yield ""
    yield group.purpose
    yield ""
    yield "```mermaid"
    yield diagram(group)
    yield "```"
    for table in group.tables:
        yield ""
        yield from _table(table)


def _table(table: TableFacts) -> Iterator[str]:
    yield f"### {table.name}"
    yield ""
    yield from (line for line in (table.purpose, "") if table.purpose)
    told = [c for c in table.columns if not (table.scoped and c.name in _USUAL)]
    yield from _grid(
        ("Column", "Type", "Default", "Meaning"),
        ((f"`{c.name}`", _type(c), _code(c.default), _meaning(c)) for c in told),
    )
    if table.indexes:
        yield ""
        yield from _grid(
            ("Index", "On", "For"),
            (
                (
                    f"`{i.name}`",
                    f"`{i.columns}`"
                    + (f", {i.method}" if i.method != "btree" else "")
                    + (f", where `{i.where}`" if i.where else ""),
                    i.serves,
                )
                for i in table.indexes
            ),
        )
    yield ""
    yield f"* {table.row_security}"
    yield from (f"* {rule}" for rule in table.rules)


def _type(column: ColumnFacts) -> str:
    return column.type + ("" if column.required else ", may be empty")


def _meaning(column: ColumnFacts) -> str:
    parts = [column.meaning] if column.meaning else []
    if column.words:
        parts.append(f"one of {', '.join(f'`{word}`' for word in column.words)}")
    parts += [f"`{column.check}`"] if column.check else []
    if column.references:
        parts.append(f"refers to `{column.references}` (on delete: {column.on_delete})")
    parts += ["kept by the database"] if column.kept else []
    parts += ["secret: never read back"] if column.secret else []
    return "; ".join(parts)


def _views(schema: Schema) -> Iterator[str]:
    yield "Refreshed when told. Nobody is granted them: a tenant reads its own through functions."
    yield ""
    yield from (f"* `{v.name}`, one row for each {', '.join(v.key)}" for v in schema.views)


def _functions(schema: Schema) -> Iterator[str]:
    yield (
        "Each table of a tenant's has two more, `…_get` and `…_newest`: a read in one round trip,"
        " which sets the tenant and resets it."
    )
    yield ""
    yield from _grid(
        ("Function", "Called by", "Meaning"),
        (
            (f"`{f.name}({f.parameters})`", ", ".join(f.callers), f.meaning)
            for f in schema.functions
        ),
    )


def _grid(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    yield from (f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
