"""Reading `pgbouncer.ini`, where its console is not open to us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .facts import Entry, PoolerFacts, Unseen

#: One `key = value` of a connection string; a value in quotes may hold spaces, and '' is one quote.
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'((?:[^']|'')*)'|(\S+))")
_SECTION = re.compile(r"\[([^\]]*)\](.*)")
_INCLUDE = re.compile(r"%include[ \t]+(.*)")
#: Settings of a few words each, in letters of either size.
_WORDS = {"pool_mode", "auth_type", "client_tls_sslmode", "server_tls_sslmode"}
#: As deep as PgBouncer itself goes.
_DEPTH = 10


def read_file(path: Path) -> PoolerFacts:
    """What it says of everything but the version. Passwords in it are passed over."""
    sections: dict[str, dict[str, str]] = {}
    untold = ["its version, which a file does not tell"]
    for section, name, value in _lines(path, "", _DEPTH, untold):
        sections.setdefault(section, {})[name] = _word(name, value)
    if "pgbouncer" not in sections:
        raise Unseen(f"{path} has no section [pgbouncer]")
    users = {name: _pairs(value) for name, value in sections.get("users", {}).items()}
    return PoolerFacts(
        str(path),
        "",
        sections["pgbouncer"],
        tuple(_entry(name, value) for name, value in sections.get("databases", {}).items()),
        {name: found["pool_mode"] for name, found in users.items() if "pool_mode" in found},
        tuple(untold),
    )


def _lines(
    path: Path, section: str, depth: int, untold: list[str]
) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of each line; an included file goes on in the section it came in."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Unseen(f"{path} cannot be read: {reason}") from None
    # Other ends of lines are none to PgBouncer.
    for raw in text.split("\n"):
        line = raw.strip()
        if heading := _SECTION.fullmatch(line):
            section, line = heading[1], heading[2].strip()
        if not line or line[0] in ";#":
            continue
        if included := _INCLUDE.fullmatch(line):
            if not depth:
                raise Unseen(f"{path} includes too many files in one another")
            if not Path(included[1]).is_absolute():
                untold.append(
                    f"whether {included[1]} beside it is what it includes, which PgBouncer looks for"
                    " where it was started"
                )
            yield from _lines(path.parent / included[1], section, depth - 1, untold)
        else:
            name, _, value = line.partition("=")
            yield section, name.strip().strip("'\""), value.strip()


def _word(name: str, value: str) -> str:
    return value.lower() if name in _WORDS else value


def _pairs(text: str) -> dict[str, str]:
    return {
        m[1]: _word(m[1], m[2].replace("''", "'") if m[3] is None else m[3])
        for m in _PAIR.finditer(text)
    }


def _entry(name: str, text: str) -> Entry:
    said = _pairs(text)
    return Entry(
        name,
        said.get("host", ""),
        said.get("dbname", ""),
        said.get("user", ""),
        said.get("pool_mode", ""),
        said.get("connect_query", ""),
        said.get("auth_user", ""),
        said.get("auth_query", ""),
    )
