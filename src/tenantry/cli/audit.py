"""`audit`: who did what. Reading the record; `seals` beside it shows that nobody rewrote it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from tenantry.errors import InvalidInput

from . import lookup, place, screen, seals
from .answer import Answer, facts, plain, row, table
from .command import command, group

if TYPE_CHECKING:
    from tenantry.handles import ServiceTransaction
    from tenantry.models import AuditLog, PlatformLog

    Entry = AuditLog | PlatformLog

app = group("Read, seal and verify the record of who did what.")
app.add_typer(seals.app)

_Resource = Annotated[str | None, typer.Option(metavar="TABLE", help="Of this kind of thing.")]
_ResourceId = Annotated[UUID | None, typer.Option(metavar="ID", help="Of this one.")]
_Action = Annotated[str | None, typer.Option(help="create, update, delete, or an event's.")]
_Actor = Annotated[
    Literal["user", "agent", "api_key", "service", "system"] | None,
    typer.Option(help="By this kind of actor."),
]
_User = Annotated[str | None, typer.Option(metavar="USER", help="By this user: e-mail or id.")]
_Agent = Annotated[UUID | None, typer.Option(metavar="ID", help="By this agent.")]
_Key = Annotated[UUID | None, typer.Option(metavar="ID", help="With this API key.")]
_Since = Annotated[datetime | None, typer.Option(help="From then on, in UTC.")]
_Until = Annotated[datetime | None, typer.Option(help="Before then, in UTC.")]
_Format = Literal["jsonl", "csv"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@command(app, "list")
async def list_(
    tenant: seals.Tenant = None,
    *,
    resource: _Resource = None,
    resource_id: _ResourceId = None,
    action: _Action = None,
    actor: _Actor = None,
    user: _User = None,
    agent: _Agent = None,
    key: _Key = None,
    since: _Since = None,
    until: _Until = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=10_000)] = 50,
    after: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Continue after this id.")
    ] = None,
) -> Answer:
    """List entries, newest first: a tenant's, or without one the platform's own."""
    async with place.service("audit list") as s:
        chosen = {
            "resource_type": resource, "resource_id": resource_id, "action": action,
            "actor_kind": actor, "agent_id": agent, "api_key_id": key,
            "user_id": (await lookup.user(s, user)).id if user else None,
            "since": _utc(since), "until": _utc(until),
        }  # fmt: skip
        page = await (await _log(s, tenant)).entries(limit=limit, after=after, **chosen)
    lines = [(e.created_at, e.action, _thing(e), _who(e), _what(e), e.id) for e in page]
    view = table(("When", "Action", "What", "Who", "Changes", "Id"), lines, "Nothing.")
    note = f"More: --after {page.next}" if page.next else ""
    return Answer({"entries": [row(e) for e in page], "next": page.next}, view, note=note)


@command(app)
async def show(
    entry: Annotated[UUID, typer.Argument(metavar="ID", help="An entry's id.")],
) -> Answer:
    """Show one entry, and the seal it is under."""
    async with place.service(f"audit show {entry}") as s:
        from tenantry.ops.seals import chain_of

        chain = await chain_of(s, entry)
        if chain is None:
            raise lookup.Unknown("audit entry", str(entry), "audit list")
        tenant = chain.tenant_id
        found: Entry = await (s.tenant(tenant).audit if tenant else s.platform_log).get(entry)
        sealed = await chain.seal_of(s, entry)
    seal = sealed[0].line if sealed else None
    shown = {
        **{name.replace("_", " ").capitalize(): value for name, value in row(found).items()},
        "Old values": _json(found.old_values), "New values": _json(found.new_values),
        "Details": _json(found.details),
        "Sealed": f"seal {seal['sequence']}, {seal['hash']}" if seal else "not yet",
    }  # fmt: skip
    return Answer({**row(found), "seal": seal}, facts(shown))


@command(app)
async def export(
    tenant: seals.Tenant = None,
    format: Annotated[_Format, typer.Option(help="A JSON object a line, or CSV.")] = "jsonl",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there; else to stdout.")
    ] = None,
    since: _Since = None,
    until: _Until = None,
) -> Answer:
    """Write out entries, oldest first: a tenant's, or without one the platform's own."""
    if output is None and screen.as_json.get():
        raise InvalidInput("With --json, say where to: --output FILE.", field="output")
    bounds = {"since": _utc(since), "until": _utc(until)}
    given = {name: moment for name, moment in bounds.items() if moment}
    async with place.service("audit export") as s:
        entries = (await _log(s, tenant)).iterate(batch=1000, **given)
        with _opened(output) as file:
            count = await _write(entries, format, file)
    words = f"Wrote {count} entries to {output}" if output else ""
    return Answer({"entries": count, "path": output}, words)


async def _write(entries: AsyncIterator[Entry], format: _Format, file: IO[str]) -> int:
    count = 0
    write: Callable[[dict[str, Any]], object] | None = None
    async for entry in entries:
        values = plain(row(entry))
        if write is None:
            write = _writer(file, list(values), format)
        write(values)
        count += 1
    return count


def _writer(file: IO[str], names: list[str], format: _Format) -> Callable[[dict[str, Any]], object]:
    if format == "jsonl":
        return lambda values: file.write(json.dumps(values, ensure_ascii=False) + "\n")
    lines = csv.writer(file)
    lines.writerow(names)
    return lambda values: lines.writerow([_cell(value) for value in values.values()])


def _cell(value: Any) -> Any:
    """What holds several things is JSON in a cell of CSV. What a spreadsheet would run as a formula is
    text behind an apostrophe, as OWASP has it."""
    value = _json(value) if isinstance(value, (dict, list)) else value
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


@contextmanager
def _opened(path: Path | None) -> Iterator[IO[str]]:
    if path is None:
        yield sys.stdout
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written: {error.strerror}.", field="output"
        ) from error


async def _log(s: ServiceTransaction, tenant: str | None) -> Any:
    if tenant is None:
        return s.platform_log
    return s.tenant((await lookup.tenant(s, tenant)).id).audit


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _thing(entry: Entry) -> str:
    return f"{entry.resource_type} {entry.resource_id or ''}".strip()


def _who(entry: Entry) -> str:
    """The kind of actor, and the id that says most about it."""
    return f"{entry.actor_kind} {entry.agent_id or entry.api_key_id or entry.user_id or ''}".strip()


def _what(entry: Entry) -> str:
    """The columns that changed, or why."""
    changed = entry.new_values if entry.action == "update" else None
    return ", ".join(sorted(changed or ())) or entry.reason or ""


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
