"""`restore`: the cluster as it was at a point in time, in a new data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import place, screen, stopping
from .answer import Answer, facts
from .backup import Place
from .command import command

app = typer.Typer()


@command(app)
async def restore(
    to: Annotated[
        str,
        typer.Option(
            metavar="POINT",
            help="A time with its zone, a transaction's number, a label, or latest.",
        ),
    ],
    data_dir: Annotated[
        Path, typer.Option(metavar="FOLDER", help="A data folder that is not there yet.")
    ],
    *,
    backup: Annotated[
        str | None, typer.Option("--from", metavar="ID", help="Begin with this copy.")
    ] = None,
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="Stop just before the point, not just after it.")
    ] = False,
    timeline: Annotated[
        str, typer.Option(metavar="N", help="Follow this one; else the latest.")
    ] = "latest",
    store: Place = None,
) -> Answer:
    """Recover the cluster to a point in time, in a new data folder. A live one is never touched."""
    stopping.as_after_ctrl_c()
    settings = place.load()
    from tenantry.endpoints import servers
    from tenantry.ops import backup as backups

    target = backups.Target.parse(to)
    with screen.progress() as tell:
        reached = await backups.recover(
            servers(settings),
            backups.Vault.of(settings, store),
            target,
            data_dir.absolute(),
            tell,
            backup=backup,
            exclusive=exclusive,
            timeline=timeline,
        )
    said = {
        "data_dir": reached.data_dir,
        "from": reached.backup,
        "last_commit": reached.last_commit,
        "lsn": reached.lsn,
        "timeline": reached.timeline,
        "rows": reached.rows,
        "tables": {name: figure.rows for name, figure in reached.tables.items()},
    }
    shown = {
        "Data folder": reached.data_dir,
        "From": reached.backup,
        "Last commit": f"{reached.last_commit:%Y-%m-%d %H:%M:%S.%f %Z}"
        if reached.last_commit
        else "none after the backup",
        "LSN": reached.lsn,
        "Timeline": reached.timeline,
        "Rows": f"{reached.rows:,} in {len(reached.tables)} tables",
    }
    note = "It stands still, and archives nothing: set archive_mode when it replaces the original."
    return Answer(said, facts(shown), note=note)
