"""Statements without their values, which are tenants' data: for whoever looks at a server."""

from __future__ import annotations

import re
from typing import Final

#: What stands for a value that was there.
GONE: Final = "?"

# In this order. What the server cut off in the middle ends with the text, so that half a value is one.
_TOKENS: Final = re.compile(
    r"""
      (?P<space>     (?:\s|--[^\n]*)+ )
    | (?P<comment>   /\* )
    | (?P<dollar>    \$(?P<tag>(?:[^\W\d]\w*)?)\$ (?s:.*?) (?:\$(?P=tag)\$|\Z) )
    | (?P<parameter> \$\d+ )
    | (?P<escaped>   [eE]'(?:[^'\\]|\\(?s:.)|'')*(?:'|\\?\Z) )
    | (?P<string>    (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z) )
    | (?P<quoted>    "(?:[^"]|"")*" )
    | (?P<cut>       ".* )
    | (?P<name>      [^\W\d][\w$]* )
    | (?P<number>    \.?\d[\w.$]* )
    | (?P<other>     (?s:.) )
    """,
    re.VERBOSE,
)
_SEVERAL: Final = re.compile(r"\?(?:, ?\?)+")


def without_values(sql: str) -> str:
    """The statement on one line, with `?` where it had values and without its comments. What cannot be
    told apart from a value is one."""
    parts: list[str] = []
    at = 0
    while match := _TOKENS.match(sql, at):
        at = match.end()
        kind, text = match.lastgroup, match[0]
        if kind == "comment":
            at, text = _after_comment(sql, at), " "
        elif kind == "string" and "\\'" in text:
            # Where backslashes escape in plain strings it goes on behind this quote: nobody knows.
            parts.append(f"{GONE} …")
            break
        elif kind in ("dollar", "escaped", "string", "number"):
            text = GONE
        elif kind == "cut":
            parts.append("…")
            break
        elif kind == "space":
            text = " "
        parts.append(text)
    return _SEVERAL.sub(f"{GONE}, …", re.sub(r"\s+", " ", "".join(parts)).strip())


def _after_comment(sql: str, at: int) -> int:
    """Behind the comment whose beginning ends there; they nest."""
    depth = 1
    while depth:
        mark = re.compile(r"/\*|\*/").search(sql, at)
        if mark is None:
            return len(sql)
        depth += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return at
