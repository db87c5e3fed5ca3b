"""The whole of a system on one screen: a line for each of its concerns, and the head of each list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from .answer import printable
from .grid import Grid
from .top_sections import Look, grids
from .units import count, part, rate, size, span

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from tenantry.ops import figures as f

#: Lists that are shown where there is anything in them, and those that always are.
_IF_ANY: Final = ("locks",)
_ALWAYS: Final = ("sessions", "slow", "tenants", "tables")


@dataclass(frozen=True)
class Summary:
    look: Look
    rows: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        lines = Table.grid(padding=(0, 2))
        lines.add_column(style="bold", no_wrap=True)
        lines.add_column(overflow="fold")
        for name, text, wrong in _lines(self.look):
            lines.add_row(name, Text(printable(text), style="yellow" if wrong else ""))
        yield lines
        for grid in _lists(self.look, self.rows):
            yield Text("")
            yield grid


def _lists(look: Look, rows: int) -> Iterator[Grid]:
    for section in (*_IF_ANY, *_ALWAYS):
        found = grids(look, section, rows)
        # What could not be seen is told above.
        if look.of(section) is not None:
            yield from (g for g in found if g.rows or section in _ALWAYS)


def _lines(look: Look) -> Iterator[tuple[str, str, bool]]:
    """Name, words, and whether it needs somebody's eye."""
    for name, section, words in _CONCERNS:
        found = look.gathered[section]
        if found.figures is None:
            yield name, found.why, True
        else:
            text, wrong = words(look, found.figures)
            yield name, text, wrong
    for section in (*_IF_ANY, *_ALWAYS):
        if look.of(section) is None:
            yield section.capitalize(), look.gathered[section].why, True


def _server(_: Look, now: f.Traffic) -> tuple[str, bool]:
    role = ", a standby" if now.is_standby else ""
    up = span((datetime.now(UTC) - now.started_at).total_seconds())
    version = now.version.split(" ")[0]
    return f"PostgreSQL {version}{role}, {now.database}, up {up}", False


def _transactions(look: Look, now: f.Traffic) -> tuple[str, bool]:
    earlier = look.earlier("traffic")
    rates = now.rates(earlier) if earlier else None
    if rates is None:
        return f"{count(now.commits)} committed, {count(now.rollbacks)} rolled back", False
    return (
        f"{rate(rates.transactions_s)}, {rate(rates.rollbacks_s)} of them rolled back;"
        f" {rate(rates.rows_read_s)} rows read, {rate(rates.rows_written_s)} written",
        False,
    )


def _cache(look: Look, now: f.Traffic) -> tuple[str, bool]:
    earlier = look.earlier("traffic")
    rates = now.rates(earlier) if earlier else None
    lately = f", {part(rates.hit_ratio)} now" if rates and rates.hit_ratio is not None else ""
    return f"{part(now.hit_ratio) or 'nothing read'}{lately}", False


def _connections(_: Look, now: f.Connections) -> tuple[str, bool]:
    states: dict[str, int] = {}
    for one in now.by:
        states[one.state or "starting"] = states.get(one.state or "starting", 0) + one.count
    listed = ", ".join(f"{number} {state}" for state, number in states.items())
    return f"{now.used} of {now.maximum}: {listed}", now.share > 0.9


def _ages(_: Look, now: f.Ages) -> tuple[str, bool]:
    oldest = now.oldest
    said = (
        f"{span(oldest.seconds)} ({oldest.whose}{f', {oldest.pid}' if oldest.pid else ''})"
        if oldest
        else "none"
    )
    run = f"oldest rows {count(now.transactions)} transactions back, vacuum forced at {count(now.forced_at)}"
    return f"{said}; {run}", now.transactions > now.forced_at


def _replication(_: Look, now: f.Replication) -> tuple[str, bool]:
    said = []
    if now.behind is not None:
        said.append(
            f"follows its primary ({now.behind.state}), {size(now.behind.lag_bytes)} to replay"
        )
    if now.standbys:
        worst = max(now.standbys, key=lambda s: s.lag_bytes)
        said.append(
            f"{_many(len(now.standbys), 'standby', 'standbys')}, {worst.name} {size(worst.lag_bytes)} behind"
        )
    if now.slots:
        kept = max(s.kept_bytes for s in now.slots)
        idle = sum(not s.is_active for s in now.slots)
        said.append(
            f"{_many(len(now.slots), 'slot', 'slots')} ({idle} idle) keep {size(kept)} of WAL"
        )
    failing = now.archive is not None and now.archive.is_failing
    if now.archive is not None:
        said.append(
            "the archive FAILS" if failing else f"{count(now.archive.archived)} segments archived"
        )
    lost = any(s.wal_status == "lost" for s in now.slots)
    return "; ".join(said) or "none", failing or lost


def _room(look: Look, now: f.DatabaseSizes) -> tuple[str, bool]:
    traffic = look.of("traffic")
    here = [d.bytes for d in now.databases if traffic and d.database == traffic.database]
    own = f"{size(here[0])} of " if here else ""
    return f"{own}{size(now.total)} in {_many(len(now.databases), 'database', 'databases')}", False


def _disk(_: Look, now: f.Disk) -> tuple[str, bool]:
    at = now.filesystem
    free = f"{size(at.free)} of {size(at.total)} free, " if at else ""
    return f"{free}WAL {size(now.wal_bytes)}, temporary {size(now.temp_bytes)}", bool(
        at and at.share > 0.9
    )


def _bloat(_: Look, now: f.Bloat) -> tuple[str, bool]:
    due = f"; {now.due} due for `tenantry maintain`" if now.due else ""
    return (
        f"{size(now.dead_bytes)} of dead rows, {size(now.index_bytes)} in indexes{due}",
        now.due > 0,
    )


def _indexes(_: Look, now: f.IndexUses) -> tuple[str, bool]:
    return f"{now.unused_count} never read, {size(now.unused_bytes)}", False


def _partitions(_: Look, now: f.PartitionsAhead) -> tuple[str, bool]:
    if not now.tables:
        return "none", False
    first, strays = now.tables[0], sum(t.strays for t in now.tables)
    outside = f"; {count(strays)} rows in none" if strays else ""
    left = "the current one is missing" if first.ahead < 0 else f"{first.ahead} ahead"
    return f"{left} ({first.table}){outside}", first.ahead < 1 or strays > 0


def _valkey(_: Look, now: f.Stores) -> tuple[str, bool]:
    said, wrong = [], False
    for s in now.stores:
        limit = f" of {size(s.memory_limit_bytes)}" if s.memory_limit_bytes else ""
        hits = f", {part(s.hit_ratio)} hits" if s.hit_ratio is not None else ""
        said.append(
            f"{size(s.memory_bytes)}{limit}, {count(s.keys)} keys{hits}, {count(s.evicted)} evicted"
        )
        wrong |= s.evicted > 0 and s.use != "cache"
    return "; ".join(said), wrong


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


_CONCERNS: Final[tuple[tuple[str, str, Callable[[Look, Any], tuple[str, bool]]], ...]] = (
    ("Server", "traffic", _server),
    ("Transactions", "traffic", _transactions),
    ("Cache hits", "traffic", _cache),
    ("Connections", "connections", _connections),
    ("Oldest transaction", "ages", _ages),
    ("Replication", "replication", _replication),
    ("Partitions", "partitions", _partitions),
    ("Size", "sizes", _room),
    ("Disk", "disk", _disk),
    ("Bloat", "bloat", _bloat),
    ("Indexes", "indexes", _indexes),
    ("Valkey", "valkey", _valkey),
)
