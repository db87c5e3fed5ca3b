"""What a statement may do to those who use the database meanwhile, and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .sizes import Size
from .statements import HOLDS_UP_WRITERS, Lock, Statement


@dataclass(frozen=True, slots=True)
class Big:
    """From where on a table is big: work on all of it takes longer than writers should wait."""

    #: About a second's work of rewriting rows with a few indexes.
    rows: int = 100_000
    #: About a second's reading from a disk of the cloud.
    bytes: int = 128 * 1024**2

    def is_passed_by(self, size: Size) -> bool:
        return size.rows >= self.rows or size.bytes >= self.bytes


BIG: Final = Big()


@dataclass(frozen=True, slots=True)
class Danger:
    """`kind` is what a comment in the statement names to accept it: `-- tenantry: allow rewrite`."""

    kind: str
    table: str
    why: str
    instead: str
    allowed: bool = False

    def __str__(self) -> str:
        return f"{self.kind} ({self.table}): {self.why} {self.instead}"


#: For what is read while writers wait: which statement does it, and what does the same without.
_SCANS: Final = (
    ("index", r"CREATE (UNIQUE )?INDEX",
     "Build it with CONCURRENTLY, in a revision of its own: `build_indexes` of tenantry.migrations."),
    ("not-null", r"ALTER .*\bSET NOT NULL",
     "Add CHECK (… IS NOT NULL) NOT VALID, validate it in the next revision, and then set NOT NULL: "
     "the server takes the check's word."),
    ("foreign-key", r"ALTER .*\bFOREIGN KEY|ALTER .*\bREFERENCES",
     "Add it NOT VALID, and VALIDATE CONSTRAINT in the next revision."),
    ("unique", r"ALTER .*\b(UNIQUE|PRIMARY KEY|EXCLUDE)\b",
     "Build the unique index with CONCURRENTLY, then ADD CONSTRAINT … USING INDEX."),
    ("check", r"ALTER .*\bCHECK\b",
     "Add it NOT VALID, and VALIDATE CONSTRAINT in the next revision."),
    ("attach", r"ALTER .*\b(ATTACH|DETACH) PARTITION",
     "Give the table a validated check of the partition's bounds first."),
)  # fmt: skip
_REWRITES: Final = (
    ("type-change", r"ALTER .*\b(SET DATA )?TYPE\b",
     "Add a column of the new type, `backfill` it, and let the old one go in a later release."),
    ("volatile-default", r"ALTER .*\bADD\b.*\b(DEFAULT|GENERATED|SERIAL|BIGSERIAL)\b",
     "Add the column without a default, set the default in a statement of its own, and `backfill`."),
)  # fmt: skip
_BATCHES: Final = "Change them in batches: `backfill` of tenantry.migrations."


@dataclass(frozen=True, slots=True)
class Seen:
    """A statement, and what the rehearsal saw it do."""

    statement: Statement
    locks: Mapping[str, Lock]
    rewritten: Collection[str]
    reindexed: Collection[str]
    scanned: Collection[str]
    #: It runs outside of the revision's transaction.
    autocommit: bool
    #: Why it could not be rehearsed.
    error: str = ""


def dangers(
    seen: Seen, big: Mapping[str, Size], held: Mapping[str, Lock], read_by: Mapping[str, str]
) -> Iterator[Danger]:
    """What is dangerous about a statement. `big` are the big tables; `held` is what the transaction has
    locked before; `read_by` says of what is dropped (`table` or `table.column`) who still reads it."""
    for danger in _dangers(seen, big, held, read_by):
        accepted = danger.kind in seen.statement.allowed
        yield Danger(danger.kind, danger.table, danger.why, danger.instead, allowed=accepted)


def _dangers(
    seen: Seen, big: Mapping[str, Size], held: Mapping[str, Lock], read_by: Mapping[str, str]
) -> Iterator[Danger]:
    statement, slow = seen.statement, sorted(_slow(seen, big))
    if seen.error:
        yield Danger("unknown", "-", f"It could not be rehearsed: {seen.error}",
                     "Read it, and accept it if it is well.")  # fmt: skip
    if statement.alone and not seen.autocommit:
        yield Danger("transaction", "-", "The server refuses this inside a transaction.",
                     "Put it into `with op.get_context().autocommit_block():`.")  # fmt: skip
    for table in slow:
        yield from _blocking(seen, table)
    for table in sorted(set(seen.locks) & set(big)) if statement.explicit_lock else ():
        if seen.locks[table] in HOLDS_UP_WRITERS:
            yield Danger("lock", table, f"It locks the table ({seen.locks[table]}) until the revision ends.",
                         "Do without, or lock in a revision that does nothing else.")  # fmt: skip
    if slow and not seen.autocommit:
        for table in sorted(held):
            yield Danger(
                "held", table,
                f"An earlier statement of the revision has locked {table} ({held[table]}), which stays so"
                f" while this one works on {', '.join(slow)}.",
                "Put the two into revisions of their own.",
            )  # fmt: skip
    for table, column in statement.dropped():
        name = f"{table}.{column}" if column else table
        if table in big and name in read_by:
            yield Danger("still-read", table, f"{name} goes, and {read_by[name]} still reads it.",
                         "Release what does without it first.")  # fmt: skip


def _slow(seen: Seen, big: Mapping[str, Size]) -> set[str]:
    """Big tables all of which it works through."""
    worked = {*seen.rewritten, *seen.reindexed, *seen.scanned}
    if seen.statement.writes_rows:
        worked |= set(seen.locks)
    elif re.search(r"^ALTER .*\b(FOREIGN KEY|REFERENCES)\b", seen.statement.bare, re.IGNORECASE):
        # Full tables are joined, or the one it leads to is asked by its key, where empty ones are not.
        mine, is_new = set(list(seen.locks)[:1]), "NOT VALID" not in seen.statement.bare.upper()
        worked = (worked | mine) if is_new else (worked & mine)
    return worked & set(big)


def _blocking(seen: Seen, table: str) -> Iterator[Danger]:
    bare, lock = seen.statement.bare, seen.locks.get(table, "ACCESS EXCLUSIVE")
    if seen.statement.writes_rows and table in seen.locks:
        yield Danger("bulk-write", table, "It changes any number of rows in one transaction, all of which"
                     " stay locked until it ends.", _BATCHES)  # fmt: skip
        return
    if lock not in HOLDS_UP_WRITERS:
        return
    if table in seen.rewritten or table in seen.reindexed:
        what = "the table" if table in seen.rewritten else "its indexes"
        kind, instead = next(
            ((k, i) for k, form, i in _REWRITES if re.match(form, bare, re.I)),
            ("rewrite", "Do it in steps that write new rows only, or in a window without traffic."),
        )
        yield Danger(kind, table, f"It writes {what} anew while nobody reads or writes.", instead)
        return
    kind, instead = next(
        ((k, i) for k, form, i in _SCANS if re.match(form, bare, re.I)),
        ("scan", "Do it in a window without traffic."),
    )
    who = "nobody reads or writes" if lock == "ACCESS EXCLUSIVE" else "nobody writes"
    yield Danger(kind, table, f"It reads the whole table while {who}.", instead)
