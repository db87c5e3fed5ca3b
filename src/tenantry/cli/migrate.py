"""`migrate`: the database's revision, and what the models mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.errors import ConfigurationError, InvalidInput

from . import ask, exits, place, screen
from .answer import Answer, table
from .command import Waiting, command, group

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.migrations.planning import Big
    from tenantry.migrations.planning.plan import Touched
    from tenantry.migrations.runner import Migrator

app = group("Bring the database to a revision, and compare it with the models.")


@command(app)
async def up(
    revision: Annotated[str, typer.Argument(metavar="REV")] = "heads",
    *,
    allow_dangerous: Annotated[
        bool, typer.Option("--allow-dangerous", help="Also what `migrate plan` calls dangerous.")
    ] = False,
) -> Answer:
    """Apply what is missing, up to a revision. What would hold up those who use a big table is refused."""
    settings = place.running()
    with screen.progress() as tell:
        migrator = _migrator(settings, tell)
        tell("Migrating")
        applied = await migrator.up(revision, allow_dangerous=allow_dangerous)
        current = await migrator.current()
    words = f"Applied {', '.join(applied)}." if applied else "Nothing to apply."
    return Answer({"applied": applied, "current": current}, words)


@command(app)
async def plan(
    what: Annotated[
        str, typer.Argument(metavar="REV|FILE", help="Up to a revision, or one revision's file.")
    ] = "heads",
    *,
    big_rows: Annotated[
        int | None,
        typer.Option("--big-rows", metavar="N", min=1, help="From where on a table is big."),
    ] = None,
) -> Answer:
    """Tell what each pending statement locks, and how big that is here; it is tried on an empty copy, so
    nothing changes. Exit code 1: some would hold up those who use a big table."""
    settings = place.running()
    from tenantry.migrations.planning import BIG, Big

    big = Big(big_rows, BIG.bytes) if big_rows else BIG
    with screen.progress() as tell:
        tell("Reading the schema")
        found = await _migrator(settings, tell, big=big).plan(what)
    data = {
        "ok": found.ok,
        "revisions": found.revisions,
        "steps": found.steps,
        "dangers": found.dangers,
        "linted": found.linted,
    }
    if not found.revisions:
        return Answer(data, "Nothing is pending.")
    rows = [
        (step.revision, _shortened(step.sql), t and t.table, t and t.lock, t and f"{t.rows:,}",
         t and f"{t.bytes / 1024**2:,.0f} MB", t and _work(t), ", ".join(d.kind for d in step.dangers))
        for step in found.steps for t in step.tables or (None,)
        if t or step.dangers
    ]  # fmt: skip
    columns = ("Revision", "Statement", "Table", "Lock", "Rows", "Size", "Work", "Danger")
    said = [f"{d}" + (" (accepted)" if d.allowed else "") for s in found.steps for d in s.dangers]
    said += [f"squawk: {remark}" for s in found.steps for remark in s.remarks]
    count = len(found.steps)
    empty = f"{count} statements, and none touches a table that is there."
    return Answer(
        data,
        table(columns, rows, empty),
        note="\n".join(said),
        code=exits.OK if found.ok else exits.FAILED,
    )


@command(app)
def down(
    target: Annotated[
        str, typer.Argument(metavar="N|REV", help="How many, a revision, or `base` for all.")
    ] = "1",
    yes: ask.Yes = False,
) -> Waiting:
    """Undo revisions, with the data of what they made."""
    settings = place.running()
    what = f"the last {target}" if target.isdigit() and len(target) < 4 else f"down to {target}"
    ask.confirm(
        f"Undo revisions ({what})? Tables they made go, with all their rows.",
        yes=yes,
        production=settings.profile == "production",
    )
    return _down(settings, target)


async def _down(settings: Settings, target: str) -> Answer:
    with screen.progress() as tell:
        migrator = _migrator(settings, tell)
        tell("Undoing")
        undone = await migrator.down(target)
        current = await migrator.current()
    words = f"Undid {', '.join(undone)}." if undone else "Nothing to undo."
    return Answer({"undone": undone, "current": current}, words)


@command(app)
async def current() -> Answer:
    """Print the revisions the database is at."""
    migrator = _migrator(place.running())
    found, heads = await migrator.current(), migrator.heads()
    return Answer({"current": found, "heads": heads}, "\n".join(found) or "none")


@command(app)
async def history() -> Answer:
    """List every revision, oldest first."""
    revisions = await _migrator(place.running()).history()
    rows = [(r.id, "applied" if r.applied else "", r.message) for r in revisions]
    return Answer({"revisions": revisions}, table(("Revision", "State", "Message"), rows))


@command(app)
async def check() -> Answer:
    """Compare the database with the models. Exit code 1: it is behind, or has drifted."""
    with screen.progress() as tell:
        tell("Comparing")
        report = await _migrator(place.running()).check()
    changes = [str(change) for change in report.changes]
    data = {
        "ok": report.at_head and not changes,
        "at_head": report.at_head,
        "current": report.current,
        "heads": report.heads,
        "changes": changes,
    }
    at = ", ".join(report.current) or "none"
    lines = [f"The database is at {at}."]
    if not report.at_head:
        lines.append(f"Head is {', '.join(report.heads)}: run `tenantry migrate up`.")
    elif changes:
        lines += ["It differs from the models:", *(f"  {change}" for change in changes)]
    else:
        lines.append("It is what the models mean.")
    code = exits.OK if data["ok"] else exits.FAILED
    return Answer(data, "\n".join(lines), code=code)


@command(app)
def sql(
    revisions: Annotated[
        str, typer.Argument(metavar="RANGE", help="Such as `0001:0003`, or `heads` for all.")
    ] = "heads",
) -> Answer:
    """Print the statements of revisions, to be run by hand. Asks no server."""
    text = _migrator(place.load(), online=False).sql(revisions)
    return Answer({"sql": text}, text.rstrip())


@command(app)
async def generate(message: Annotated[str, typer.Argument(metavar="MESSAGE")]) -> Answer:
    """Write a revision that brings the database to what your models mean."""
    settings = place.running()
    from tenantry.migrations.generate import generate as write
    from tenantry.ops.setup import source_folder

    if not message.strip():
        raise InvalidInput("Say what the revision is for.", field="message")
    if not settings.models:
        raise ConfigurationError(
            "There are no models of your own to write a revision for.",
            setting="models",
            hint='Name their modules in tenantry.toml: models = ["shop.models"].',
        )
    folder = source_folder(settings)
    with screen.progress() as tell:
        tell("Comparing")
        paths = await write(_migrator(settings, tell), message, folder)
    words = "\n".join(f"Wrote {path}" for path in paths)
    words = words or "The database is what the models mean: nothing to write."
    note = "Read it, then run `tenantry migrate plan`, and `migrate up`." if paths else ""
    return Answer({"paths": paths}, words, note=note)


def _migrator(
    settings: Settings,
    tell: screen.Progress = lambda _: None,
    *,
    online: bool = True,
    big: Big | None = None,
) -> Migrator:
    from tenantry.endpoints import url_for
    from tenantry.migrations.apply import load_models
    from tenantry.migrations.planning import BIG
    from tenantry.migrations.runner import Migrator  # brings Alembic
    from tenantry.models import metadata

    load_models(settings.models)
    own = settings.migrations
    return Migrator(
        url_for(settings, "owner") if online else "",
        metadata,
        # `generate` makes the folder with its first revision.
        locations=(own,) if own and own.is_dir() else (),
        progress=tell,
        big=big or BIG,
    )


def _shortened(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= 90 else line[:89] + "…"


def _work(touched: Touched) -> str:
    words = {
        "rewrite": touched.rewritten,
        "new indexes": touched.reindexed,
        "scan": touched.scanned,
    }
    return ", ".join(word for word, done in words.items() if done)
