"""`partitions`: whether every row has a partition of its time, and making those that lack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from . import exits, place, screen
from .answer import Answer, table
from .command import command, group

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.endpoints import Role
    from tenantry.ops.partitions import Standing

app = group("See to it that every row has a partition of its time.")


@command(app)
async def status(
    ahead: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=100, help="How many coming periods must be ready."),
    ] = 1,
) -> Answer:
    """Show every partitioned table. Exit code 1: a default partition holds rows, or fewer than
    `--ahead` of the coming periods have a partition."""
    settings = place.running()
    from tenantry.ops.partitions import status

    found = await status(_url(settings, "service"))
    ok = all(s.strays == 0 and s.ahead >= ahead for s in found)
    columns = ("Table", "Every", "Partitions", "From", "Until", "Ahead", "In default", "Their time")
    note = "" if ok else "Run `tenantry partitions ensure`."
    data = {"ok": ok, "tables": found}
    return Answer(
        data, table(columns, map(_row, found)), note=note, code=exits.OK if ok else exits.FAILED
    )


@command(app)
async def ensure(
    ahead: Annotated[
        int, typer.Option(metavar="N", min=0, max=100, help="For how many coming periods.")
    ] = 3,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="Also from this day on, for history to come."
        ),
    ] = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="NAME", help="Only this one; may be repeated."),
    ] = None,
) -> Answer:
    """Make the partitions that lack, and move there what the default ones hold. Writers go on
    meanwhile. Running it again changes nothing."""
    settings = place.running()
    from tenantry.ops import partitions

    url = _url(settings, "owner")
    with screen.progress() as tell:
        tell("Making partitions")
        made = await partitions.prepare(url, ahead=ahead, tables=tables)
        if since is not None:
            now = datetime.now(UTC)
            made += await partitions.ensure(url, since.replace(tzinfo=UTC), now, tables=tables)
        tell("Emptying the default partitions")
        made += await partitions.drain(url, tables=tables)
    words = f"Made {len(made)}: {', '.join(made)}." if made else "Nothing lacks."
    return Answer({"made": made}, words)


def _url(settings: Settings, role: Role) -> str:
    from tenantry.endpoints import url_for
    from tenantry.migrations.apply import load_models

    load_models(settings.models)
    return url_for(settings, role)


def _row(s: Standing) -> tuple[object, ...]:
    strays = f"{s.oldest_stray:%Y-%m-%d} to {s.newest_stray:%Y-%m-%d}" if s.oldest_stray else ""
    return s.table, s.period, s.partitions, _day(s.since), _day(s.until), s.ahead, s.strays, strays


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""
