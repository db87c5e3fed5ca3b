"""`backup`: taking, listing, proving, restoring and pruning. (`restore` has a file of its own.)"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tenantry.errors import InvalidInput, TenantryError

from . import ask, backup_archive, exits, place, repeating, screen, stopping
from .answer import Answer, facts, table
from .command import command, group
from .units import size

if TYPE_CHECKING:
    from tenantry.config import Settings
    from tenantry.ops.backup import Manifest, Vault, Wishes

app = group("Back up, prove that a backup restores, restore it, and let old ones go.")
app.add_typer(backup_archive.wal, name="wal")

Place = Annotated[
    str | None,
    typer.Option("--store", metavar="PLACE", help="FOLDER or s3://BUCKET/PREFIX, not the usual."),
]
Id = Annotated[
    str, typer.Argument(metavar="ID", help="Its id, the beginning or end of it, or `latest`.")
]


@command(app)
async def create(
    *,
    physical: Annotated[
        bool, typer.Option("--physical", help="Copy the whole cluster, for recovery to a time.")
    ] = False,
    incremental: Annotated[
        bool,
        typer.Option(
            "--incremental", help="A copy of what changed since the last one (PostgreSQL 17 on)."
        ),
    ] = False,
    form: Annotated[
        Literal["custom", "directory", "plain"],
        typer.Option("--format", help="Of a dump; plain is readable SQL."),
    ] = "custom",
    compress: Annotated[
        Literal["gzip", "zstd", "none"], typer.Option(help="How files are compressed.")
    ] = "gzip",
    level: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=22, help="How hard to compress.")
    ] = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", metavar="N", min=1, help="Tables dumped at once: directory."),
    ] = 1,
    base: Annotated[
        str, typer.Option(metavar="ID", help="What an incremental one builds on.")
    ] = "latest",
    label: Annotated[str, typer.Option(metavar="TEXT", help="A word for the list.")] = "",
    expire_days: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="`prune` removes it after so long.")
    ] = None,
    no_checksums: Annotated[
        bool, typer.Option("--no-checksums", help="Count rows only: a physical one reads less.")
    ] = False,
    no_valkey: Annotated[bool, typer.Option("--no-valkey", help="Only PostgreSQL.")] = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Again and again, as 6h, until SIGTERM or Ctrl-C; what has expired goes each time.",
        ),
    ] = None,
    store: Place = None,
) -> Answer:
    """Take a backup: a dump of the database, or with --physical a copy of the cluster."""
    from tenantry.ops import backup

    stopping.as_after_ctrl_c()
    settings, vault = _vault(store)
    place.running(settings)
    wishes = backup.Wishes(
        kind="incremental" if incremental else "physical" if physical else "logical",
        label=label,
        form=form,
        compress=compress,
        level=level,
        jobs=jobs,
        base=base,
        checksums=not no_checksums,
        expires_after=timedelta(days=expire_days) if expire_days else None,
        valkey=not no_valkey,
    )
    if every is not None:
        return await _again(settings, vault, wishes, repeating.seconds(every, "every"))
    with screen.progress() as tell:
        made = await backup.create(settings, vault, wishes, tell)
    words = _taken(made, vault)
    note = f"Valkey: {made.valkey}." if wishes.valkey else ""
    return Answer(made.to_dict(), words, note=note)


async def _again(settings: Settings, vault: Vault, wishes: Wishes, period: float) -> Answer:
    """One that fails is told, and the next is tried at its time."""
    from tenantry.ops import backup

    async def once() -> None:
        try:
            made = await backup.create(settings, vault, wishes, lambda _: None)
            screen.line({"event": "created", **made.to_dict()}, _taken(made, vault))
            expired = await asyncio.to_thread(backup.plan, vault.store, backup.Rules())
            await asyncio.to_thread(backup.prune, vault.store, expired)
            for one in expired.removed:
                screen.line({"event": "expired", "id": one.id}, f"{one.id} had expired, and went.")
        except TenantryError as error:
            screen.line({"event": "failed", **error.to_dict()}, f"Failed: {error}")

    screen.line({"event": "started"}, "Taking backups.")
    await repeating.every(period, once, repeating.stopping())
    screen.line({"event": "stopped"}, "Stopped.")
    return Answer(None, "")


def _taken(made: Manifest, vault: Vault) -> str:
    return f"{made.id}: {made.rows:,} rows of {len(made.tables)} tables, {size(made.size)}, in {vault.store}"


@command(app, "list")
def list_(store: Place = None) -> Answer:
    """List the backups, the oldest first."""
    from tenantry.ops import backup

    _, vault = _vault(store)
    found, wrong = backup.survey(vault.store)
    note = f"Manifests that cannot be read: {', '.join(wrong)}" if wrong else ""
    columns = (
        "Id",
        "Kind",
        "Label",
        "Finished",
        "Size",
        "Rows",
        "Encrypted",
        "Verified",
        "Expires",
    )
    return Answer(
        [m.to_dict() for m in found],
        table(columns, map(_row, found), empty=f"There are no backups in {vault.store}."),
        note=note,
        code=exits.FAILED if wrong else exits.OK,
    )


@command(app)
def show(id: Id, store: Place = None) -> Answer:
    """Show all that a backup's manifest says."""
    from tenantry.ops import backup

    _, vault = _vault(store)
    found = backup.read(vault.store, id)
    said = found.to_dict()
    said["tables"] = {name: figure["rows"] for name, figure in said["tables"].items()}
    said["files"] = [f"{f.name} ({size(f.size)})" for f in found.files]
    return Answer(found.to_dict(), facts(said))


@command(app)
async def verify(
    id: Id = "latest",
    quick: Annotated[
        bool, typer.Option("--quick", help="Only read the files and compare their checksums.")
    ] = False,
    store: Place = None,
) -> Answer:
    """Restore a backup into a scratch server and compare every table. Exit code 1: it is not what it
    should be."""
    from tenantry.ops import backup

    stopping.as_after_ctrl_c()
    settings, vault = _vault(store)
    found = backup.read(vault.store, id)
    with screen.progress() as tell:
        if quick:
            await backup.quick(vault, found, tell)
            return Answer(
                {"id": found.id, "files": len(found.files)},
                f"{found.id}: all {len(found.files)} files are as they were written.",
            )
        from tenantry.endpoints import servers

        report = await backup.verify(servers(settings), settings.pg_bin, vault, found, tell)
    if report.ok:
        words = f"{found.id} restores: {report.rows:,} rows of {report.tables} tables, {report.compared} of them compared."
        return Answer(report, words)
    return Answer(
        report, "\n".join(report.differences), note=f"{found.id} differs.", code=exits.FAILED
    )


@command(app)
def restore(
    id: Id,
    *,
    into: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="A dump: an administrator's URL of a new or empty database."
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A physical one: a data folder that is not there yet."),
    ] = None,
    valkey_dir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="What it holds of Valkey.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop the database first, if it is there.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Tables restored at once.")
    ] = 1,
    yes: ask.Yes = False,
    store: Place = None,
) -> Answer:
    """Restore a backup. Nothing that is there is written over. For a point in time: `tenantry restore`."""
    if sum(target is not None for target in (into, data_dir, valkey_dir)) != 1:
        raise InvalidInput(
            "Say where to: one of --into, --data-dir and --valkey-dir.", field="into"
        )
    settings, vault = _vault(store)
    if replace:
        ask.confirm(
            "This drops the database first, with all it holds. Go on?",
            yes=yes,
            production=settings.profile == "production",
        )
    if valkey_dir is not None:
        return asyncio.run(_restore_valkey(vault, id, valkey_dir.absolute()))
    if data_dir is not None:
        return asyncio.run(_restore_copy(settings, vault, id, data_dir.absolute()))
    return asyncio.run(_restore_dump(settings, vault, id, str(into), replace=replace, jobs=jobs))


async def _restore_valkey(vault: Vault, id: str, target: Path) -> Answer:
    from tenantry.ops import backup
    from tenantry.ops.backup import restoring

    found = backup.read(vault.store, id)
    with screen.progress() as tell:
        names = await restoring.valkey_files(vault, found, target, tell)
    return Answer({"id": found.id, "files": names}, f"Wrote {len(names)} files to {target}")


async def _restore_copy(settings: Settings, vault: Vault, id: str, target: Path) -> Answer:
    from tenantry.endpoints import servers
    from tenantry.ops import backup
    from tenantry.ops.backup import restoring

    stopping.as_after_ctrl_c()
    found = backup.read(vault.store, id)
    with screen.progress() as tell:
        await restoring.into_folder(servers(settings), vault, found, target, tell)
    note = "It is as it was at the backup's end. `tenantry restore` also replays WAL."
    return Answer(
        {"id": found.id, "data_dir": target}, f"Restored {found.id} to {target}", note=note
    )


async def _restore_dump(
    settings: Settings, vault: Vault, id: str, into: str, *, replace: bool, jobs: int
) -> Answer:
    from tenantry.config import DatabaseUrl
    from tenantry.endpoints import servers
    from tenantry.ops import backup
    from tenantry.ops.backup import restoring

    try:
        shown = DatabaseUrl.parse(into).redacted()
    except ValueError as error:
        raise InvalidInput(f"The URL {error}.", field="into") from None
    stopping.as_after_ctrl_c()
    found = backup.read(vault.store, id)
    local = servers(settings)
    with screen.progress() as tell:
        await restoring.into_database(local, vault, found, into, tell, replace=replace, jobs=jobs)
    return Answer(
        {"id": found.id, "into": shown, "rows": found.rows},
        f"Restored {found.rows:,} rows of {len(found.tables)} tables into {shown}",
        note="Passwords of roles are in no dump. Graphs are not either, and are made"
        " when they are next asked, or now: tenantry graph rebuild --missing",
    )


@command(app)
def prune(
    *,
    keep_last: Annotated[int, typer.Option(metavar="N", min=0, help="The newest.")] = 0,
    keep_daily: Annotated[int, typer.Option(metavar="N", min=0, help="One a day.")] = 0,
    keep_weekly: Annotated[int, typer.Option(metavar="N", min=0, help="One a week.")] = 0,
    keep_monthly: Annotated[int, typer.Option(metavar="N", min=0, help="One a month.")] = 0,
    keep_yearly: Annotated[int, typer.Option(metavar="N", min=0, help="One a year.")] = 0,
    keep_days: Annotated[int, typer.Option(metavar="N", min=0, help="All of so many days.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: ask.Yes = False,
    store: Place = None,
) -> Answer:
    """Remove what no rule keeps and what has expired, and the WAL that nothing needs any more. What an
    incremental backup builds on stays. Dumps and physical backups are counted apart."""
    from tenantry.ops import backup

    settings, vault = _vault(store)
    rules = backup.Rules(
        last=keep_last,
        daily=keep_daily,
        weekly=keep_weekly,
        monthly=keep_monthly,
        yearly=keep_yearly,
        days=keep_days,
    )
    what = backup.plan(vault.store, rules)
    data = {
        "dry_run": dry_run,
        "removed": [m.id for m in what.removed],
        "kept": what.why,
        "wal": len(what.wal),
        "leftovers": len(what.leftovers),
    }
    words = f"{len(what.removed)} backups, {len(what.wal)} segments of WAL and {len(what.leftovers)} leftovers"
    lines = [(m.id, m.kind, m.finished, what.why.get(str(m.id), "goes")) for m in (*what.removed, *what.kept)]  # fmt: skip
    view = table(("Id", "Kind", "Finished", ""), lines, empty="There are no backups.")
    if dry_run:
        return Answer(data, view, note=f"{words} would go.")
    if what.removed:
        ask.confirm(f"{words} go. Go on?", yes=yes, production=settings.profile == "production")
    with screen.progress() as tell:
        tell("Removing")
        backup.prune(vault.store, what)
    return Answer(data, view, note=f"{words} went.")


@command(app)
async def label(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, - . _")],
    store: Place = None,
) -> Answer:
    """Name this moment: `tenantry restore --to NAME` recovers to it."""
    from tenantry.ops import backup

    settings, vault = _vault(store)
    place.running(settings)
    at = await backup.label(backup.Source.of(settings), vault.store, name)
    return Answer({"label": name, "at": at}, f"{name} is {at:%Y-%m-%d %H:%M:%S.%f} UTC")


backup_archive.register(app)


def _vault(store: str | None) -> tuple[Settings, Vault]:
    settings = place.load()
    from tenantry.ops.backup import Vault

    return settings, Vault.of(settings, store)


def _row(m: Manifest) -> tuple[object, ...]:
    verified = f"{m.verified.at:%Y-%m-%d} by {m.verified.by}" if m.verified else ""
    encrypted = m.key_id is not None
    return m.id, m.kind, m.label, m.finished, size(m.size), f"{m.rows:,}", encrypted, verified, m.expires or "when pruned"  # fmt: skip
