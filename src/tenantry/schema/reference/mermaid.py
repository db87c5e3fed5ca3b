"""Entity diagrams, one for each group: a single one of every table would be unreadable."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import ColumnFacts, Group, Schema, TableFacts


def mermaid(schema: Schema) -> str:
    """Every group's diagram, one after the other, each with its title."""
    return "\n".join(
        "\n".join([f"---\ntitle: {group.name}\n---", diagram(group)]) for group in schema.groups
    )


def diagram(group: Group) -> str:
    """Keys, references and what must be given. The tenant, which every table has, is left out."""
    return "\n".join(["erDiagram", *_lines(group)])


def _lines(group: Group) -> Iterator[str]:
    for table in group.tables:
        yield f"    {table.name} {{"
        yield from (f"        {_attribute(table, c)}" for c in table.columns if _is_shown(table, c))
        yield "    }"
    for table in group.tables:
        for column in _references(table):
            target = column.references.partition(".")[0]
            one = "||" if column.required else "|o"
            many = "o|" if table.key == (column.name,) else "o{"
            yield f'    {target} {one}--{many} {table.name} : "{column.name}"'


def _is_shown(table: TableFacts, column: ColumnFacts) -> bool:
    if column.name == "tenant_id" and table.scoped:
        return False
    given = column.required and not column.default and not column.kept
    return column.name in table.key or bool(column.references) or given


def _attribute(table: TableFacts, column: ColumnFacts) -> str:
    marks = ["PK"] if column.name in table.key else []
    marks += ["FK"] if column.references else []
    type_ = column.type.partition("(")[0].replace(" ", "_")
    return f"{type_} {column.name} {','.join(marks)}".rstrip()


def _references(table: TableFacts) -> Iterator[ColumnFacts]:
    for column in table.columns:
        if column.references and not (table.scoped and column.name == "tenant_id"):
            yield column
