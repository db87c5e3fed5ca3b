"""A text as tokens. What AGE would read in another way than this does is no token at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from tenantry.errors import CypherRefused
from tenantry.schema.cypher import (
    BOUNDS,
    CLAUSES,
    CLOSING,
    COLLECTED,
    KEYWORDS,
    NESTING,
    OPENING,
    TEXT_LENGTH,
    TOKEN,
)

_SPACE = re.compile(r"[ \t\r\n]+")
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
#: A relationship without brackets has two dashes together; canonical text gives it brackets.
_TOKEN = re.compile(f"{TOKEN}|-")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"} | {c: c for c in "\"'/\\"}
#: Signs of Cypher, or of ways around it, and what is to be said of them.
_KNOWN = (
    ("//", "Comments are not allowed."),
    ("/*", "Comments are not allowed."),
    ("::", "Casts are not allowed; use toInteger(), toFloat() or toString()."),
    ("`", "Names cannot be quoted: they are letters, digits and underscores."),
    (";", "A query ends with its text."),
    ("=~", "Use CONTAINS, STARTS WITH or ENDS WITH."),
    ("!=", "Unequal is written <>."),
    ("|", "A relationship has one type, and list comprehensions are not allowed."),
    ("_", "A name starts with a letter."),
    ("$", "A parameter is a dollar sign and a name."),
    ("'", "A string ends with the quote it starts with."),
    ('"', "A string ends with the quote it starts with."),
)


@dataclass(frozen=True, slots=True)
class Token:
    #: Keywords in capitals; a string with its quotes; "" at the end.
    word: str
    #: Where it starts, and as it was written.
    at: int
    written: str


def lex(text: str) -> list[Token]:
    """The tokens of a text, and one more that marks its end."""
    if len(text) > TEXT_LENGTH:
        refuse(text, TEXT_LENGTH, f"A query has at most {TEXT_LENGTH:,} characters.")
    tokens, at = [], 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        match = _STRING.match(text, at) or _TOKEN.match(text, at)
        if match is None:
            _refuse_sign(text, at)
        written = match[0]
        word = written.upper() if written.upper() in KEYWORDS | {"ASC"} else written
        tokens.append(Token(word, at, written))
        at = match.end()
    tokens.append(Token("", len(text), ""))
    return tokens


def string_value(text: str, token: Token) -> str:
    """What a quoted string means."""

    def plain(match: re.Match[str]) -> str:
        short, long, sign = match.groups()
        code = short or long
        if code is None:
            if sign in _ESCAPES:
                return _ESCAPES[sign]
        elif int(code, 16) <= 0x10FFFF:
            return chr(int(code, 16))
        refuse(text, token.at + 1 + match.start(), "No such escape in a string.", match[0])

    value = _ESCAPE.sub(plain, token.word[1:-1])
    # Two halves of a pair are one character, as in JSON.
    try:
        value = value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        value = "\0"
    if "\0" in value:
        refuse(text, token.at, "A string holds a character that PostgreSQL cannot.", token.word)
    return value


def check_bounds(text: str, tokens: list[Token]) -> None:
    """Counts what is only allowed so often, as the database's check does."""
    counts = dict.fromkeys(BOUNDS, 0)
    opened: list[str] = []
    clause = earlier = before = ""
    limited = False
    for token in tokens:
        word = token.word
        if before == "LIMIT":
            limited = word.isdigit() and int(word) <= COLLECTED
        elif word in ("MATCH", "UNWIND"):
            limited = False
        if word == "collect" and not limited:
            refuse(text, token.at, _COLLECT, token.written)
        if clause == "WITH" and (word == "{" or (word == "[" and not _ends_value(before))):
            refuse(text, token.at, "Lists and maps are made in RETURN, not in WITH.", word)
        for name in _counted(word, before, earlier, clause, opened):
            counts[name] += 1
            if counts[name] > BOUNDS[name]:
                refuse(text, token.at, _SAID[name].format(BOUNDS[name]), token.written)
        if word in OPENING:
            opened.append(word)
            if len(opened) > NESTING:
                refuse(text, token.at, f"Brackets nest at most {NESTING} deep.", token.written)
        elif word in CLOSING:
            del opened[-1:]
        elif word in CLAUSES and not opened and before not in ("STARTS", "ENDS"):
            clause = word
        earlier, before = before, word


def _ends_value(word: str) -> bool:
    """Whether a bracket after this takes something out of it, and begins no list."""
    return (word[-1:].isalnum() or word[-1:] in (")", "]", "_")) and word not in _BEFORE_VALUES


def _counted(word: str, before: str, earlier: str, clause: str, opened: list[str]) -> Iterator[str]:
    """What this token is one more of."""
    if word in ("[", "{") or (word == "," and opened and opened[-1] in ("[", "{")):
        yield "entries"
    if word == "[" and before == "-":
        yield "relationships"
    between = word == "," and not opened and clause == "MATCH"
    if between or word == "MATCH" or (word, before, earlier) == ("(", "(", "exists"):
        yield "patterns"
    if word in _COUNTED and before not in ("STARTS", "ENDS"):
        yield _COUNTED[word]


_COUNTED = {
    "WITH": "withs",
    "UNWIND": "unwinds",
    "+": "additions",
    "collect": "collects",
}
_BEFORE_VALUES = KEYWORDS - {"TRUE", "FALSE", "NULL", "END"}
_COLLECT = (
    f"collect() takes at most {COLLECTED:,} rows: put WITH and the variables it needs with LIMIT "
    f"{COLLECTED} before it."
)
_SAID = {
    "patterns": "A query has at most {} patterns; draw them as one connected path.",
    "relationships": "A query has at most {} relationships.",
    "withs": "A query has at most {} WITH.",
    "unwinds": "A query has at most {} UNWIND.",
    "additions": "A query has at most {} plus signs.",
    "entries": "A query has at most {} brackets and entries of lists and maps; "
    "give a longer list as a parameter.",
    "collects": "A query has at most {} collect().",
}


def refuse(text: str, at: int, why: str, found: str | None = None) -> NoReturn:
    """Raises CypherRefused for what stands at `at`."""
    found = text[at : at + 1] if found is None else found
    before = text[:at]
    line, column = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
    shown = ascii(found[:40]) if found else "the end"
    raise CypherRefused(
        f"The Cypher query is refused at line {line}, column {column}, at {shown}.",
        field="text",
        hint=why,
        position=at + 1,
        found=found[:40],
        line=line,
        column=column,
    )


def _refuse_sign(text: str, at: int) -> NoReturn:
    for sign, why in _KNOWN:
        if text.startswith(sign, at):
            refuse(text, at, why, sign)
    if not text[at].isascii():
        refuse(text, at, "Outside strings a query is ASCII; give other text as a parameter.")
    word = re.compile(r"[\w$.]+").match(text, at)
    refuse(
        text,
        at,
        "Names are letters, digits and underscores, at most 63; numbers are decimal, without "
        "leading zeros, at most 18 digits.",
        word[0] if word else None,
    )
