"""`backup wal`, `backup configure`, `backup pgbackrest-config`: how WAL gets into the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenantry.errors import InvalidInput

from . import place, screen
from .answer import Answer
from .command import command, group

wal = group("The archive of WAL, as the server's commands use it.")

_Place = Annotated[
    str | None,
    typer.Option("--store", metavar="PLACE", help="FOLDER or s3://BUCKET/PREFIX, not the usual."),
]


@command(wal)
def push(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="%p of archive_command.")],
    store: _Place = None,
) -> Answer:
    """Archive a segment. Saying it again is no error; another content under its name is."""
    from tenantry.ops.backup import Vault
    from tenantry.ops.backup import wal as archive

    new = archive.push(Vault.of(place.load(), store), path)
    return Answer({"segment": path.name, "new": new}, "")


@command(wal)
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="%f of restore_command.")],
    target: Annotated[Path, typer.Argument(metavar="PATH", help="%p of restore_command.")],
    store: _Place = None,
) -> Answer:
    """Write an archived segment to where the server wants it. Exit code 5: there is none."""
    from tenantry.ops.backup import Vault
    from tenantry.ops.backup import wal as archive

    archive.fetch(
        Vault.of(place.load(), store), archive.system_id_of(Path.cwd()), name, target.absolute()
    )
    return Answer({"segment": name}, "")


@command(wal)
def ship(
    spool: Annotated[Path, typer.Argument(metavar="FOLDER", help="That of --spool.")],
    cluster: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Its system identifier; else the server is asked."),
    ] = None,
    store: _Place = None,
) -> Answer:
    """Archive what the server copied into a folder, and take it from there."""
    import asyncio

    from tenantry.ops.backup import Vault
    from tenantry.ops.backup import wal as archive

    settings = place.load()
    if not spool.is_dir():
        raise InvalidInput(f"There is no folder {spool}.", field="spool")
    if cluster is None:
        from tenantry.ops.backup.source import Source, system_id

        place.running(settings)
        cluster = asyncio.run(system_id(Source.of(settings)))
    with screen.progress() as tell:
        tell("Archiving")
        done = archive.ship(Vault.of(settings, store), spool, cluster)
    return Answer({"segments": done}, f"Archived {len(done)} files.")


def register(app: typer.Typer) -> None:
    """Commands of the group `backup` itself."""
    command(app)(configure)
    command(app)(pgbackrest_config)


async def configure(
    apply: Annotated[
        bool, typer.Option("--apply", help="Set it with ALTER SYSTEM, as a superuser.")
    ] = False,
    *,
    spool: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Let the server copy segments there with plain shell, for `backup wal ship`: where "
            "its account or container cannot run Tenantry.",
        ),
    ] = None,
    program: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="How the server's account runs tenantry, in a shell."),
    ] = None,
    keys_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of the backup keys, for the server's account."),
    ] = None,
    timeout: Annotated[
        int, typer.Option(metavar="SECONDS", min=1, help="Archive this often at least.")
    ] = 60,
) -> Answer:
    """Print the settings that archive WAL, or with --apply set them."""
    from tenantry.kernel.plain import connected
    from tenantry.ops.backup import Source, archiving
    from tenantry.ops.backup.source import facts

    settings = place.running()
    source = Source.of(settings)
    async with connected(source.url, name="tenantry-backup") as connection:
        major = (await facts(connection)).major
    wanted = archiving.settings_for(
        settings,
        major,
        spool=spool.absolute() if spool else None,
        program=program,
        keys_file=keys_file.absolute() if keys_file else None,
        timeout_s=timeout,
    )
    lines = "\n".join(
        "{} = '{}'".format(name, value.replace("'", "''")) for name, value in wanted.items()
    )
    if not apply:
        return Answer({"applied": False, "settings": wanted, "pending": []}, lines)
    done = await archiving.apply(source, wanted)
    pending = f"{', '.join(done.pending)}: from the server's next start on." if done.pending else ""
    return Answer(
        {"applied": True, "settings": done.settings, "pending": done.pending}, lines, note=pending
    )


def pgbackrest_config(
    *,
    data_dir: Annotated[Path, typer.Option(metavar="FOLDER", help="The server's data folder.")],
    repo: Annotated[
        str, typer.Option(metavar="PLACE", help="FOLDER or s3://BUCKET/PREFIX.")
    ] = "/var/lib/pgbackrest",
    s3_endpoint: Annotated[
        str, typer.Option(metavar="HOST", help="Where the bucket is reached.")
    ] = "s3.amazonaws.com",
    s3_region: Annotated[str, typer.Option(metavar="NAME", help="The bucket's.")] = "us-east-1",
    stanza: Annotated[
        str, typer.Option(metavar="NAME", help="What it calls the cluster.")
    ] = "main",
    socket_dir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Of the server's socket.")
    ] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", help="The server's.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ROLE", help="Who it logs in as.")] = None,
    keep_full: Annotated[int, typer.Option(metavar="N", min=1, help="Full backups kept.")] = 2,
    keep_diff: Annotated[int, typer.Option(metavar="N", min=1, help="Differential ones.")] = 6,
    compress: Annotated[str, typer.Option(metavar="TYPE", help="gz, lz4, zst or none.")] = "zst",
    encrypted: Annotated[
        bool,
        typer.Option("--encrypted", help="The pass phrase is in PGBACKREST_REPO1_CIPHER_PASS."),
    ] = False,
    log_dir: Annotated[Path | None, typer.Option(metavar="FOLDER", help="For its logs.")] = None,
    lock_dir: Annotated[Path | None, typer.Option(metavar="FOLDER", help="For its locks.")] = None,
    spool_dir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Archive in the background, by way of it.")
    ] = None,
) -> Answer:
    """Print a configuration for pgBackRest: save it as /etc/pgbackrest.conf."""
    from tenantry.ops.backup import pgbackrest

    wishes = pgbackrest.Wishes(
        stanza=stanza,
        data_dir=data_dir.absolute(),
        repository=repo,
        s3_endpoint=s3_endpoint,
        s3_region=s3_region,
        socket_dir=socket_dir,
        port=port,
        user=user,
        keep_full=keep_full,
        keep_diff=keep_diff,
        compress=compress,
        encrypted=encrypted,
        log_dir=log_dir,
        lock_dir=lock_dir,
        spool_dir=spool_dir,
    )
    text = pgbackrest.render(wishes)
    said = f"archive_command = '{pgbackrest.archive_command(wishes, Path('/etc/pgbackrest.conf'))}'"
    return Answer(
        {"config": text, "archive_command": said},
        text.rstrip(),
        note=f"And in PostgreSQL: archive_mode = on, {said}",
    )
