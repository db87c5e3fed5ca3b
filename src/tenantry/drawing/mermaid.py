"""Mermaid's text, as GitHub and many editors draw it."""

from __future__ import annotations

import re

from .graph import STYLES, TEXT, Drawing, readable

#: Besides letters and digits, what has no meaning of its own within quotes.
_HARMLESS = frozenset(" .,-_/'?!")
#: Where `$$` and `fa:fa-car` are parted unseen: these are looked for after numbers were read.
_FORMULA_OR_ICON = re.compile(r"(?<=\$)(?=\$)|(?<=:)(?=fa-)")


def mermaid(drawing: Drawing) -> str:
    names = drawing.names()
    lines = ["flowchart LR"]
    for node in drawing.nodes:
        note = f"<br/>{_quoted(node.note)}" if node.note else ""
        lines.append(f'    {names[node.key]}["{_quoted(node.label)}{note}"]')
    lines += [f"    {names[edge.start]} --> {names[edge.end]}" for edge in drawing.edges]
    for category, style in STYLES.items():
        members = [names[node.key] for node in drawing.nodes if node.category == category]
        if members:
            colours = f"fill:{style.fill},stroke:{style.line},color:{TEXT}"
            lines.append(f"    classDef {category} {colours}")
            lines.append(f"    class {','.join(members)} {category}")
    lines += [f"    style {names[n.key]} stroke-width:3px" for n in drawing.nodes if n.focus]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Anything that Mermaid or HTML could take for syntax, by its number."""
    line = _FORMULA_OR_ICON.sub("\N{WORD JOINER}", readable(text))
    return "".join(c if c.isalnum() or c in _HARMLESS else f"#{ord(c)};" for c in line)
