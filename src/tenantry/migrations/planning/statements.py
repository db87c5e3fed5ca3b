"""What a statement is, read from its text: which tables it locks, and how strongly.

Whether it also reads or rewrites them is not read from the text: the rehearsal sees that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Lock = Literal[
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
]
#: Those that hold up writers; the last holds up readers too.
HOLDS_UP_WRITERS: Final[frozenset[str]] = frozenset(
    {"SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"}
)

_NAME: Final = r'(?:(?:"[^"]+"|\w+)\.)?("[^"]+"|\w+)'
# What a text says that is no SQL: comments, literals, and bodies of functions.
_SAID: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|(?P<tag>\$\w*\$).*?(?P=tag)|'(?:[^']|'')*'", re.DOTALL
)
_ALLOWED: Final = re.compile(r"(?:--|/\*)\s*tenantry:\s*allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)")

#: Parts of ALTER TABLE that let others write meanwhile, and those that let them read.
_MILD: Final = re.compile(
    r"^(VALIDATE CONSTRAINT|SET \(|RESET \(|ALTER (COLUMN )?\S+ SET (STATISTICS|\()"
    r"|ATTACH PARTITION|DETACH PARTITION .* CONCURRENTLY|CLUSTER ON|SET WITHOUT CLUSTER)",
    re.IGNORECASE,
)
_READABLE: Final = re.compile(
    r"^((ENABLE|DISABLE) (ALWAYS |REPLICA )?TRIGGER"
    r"|ADD (CONSTRAINT \S+ )?FOREIGN KEY)",
    re.IGNORECASE,
)
_REFERENCES: Final = re.compile(rf"\bREFERENCES\s+{_NAME}", re.IGNORECASE)
#: The others, by their first words.
_FORMS: Final[tuple[tuple[str, Lock], ...]] = (
    (rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY .*?\bON (?:ONLY )?{_NAME}", "SHARE UPDATE EXCLUSIVE"),
    (rf"CREATE (?:UNIQUE )?INDEX .*?\bON (?:ONLY )?{_NAME}", "SHARE"),
    (rf"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER .*?\bON {_NAME}", "SHARE ROW EXCLUSIVE"),
    (rf"(?:CREATE|ALTER|DROP) (?:POLICY|RULE) .*?\bON {_NAME}", "ACCESS EXCLUSIVE"),
    (rf"DROP TRIGGER .*?\bON {_NAME}", "ACCESS EXCLUSIVE"),
    (rf"REFRESH MATERIALIZED VIEW CONCURRENTLY {_NAME}", "EXCLUSIVE"),
    (rf"REFRESH MATERIALIZED VIEW {_NAME}", "ACCESS EXCLUSIVE"),
    (rf"(?:UPDATE|DELETE FROM|INSERT INTO|MERGE INTO) (?:ONLY )?{_NAME}", "ROW EXCLUSIVE"),
    (rf"COMMENT ON (?:TABLE|COLUMN) {_NAME}", "SHARE UPDATE EXCLUSIVE"),
    (
        rf"(?:CLUSTER|VACUUM (?:\([^)]*FULL[^)]*\)|FULL)) (?:(?:FREEZE|VERBOSE|ANALYZE) )*{_NAME}",
        "ACCESS EXCLUSIVE",
    ),
    (rf"(?:VACUUM|ANALYZE) (?:\([^)]*\) )?(?:\w+ )*?{_NAME}$", "SHARE UPDATE EXCLUSIVE"),
    (rf"REINDEX TABLE CONCURRENTLY {_NAME}", "SHARE UPDATE EXCLUSIVE"),
    (rf"REINDEX TABLE {_NAME}", "ACCESS EXCLUSIVE"),
)
_MANY: Final = re.compile(
    r"^(?:(DROP TABLE|DROP MATERIALIZED VIEW|TRUNCATE)(?: TABLE)?|(LOCK)(?: TABLE)?)"
    r"(?: IF EXISTS)? (.*?)(?: IN ([A-Z ]+) MODE)?(?: NOWAIT| CASCADE| RESTRICT| RESTART IDENTITY)*$",
    re.IGNORECASE,
)


_WRITTEN: Final = re.compile(
    rf"\b(?:UPDATE|DELETE FROM|INSERT INTO|MERGE INTO) (?:ONLY )?{_NAME}", re.IGNORECASE
)
#: What writes a table anew although an empty one may not show it.
_COPIES: Final = re.compile(
    r"(ALTER (TABLE|MATERIALIZED VIEW|INDEX) .*\bSET (LOGGED|UNLOGGED|TABLESPACE|ACCESS METHOD)\b"
    r"|VACUUM \(?[^)]*\bFULL\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """Its text as it was given, and in one line without what it says beside SQL."""

    text: str
    bare: str

    @property
    def allowed(self) -> frozenset[str]:
        """Dangers that a comment in it accepts: `-- tenantry: allow rewrite`."""
        found = (re.split(r"\s*,\s*", m[1]) for m in _ALLOWED.finditer(self.text))
        return frozenset(word for words in found for word in words)

    @property
    def concurrently(self) -> bool:
        return bool(re.search(r"\bCONCURRENTLY\b", self.bare, re.IGNORECASE))

    @property
    def alone(self) -> bool:
        """The server runs it outside of transactions only."""
        return bool(
            re.match(
                r"((CREATE|DROP) (UNIQUE )?INDEX CONCURRENTLY|REINDEX .*\bCONCURRENTLY|VACUUM"
                r"|ALTER TABLE .* DETACH PARTITION .* CONCURRENTLY)",
                self.bare,
                re.IGNORECASE,
            )
        )

    def locks(self, table_of_index: dict[str, str]) -> dict[str, Lock]:
        """The strongest lock on each table that it names; the altered one comes first."""
        if found := re.match(
            rf"ALTER (?:TABLE|MATERIALIZED VIEW) (?:IF EXISTS )?(?:ONLY )?{_NAME}\s+(.*)",
            self.bare,
            re.IGNORECASE,
        ):
            return _altered(_bare(found[1]), found[2])
        if found := re.match(
            rf"(?:DROP INDEX|ALTER INDEX|REINDEX INDEX) (CONCURRENTLY )?(?:IF EXISTS )?{_NAME}",
            self.bare,
            re.IGNORECASE,
        ):
            table = table_of_index.get(_bare(found[2]))
            lock: Lock = "SHARE UPDATE EXCLUSIVE" if found[1] else "ACCESS EXCLUSIVE"
            return {table: lock} if table else {}
        if found := re.match(_MANY, self.bare):
            mode = (found[4] or "ACCESS EXCLUSIVE").upper()
            return {_bare(n): mode for n in re.split(r"\s*,\s*", found[3])}  # type: ignore[misc]
        if re.match(r"WITH\b", self.bare, re.IGNORECASE):
            return {_bare(n): "ROW EXCLUSIVE" for n in _WRITTEN.findall(self.bare)}
        for form, lock in _FORMS:
            if found := re.match(form, self.bare, re.IGNORECASE):
                return {_bare(found[1]): lock}
        created = re.match(r"CREATE TABLE", self.bare, re.IGNORECASE)
        return dict(_referenced(self.bare)) if created else {}

    @property
    def copies(self) -> bool:
        return bool(_COPIES.match(self.bare))

    @property
    def vacuums(self) -> bool:
        return bool(re.match(r"VACUUM\b", self.bare, re.IGNORECASE))

    @property
    def explicit_lock(self) -> bool:
        return bool(re.match(r"LOCK\b", self.bare, re.IGNORECASE))

    @property
    def writes_rows(self) -> bool:
        return bool(
            re.match(r"(UPDATE|DELETE FROM|MERGE INTO|WITH .*\b(UPDATE|DELETE FROM|INSERT INTO|MERGE INTO))\b", self.bare, re.I)
            or re.match(r"INSERT INTO .*\bSELECT\b", self.bare, re.I)
        )  # fmt: skip

    def dropped(self) -> Iterator[tuple[str, str | None]]:
        """Tables, and columns of them, that have this name no more afterwards."""
        alter = re.match(
            rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME}\s+(.*)", self.bare, re.IGNORECASE
        )
        if alter:
            table = _bare(alter[1])
            for found in re.finditer(
                rf"\b(?:DROP COLUMN(?: IF EXISTS)?|RENAME COLUMN) {_NAME}", alter[2], re.IGNORECASE
            ):
                yield table, _bare(found[1])
            if re.match(r"RENAME TO\b", alter[2], re.IGNORECASE):
                yield table, None
        drop = re.match(_MANY, self.bare)
        if drop and (drop[1] or "").upper() == "DROP TABLE":
            yield from ((_bare(name), None) for name in re.split(r"\s*,\s*", drop[3]))


def read(text: str) -> Statement:
    bare = re.sub(r"\s+", " ", _SAID.sub(lambda m: "''" if m[0][0] in "'$" else " ", text))
    bare = re.sub(r"^(CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?)IF NOT EXISTS ", r"\1", bare.strip(" ;"), flags=re.I)  # fmt: skip
    return Statement(text.strip(), bare)


def _altered(table: str, actions: str) -> dict[str, Lock]:
    lock: Lock = "SHARE UPDATE EXCLUSIVE"
    for action in _parts(actions):
        if _MILD.match(action):
            continue
        is_foreign_key = re.match(r"ADD CONSTRAINT \S+ FOREIGN KEY", action, re.IGNORECASE)
        if _READABLE.match(action) or is_foreign_key:
            lock = lock if lock == "ACCESS EXCLUSIVE" else "SHARE ROW EXCLUSIVE"
        else:
            lock = "ACCESS EXCLUSIVE"
    return {table: lock, **{n: k for n, k in _referenced(actions) if n != table}}


def _referenced(text: str) -> Iterator[tuple[str, Lock]]:
    """Tables that a foreign key leads to: a trigger is put on each."""
    for found in _REFERENCES.finditer(text):
        yield _bare(found[1]), "SHARE ROW EXCLUSIVE"


def _parts(actions: str) -> Iterator[str]:
    """What stands between commas that no parentheses enclose."""
    depth, part = 0, ""
    for character in actions:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += character
    yield part.strip()


def _bare(name: str) -> str:
    name = name.strip().rpartition(".")[2]
    return name.strip('"') if name.startswith('"') else name.lower()
