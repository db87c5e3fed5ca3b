"""The plan of what is pending: each statement, what it locks, how big that is, and what is dangerous."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenantry.errors import InvalidInput
from tenantry.kernel.plain import connected, open_plain

from .dangers import BIG, Big, Danger, Seen, dangers
from .lint import lint
from .rehearsal import Script, rehearse
from .sizes import Size, sizes
from .statements import HOLDS_UP_WRITERS, Lock, Statement

if TYPE_CHECKING:
    from ..runner import Migrator


@dataclass(frozen=True, slots=True)
class Touched:
    """A table that a statement locks or works through. It was there before."""

    table: str
    lock: str
    rows: int
    bytes: int
    #: All of it is written anew; its indexes are; all of it is read.
    rewritten: bool
    reindexed: bool
    scanned: bool


@dataclass(frozen=True, slots=True)
class Step:
    revision: str
    sql: str
    tables: tuple[Touched, ...]
    dangers: tuple[Danger, ...]
    #: What the linter says, where it is installed.
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    revisions: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    #: Whether `squawk` was there to be asked.
    linted: bool = False
    big: Big = field(default=BIG)

    @property
    def dangers(self) -> tuple[Danger, ...]:
        """Those that no comment accepts."""
        return tuple(d for step in self.steps for d in step.dangers if not d.allowed)

    @property
    def ok(self) -> bool:
        return not self.dangers


async def plan_of(
    migrator: Migrator,
    what: str = "heads",
    *,
    big: Big = BIG,
    tell: Callable[[str], None] = lambda _: None,
) -> Plan:
    """What pending revisions up to `what`, or a revision's file, will do to this database."""
    scripts = [_file(Path(what))] if what.endswith(".py") else await migrator.pending(what)
    if not scripts:
        return Plan((), big=big)
    async with connected(migrator.url, migrator.setup) as connection:
        live = await sizes(connection)
    rehearsed = await rehearse(lambda: open_plain(migrator.url, migrator.setup), scripts, tell)
    remarks = await lint({r: [s.statement for s in seen] for r, seen in rehearsed.seen.items()})
    statements = [s.statement for seen in rehearsed.seen.values() for s in seen]
    read_by = _read_by(statements, migrator.columns, rehearsed.functions)
    steps = [
        step
        for revision, seen in rehearsed.seen.items()
        for step in _steps(
            revision, seen, live=live, big=big, read_by=read_by, remarks=remarks or {}
        )
    ]
    return Plan(tuple(s.revision for s in scripts), tuple(steps), remarks is not None, big)


def _steps(
    revision: str,
    seen: Iterable[Seen],
    *,
    live: Mapping[str, Size],
    big: Big,
    read_by: Mapping[str, str],
    remarks: Mapping[tuple[str, int], list[str]],
) -> Iterator[Step]:
    large = {name: size for name, size in live.items() if big.is_passed_by(size)}
    held: dict[str, Lock] = {}
    for number, one in enumerate(seen):
        if one.autocommit:  # the transaction before it has ended
            held.clear()
        known = {t: lock for t, lock in one.locks.items() if t in live}
        yield Step(
            revision,
            one.statement.text,
            tuple(_touched(one, known, live)),
            tuple(dangers(one, large, held, read_by)),
            tuple(remarks.get((revision, number), ())),
        )
        if not one.autocommit:
            held |= {t: lock for t, lock in known.items() if lock in HOLDS_UP_WRITERS}


def _touched(seen: Seen, known: Mapping[str, Lock], live: Mapping[str, Size]) -> Iterator[Touched]:
    worked = {*seen.rewritten, *seen.reindexed, *seen.scanned} & set(live)
    for table in [*known, *sorted(worked - set(known))]:
        size = live[table]
        yield Touched(
            table, known.get(table, ""), size.rows, size.bytes, table in seen.rewritten,
            table in seen.reindexed, table in seen.scanned,
        )  # fmt: skip


def _read_by(
    statements: Iterable[Statement],
    columns: Mapping[str, frozenset[str]],
    functions: Mapping[str, str],
) -> dict[str, str]:
    """Of what statements drop: who still reads it, of the models of this release and of the functions."""
    found = {}
    for table, column in (dropped for s in statements for dropped in s.dropped()):
        name = f"{table}.{column}" if column else table
        words = [table, column] if column else [table]
        if column in columns.get(table, ()) or (column is None and table in columns):
            found[name] = "a model of this release"
        for function, text in functions.items():
            if all(re.search(rf"\b{re.escape(word)}\b", text) for word in words):
                found[name] = f"the function {function}"
    return found


def _file(path: Path) -> Script:
    """A revision that may stand anywhere."""
    spec = importlib.util.spec_from_file_location("tenantry_planned", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InvalidInput(f"{path} is no revision's file.", field="revision")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "upgrade"):
        raise InvalidInput(f"{path} has no upgrade().", field="revision")
    return Script(str(getattr(module, "revision", path.stem)), module.upgrade)
