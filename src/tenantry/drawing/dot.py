"""Graphviz's text: `dot -Tsvg` and the like draw it."""

from __future__ import annotations

from .graph import ARROW, TEXT, Drawing, readable, style


def dot(drawing: Drawing) -> str:
    names = drawing.names()
    lines = [
        "digraph {",
        f"    graph [rankdir=LR, tooltip={_quoted(drawing.title)}, bgcolor=transparent]",
        f'    node [shape=box, style="filled,rounded", fontname="sans-serif", fontcolor="{TEXT}"]',
        f'    edge [color="{ARROW}"]',
    ]
    for node in drawing.nodes:
        look = style(node)
        words = f"{_words(node.label)}\\n{_words(node.note)}" if node.note else _words(node.label)
        width = ", penwidth=3" if node.focus else ""
        lines.append(
            f'    {names[node.key]} [label="{words}", fillcolor="{look.fill}",'
            f' color="{look.line}"{width}]'
        )
    lines += [f"    {names[edge.start]} -> {names[edge.end]}" for edge in drawing.edges]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return f'"{_words(text)}"'


def _words(text: str) -> str:
    """Within double quotes, where a backslash begins an escape and `&` an entity of HTML."""
    line = readable(text).replace("\\", "\\\\").replace('"', '\\"')
    return line.replace("&", "&amp;")
