"""Reading `pgbouncer.ini`, where its console is not open to us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .facts import Entry, PoolerFacts, Unseen

#: One `key = value` of a connection string; a value in quotes may hold spaces, and '' is one quote.
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'((?:[^']|'')*)'|(\S+))")
_INCLUDE = "%include"
#: As deep as PgBouncer itself goes.
_DEPTH = 10


def read_file(path: Path) -> PoolerFacts:
    """What it says of everything but the version. Passwords in it are passed over."""
    sections: dict[str, dict[str, str]] = {}
    for section, name, value in _lines(path, "", _DEPTH):
        sections.setdefault(section, {})[name] = value
    if "pgbouncer" not in sections:
        raise Unseen(f"{path} has no section [pgbouncer]")
    users = {name: _pairs(value) for name, value in sections.get("users", {}).items()}
    return PoolerFacts(
        str(path),
        "",
        sections["pgbouncer"],
        tuple(_entry(name, value) for name, value in sections.get("databases", {}).items()),
        {name: found["pool_mode"] for name, found in users.items() if "pool_mode" in found},
    )


def _lines(path: Path, section: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of each line; an included file goes on in the section it came in."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Unseen(f"{path} cannot be read: {reason}") from None
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in ";#":
            continue
        if line.startswith(_INCLUDE):
            if not depth:
                raise Unseen(f"{path} includes too many files in one another")
            yield from _lines(path.parent / line.removeprefix(_INCLUDE).strip(), section, depth - 1)
        elif line.startswith("["):
            section = line.strip("[] ")
        else:
            name, _, value = line.partition("=")
            yield section, name.strip().strip('"'), value.strip()


def _pairs(text: str) -> dict[str, str]:
    return {m[1]: m[2].replace("''", "'") if m[3] is None else m[3] for m in _PAIR.finditer(text)}


def _entry(name: str, text: str) -> Entry:
    said = _pairs(text)
    return Entry(
        name,
        said.get("host", ""),
        said.get("dbname", ""),
        said.get("user", ""),
        said.get("pool_mode", ""),
        said.get("connect_query", ""),
    )
