"""`maintain`: what keeps a database fit while it is in use."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.errors import InvalidInput

from . import exits, place, repeating, screen
from .answer import Answer, table
from .command import command

if TYPE_CHECKING:
    from tenantry.ops.maintain import Outcome

app = typer.Typer()

_STATES = {
    "done": "done",
    "nothing": "nothing to do",
    "elsewhere": "another process does it",
    "failed": "failed",
}


@command(app)
async def maintain(
    step: Annotated[
        str | None,
        typer.Argument(
            metavar="STEP",
            help="partitions, seals, retention, sessions, views, vacuum, analyze or reindex; else all.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One view, table or index of the step's.")
    ] = None,
    *,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE=TIME",
            help="Take out partitions older than this, as messages=90d; may be given again.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and why.")
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Again and again, as 1h, until SIGTERM or Ctrl-C."),
    ] = None,
    print_pg_cron: Annotated[
        bool, typer.Option("--print-pg-cron", help="Print what pg_cron can do of it, as SQL.")
    ] = False,
) -> Answer:
    """Do what keeps a database fit: partitions, seals, retention, views, statistics, dead rows, indexes.
    Safe beside writers and beside itself. Exit code 1: a step failed."""
    settings = place.running()
    from tenantry.endpoints import url_for
    from tenantry.migrations.apply import load_models

    load_models(settings.models)
    if print_pg_cron:
        return _pg_cron(url_for(settings, "owner"))
    from tenantry.ops.maintain import Upkeep, loop
    from tenantry.ops.maintain import maintain as run

    kept = dict(map(_kept, keep or ()))
    steps = [step] if step else None
    async with place.database() as db:
        stop = repeating.stopping()
        urls = url_for(settings, "owner"), url_for(settings, "service")
        upkeep = Upkeep(db, *urls, dry_run=dry_run, name=name, keep=kept)
        if every is not None:
            screen.line({"event": "started"}, "Maintaining.")
            await loop(upkeep, repeating.seconds(every, "every"), steps, stop=stop, done=_tell)
            screen.line({"event": "stopped"}, "Stopped.")
            return Answer(None, "")
        with screen.progress() as tell:
            report = await run(replace(upkeep, tell=tell), steps, stop=stop)
    rows = [line for outcome in report.outcomes for line in _lines(outcome)]
    note = "Nothing was changed: this was a dry run." if dry_run else ""
    return Answer(
        {"ok": report.ok, "dry_run": dry_run, "steps": report.outcomes},
        table(("Step", "", "What", "Why", "Result"), rows),
        note=note,
        code=exits.OK if report.ok else exits.FAILED,
    )


def _lines(outcome: Outcome) -> list[tuple[str, str, str, str, str]]:
    state = _STATES[outcome.state]
    if not outcome.actions:
        return [(outcome.step, state, "", outcome.error, "")]
    return [(outcome.step, state, f"{a.what} {a.target}", a.why, a.result) for a in outcome.actions]


def _tell(outcome: Outcome) -> None:
    """A line for each step of a loop that did something, or could not."""
    if outcome.state == "nothing":
        return
    words = "; ".join(f"{a.what} {a.target} ({a.why})" for a in outcome.actions)
    said = outcome.error or words or _STATES[outcome.state]
    data = {
        "event": outcome.state,
        "step": outcome.step,
        "actions": outcome.actions,
        "error": outcome.error,
    }
    screen.line(data, f"{outcome.step}: {said}")


def _kept(text: str) -> tuple[str, timedelta]:
    name, _, time = text.partition("=")
    if not name or not time:
        raise InvalidInput(f"{text} is no TABLE=TIME.", field="keep", hint="Say messages=90d.")
    return name.strip(), timedelta(seconds=repeating.seconds(time, "keep"))


def _pg_cron(owner_url: str) -> Answer:
    from sqlalchemy import make_url

    from tenantry.models import metadata
    from tenantry.ops.maintain.pg_cron import jobs, sql

    text = sql(metadata, make_url(owner_url).database or "postgres")
    return Answer({"jobs": list(jobs(metadata)), "sql": text}, text)
