"""How each section of `top` is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .grid import Grid, grid
from .units import count, milliseconds, part, rate, size, span

if TYPE_CHECKING:
    from tenantry.ops import figures as f


@dataclass(frozen=True)
class Look:
    """What was seen at one time, and what was seen before it."""

    gathered: Mapping[str, f.Gathered[Any]]
    #: Seconds on the clock that only goes forward.
    at: float
    before: Look | None = None

    def of(self, section: str) -> Any:
        """Its figures; None where it could not be seen."""
        found = self.gathered.get(section)
        return None if found is None else found.figures

    def earlier(self, section: str) -> Any:
        return None if self.before is None else self.before.of(section)

    @property
    def seconds(self) -> float:
        """Since the look before."""
        return max(0.001, self.at - self.before.at) if self.before else 0.0


def grids(look: Look, section: str, rows: int) -> list[Grid]:
    """The section's tables, with so many rows at most."""
    found = look.gathered[section]
    if found.figures is None:
        said = " ".join(filter(None, (found.why, found.hint)))
        return [Grid(section.capitalize(), (), (), said)]
    return [
        Grid(one.title, one.columns, one.rows[:rows], one.empty)
        for one in _SHOWN[section](look, found.figures)
    ]


def _traffic(look: Look, now: f.Traffic) -> list[Grid]:
    earlier = look.earlier("traffic")
    rates = now.rates(earlier) if earlier else None
    lines: list[tuple[str, str, str]] = [
        ("Committed", count(now.commits), ""),
        ("Rolled back", count(now.rollbacks), rate(rates.rollbacks_s) if rates else ""),
        ("Cache hits", part(now.hit_ratio), part(rates.hit_ratio) if rates else ""),
        ("Rows read", count(now.rows_read), rate(rates.rows_read_s) if rates else ""),
        ("Rows written", count(now.rows_written), rate(rates.rows_written_s) if rates else ""),
        ("Temporary files", size(now.temp_bytes), f"{size(rates.temp_bytes_s)}/s" if rates else ""),
        ("Deadlocks", count(now.deadlocks), ""),
        ("Conflicts", count(now.conflicts), ""),
        ("Checksum failures", count(now.checksum_failures), ""),
    ]
    if rates:
        lines.insert(0, ("Transactions", "", rate(rates.transactions_s)))
    since = f"since {now.since:%Y-%m-%d %H:%M}" if now.since else "since it was made"
    return [grid(f"Traffic of {now.database}, {since}", "What >In_all >Now", lines)]


def _connections(_: Look, now: f.Connections) -> list[Grid]:
    title = f"Connections: {now.used} of {now.maximum}, {now.reserved} of them reserved"
    return [grid(title, "Role State >Count", [(_role(c.role), c.state, c.count) for c in now.by])]


def _ages(_: Look, now: f.Ages) -> list[Grid]:
    oldest = now.oldest
    lines = [(_role(oldest.whose), oldest.pid or "", span(oldest.seconds))] if oldest else []
    return [
        grid("Oldest transaction here", "Role PID >Open_for", lines, "None is open."),
        grid(
            f"Transactions since the oldest row; autovacuum steps in at {count(now.forced_at)}",
            "Database >Transactions >Multixacts",
            [(d.database, count(d.transactions), count(d.multixacts)) for d in now.databases],
        ),
    ]


def _session(one: f.Session) -> tuple[Any, ...]:
    return (
        one.pid, _role(one.role), one.program, one.state, one.wait, _time(one.transaction_s), _time(one.state_s),
        one.text,
    )  # fmt: skip


def _sessions(_: Look, now: f.Sessions) -> list[Grid]:
    words = ">PID Role (Program) State (Waits_for) >Transaction (>In_state) ~Statement"
    return [grid("Sessions at work", words, map(_session, now.sessions), "All are idle.")]


def _locks(_: Look, now: f.Locks) -> list[Grid]:
    rows: list[tuple[Any, ...]] = []
    for wait in now.waits:
        one = wait.waiting
        rows.append(("waits", one.pid, _role(one.role), wait.wanted, _time(one.state_s), one.text))
        if not wait.holders:
            rows.append(("held by", "", "a prepared transaction", "", "", ""))
        rows += [
            ("held by", h.pid, _role(h.role), h.state, _time(h.transaction_s), h.text)
            for h in wait.holders
        ]
    words = "Lock >PID Role Wants,_or_does >For ~Statement"
    return [grid("Locks that are waited for", words, rows, "Nobody waits.")]


def _slow(look: Look, now: f.Statements) -> list[Grid]:
    if now.counted is None:
        empty = "Nothing runs. `tenantry feature enable statements` counts what has run."
        words = ">PID Role >Transaction ~Statement"
        running = [(s.pid, _role(s.role), _time(s.transaction_s), s.text) for s in now.running]
        return [grid("Statements of now (they are not counted)", words, running, empty)]
    earlier = look.earlier("slow")
    known = {(s.id, s.role): s.calls for s in (earlier.counted or ())} if earlier else {}
    rows = [
        (
            milliseconds(s.mean_ms), milliseconds(s.max_ms), milliseconds(s.total_ms), count(s.calls),
            _calls(s.calls, known.get((s.id, s.role)), look.seconds), count(s.rows), part(s.hit_ratio),
            _role(s.role), s.text,
        )
        for s in now.counted
    ]  # fmt: skip
    words = ">Mean (>Max) >Total >Calls >Now (>Rows) (>Hits) (Role) ~Statement"
    since = f" since {now.since:%Y-%m-%d %H:%M}" if now.since else ""
    return [grid(f"Slow statements{since}", words, rows)]


def _calls(now: int, before: int | None, seconds: float) -> str:
    return rate((now - before) / seconds) if before is not None and now >= before else ""


def _tenants(_: Look, now: f.TenantLoads) -> list[Grid]:
    rows = [
        (t.slug, t.running, t.claimed, count(t.requests), count(t.tokens), f"${t.cost_usd:,.2f}")
        for t in now.tenants
    ]
    words = "Tenant >Running >Tasks >Requests >Tokens >Cost"
    title = "Tenants by load; requests, tokens and cost since midnight (UTC)"
    return [grid(title, words, rows, "None is at work, nor was today.")]


def _tables(_: Look, now: f.TableSizes) -> list[Grid]:
    rows = [
        (
            t.table, size(t.bytes), size(t.index_bytes), size(t.toast_bytes), count(t.rows), count(t.dead),
            t.partitions or "", count(t.scans), count(t.index_scans),
        )
        for t in now.tables
    ]  # fmt: skip
    words = "Table >Size >Indexes (>Toast) >Rows >Dead >Partitions (>Scans) (>By_index)"
    return [grid("Tables by size", words, rows)]


def _indexes(_: Look, now: f.IndexUses) -> list[Grid]:
    since = f" since {now.since:%Y-%m-%d}" if now.since else ""
    unused = (
        f"Never read{since}, and no rule needs them: {now.unused_count}, {size(now.unused_bytes)}"
    )
    return [
        grid(
            "Most used indexes",
            "Index (Table) >Scans >Rows_read (>Rows_fetched) >Size",
            [
                (i.index, i.table, count(i.scans), count(i.rows_read), count(i.rows_fetched), size(i.bytes))
                for i in now.used
            ],
        ),
        grid(unused, "Index Table >Size", [(i.index, i.table, size(i.bytes)) for i in now.unused]),
    ]  # fmt: skip


def _bloat(_: Look, now: f.Bloat) -> list[Grid]:
    return [
        grid(
            f"Dead rows: about {size(now.dead_bytes)}",
            "Table >Dead >Live >Wasted ~Due_for_vacuum",
            [(t.table, count(t.dead), count(t.live), size(t.wasted_bytes), t.due) for t in now.tables],
        ),
        grid(
            f"Indexes larger than what they hold: about {size(now.index_bytes)}",
            "Index >Size >Wasted ~Due_for_reindex",
            [(i.index, size(i.bytes), size(i.wasted_bytes), i.due) for i in now.indexes],
        ),
    ]  # fmt: skip


def _sizes(_: Look, now: f.DatabaseSizes) -> list[Grid]:
    rows = [(d.database, size(d.bytes)) for d in now.databases]
    return [grid(f"Databases: {size(now.total)}", "Database >Size", rows)]


def _replication(_: Look, now: f.Replication) -> list[Grid]:
    found = [
        grid(
            "Standbys",
            "Standby (Client) State Sync >Unsent >Behind >Delay",
            [
                (s.name, s.client, s.state, s.sync, size(s.unsent_bytes), size(s.lag_bytes), _time(s.lag_s))
                for s in now.standbys
            ],
            "None follows this server.",
        ),
        grid(
            "Slots",
            "Slot Kind Active >WAL_kept Status",
            [
                (s.name, s.kind, "yes" if s.is_active else "no", size(s.kept_bytes), s.wal_status)
                for s in now.slots
            ],
            "There are none.",
        ),
    ]  # fmt: skip
    if now.behind is not None:
        b = now.behind
        row = (b.state, size(b.lag_bytes), _time(b.last_commit_s))
        found.insert(0, grid("A standby itself", "State >To_replay >Last_commit", [row]))
    if now.archive is not None:
        a = now.archive
        told = (
            count(a.archived),
            _moment(a.last_archived_at),
            count(a.failed),
            _moment(a.last_failed_at),
        )
        words = ">Archived Last >Failed Last_failed"
        found.append(grid("Archive of WAL", words, [told]))
    return found


def _partitions(_: Look, now: f.PartitionsAhead) -> list[Grid]:
    rows = [
        (
            t.table,
            t.period,
            t.partitions,
            t.ahead,
            t.until.date() if t.until else "",
            count(t.strays),
        )
        for t in now.tables
    ]
    words = "Table By >Partitions >Ahead Until >In_none"
    return [grid("Partitions left", words, rows)]


def _disk(_: Look, now: f.Disk) -> list[Grid]:
    at = now.filesystem
    rows: list[tuple[Any, ...]] = [
        ("WAL", size(now.wal_bytes), f"{now.wal_files} files"),
        ("Temporary", size(now.temp_bytes), f"{now.temp_files} files"),
    ]
    if at is not None:
        rows.insert(0, ("Free", size(at.free), f"of {size(at.total)}, {part(at.share)} used"))
    title = f"Disk of {at.path}" if at else "Disk of a server elsewhere"
    return [grid(title, "What >Size ~", rows)]


def _valkey(look: Look, now: f.Stores) -> list[Grid]:
    earlier = look.earlier("valkey")
    before = {s.store: s for s in earlier.stores} if earlier else {}
    return [one for store in now.stores for one in _store(look, store, before.get(store.store))]


def _store(look: Look, now: f.StoreFigures, before: f.StoreFigures | None) -> Iterable[Grid]:
    limit = f" of {size(now.memory_limit_bytes)}" if now.memory_limit_bytes else ""
    calls = {c.command: c.calls for c in before.commands} if before else {}
    facts = [
        ("Memory", f"{size(now.memory_bytes)}{limit}", f"{size(now.memory_peak_bytes)} at most"),
        ("Keys", count(now.keys), f"{count(now.expired)} expired, {count(now.evicted)} evicted"),
        ("Hits", part(now.hit_ratio), f"{count(now.misses)} misses"),
        ("Commands", count(now.commands_total),
         _calls(now.commands_total, before.commands_total if before else None, look.seconds)),
        ("Clients", now.clients, ""),
    ]  # fmt: skip
    yield grid(f"{now.server} ({now.use}, {now.memory_policy})", "What >Figure ~", facts)
    some = "" if now.counted_all else ", in a sample"
    yield grid(
        f"Tenantry's keys by kind{some}",
        "Kind >Keys",
        [(k, count(n)) for k, n in now.kinds.items()],
    )
    yield grid(
        "Commands",
        "Command >Calls >Now >Each",
        [
            (
                c.command, count(c.calls), _calls(c.calls, calls.get(c.command), look.seconds),
                milliseconds(c.total_ms / c.calls if c.calls else 0),
            )
            for c in now.commands
        ],
    )  # fmt: skip
    slow = now.slow
    yield grid(
        "Slow commands",
        "Command >Took At",
        [(s.command, milliseconds(s.ms), _moment(s.at)) for s in slow or ()],
        "None." if slow is not None else "This user may not ask for them.",
    )


def _role(name: str) -> str:
    """Without what all of ours begin with."""
    return name.removeprefix("tenantry_")


def _time(seconds: float | None) -> str:
    return "" if seconds is None else span(max(0.0, seconds))


def _moment(at: Any) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


_SHOWN: Final[dict[str, Callable[[Look, Any], list[Grid]]]] = {
    "traffic": _traffic, "connections": _connections, "ages": _ages, "sessions": _sessions, "locks": _locks,
    "slow": _slow, "tenants": _tenants, "tables": _tables, "indexes": _indexes, "bloat": _bloat,
    "sizes": _sizes, "replication": _replication, "partitions": _partitions, "disk": _disk, "valkey": _valkey,
}  # fmt: skip
