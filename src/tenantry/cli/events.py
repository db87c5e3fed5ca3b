"""`events`: what is published, and its way from the outbox to the streams."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from . import exits, lookup, place, screen
from .answer import Answer, table
from .command import command, group

if TYPE_CHECKING:
    from tenantry.ops.relay import News

app = group("Relay published events to Redis or Valkey, and see what waits.")

_Tenant = Annotated[str | None, typer.Option(metavar="TENANT", help="Its slug or id.")]


@command(app)
async def relay(
    once: Annotated[
        bool, typer.Option("--once", help="Send what is there, and end; for cron and tests.")
    ] = False,
    *,
    batch: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="Events of a transaction at most.")
    ] = 500,
    idle: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.01, max=60, help="Look so often when none come."),
    ] = 1.0,
) -> Answer:
    """Carry events from the outbox to their streams until SIGTERM or Ctrl-C. Any number of these may
    run: one works, the others stand by. With --json each line is a document. Exit code 1 with --once:
    some were refused, or another relay is at work."""
    from tenantry.ops.relay import Relay

    async with place.database() as db:
        if once:
            done = await Relay(db, batch=batch).drain()
            words = "Another relay is at work." if done.standby else f"Sent {done.sent}."
            if done.parked:
                words += f" Parked {done.parked}: see `tenantry events status`."
            code = exits.FAILED if done.parked or done.standby else exits.OK
            data = {"sent": done.sent, "parked": done.parked, "standby": done.standby}
            return Answer(data, words, code=code)
        relay = Relay(db, batch=batch, idle=idle, tell=_tell)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, relay.stop)
        screen.line({"event": "started"}, "Relaying.")
        await relay.run()
        screen.line({"event": "stopped"}, "Stopped.")
    return Answer(None, "")


@command(app)
async def status() -> Answer:
    """Show what waits in the outbox, by tenant and topic. Exit code 1: something is parked, since its
    stream refused it."""
    from tenantry.ops import outbox

    async with place.database() as db:
        found = await outbox.status(db)
    now = datetime.now(UTC)
    rows = [
        (w.tenant, w.topic, w.waiting, w.parked, w.behind, f"{(now - w.oldest).total_seconds():.0f} s",
         w.attempts or "", w.error)
        for w in found
    ]  # fmt: skip
    columns = ("Tenant", "Topic", "Waiting", "Parked", "Behind", "Oldest", "Tried", "Refused with")
    parked = sum(w.parked for w in found)
    note = (
        f"{parked} parked: mend what refuses them, then `tenantry events retry`." if parked else ""
    )
    return Answer(
        {"topics": found},
        table(columns, rows, "Nothing waits."),
        note=note,
        code=exits.FAILED if parked else exits.OK,
    )


@command(app)
async def retry(
    tenant: _Tenant = None,
    topic: Annotated[str | None, typer.Option(metavar="TOPIC", help="Only this one.")] = None,
) -> Answer:
    """Have the relay try what is parked at once."""
    from tenantry.ops import outbox

    async with place.database() as db:
        tenant_id = None
        if tenant is not None:
            async with db.service("tenantry events retry") as s:
                tenant_id = (await lookup.tenant(s, tenant)).id
        count = await outbox.retry(db, tenant_id=tenant_id, topic=topic)
    return Answer({"retried": count}, f"{count} are tried again.")


def _tell(news: News) -> None:
    from tenantry.errors import TenantryError

    if isinstance(news, TenantryError):
        screen.line({"event": "failed", **news.to_dict()}, f"Waiting: {news}")
        return
    words = f"Sent {news.sent}" + (f", parked {news.parked}" if news.parked else "")
    data = {"event": "sent", "sent": news.sent, "parked": news.parked, "behind": news.behind}
    screen.line(data, words)
