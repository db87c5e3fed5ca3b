"""`audit seal`, `audit verify`, `audit proof`: that nobody rewrote the record."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from . import exits, files, lookup, place, screen
from .answer import Answer, table
from .command import command

if TYPE_CHECKING:
    from tenantry.database import Database
    from tenantry.ops.seals import Anchor, Report

app = typer.Typer()

Tenant = Annotated[str | None, typer.Option(metavar="TENANT", help="Its slug or id.")]
_Anchors = Annotated[
    list[str] | None,
    typer.Option(
        "--anchor",
        metavar="PLACE",
        help="FILE, git:FOLDER or s3://BUCKET/PREFIX?days=N; may be given again.",
    ),
]


@command(app)
async def seal(
    tenant: Tenant = None,
    anchor: _Anchors = None,
    *,
    lag: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="Stay so far behind the clock, lest it was ahead."
        ),
    ] = 60,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Wait so long for open transactions.")
    ] = 60,
) -> Answer:
    """Seal what every tenant's record holds, and then the platform's."""
    from tenantry.ops import seals

    places = _places(anchor)
    async with place.database() as db:
        tenant_id = await _tenant_id(db, tenant)
        with screen.progress() as tell:
            tell("Waiting for open transactions")
            run = await seals.seal(
                db,
                tenant_id=tenant_id,
                anchors=places,
                lag=timedelta(seconds=lag),
                patience=patience,
                tell=lambda so_far: tell(
                    f"Sealing: {so_far.entries:,} entries, {so_far.done} of {so_far.chains} records"
                ),
            )
    words = f"Sealed {run.entries:,} entries up to {run.until:%Y-%m-%d %H:%M:%S} UTC, in {len(run.seals)} seals."
    kept = "".join(f"\nAnchored {count} in {where}" for where, count in run.anchored.items())
    return Answer(run.to_dict(), words + kept)


@command(app)
async def verify(tenant: Tenant = None, anchor: _Anchors = None) -> Answer:
    """Find every entry that was changed, removed or inserted since. Exit code 1: there is one."""
    from tenantry.ops import seals

    places = _places(anchor)
    async with place.database() as db:
        tenant_id = await _tenant_id(db, tenant)
        with screen.progress() as tell:
            report = await seals.verify(
                db,
                tenant_id=tenant_id,
                anchors=places,
                tell=lambda so_far: tell(
                    f"Verifying: {so_far.entries:,} entries, {so_far.found} findings"
                ),
            )
    if report.ok:
        return Answer(report.to_dict(), f"Nothing was changed: {_counted(report)}.{_told(report)}")
    lines = [
        (f.what, f.tenant_id or "the platform", f.entry_id, f.seal, f.detail)
        for f in report.findings
    ]
    return Answer(
        report.to_dict(),
        table(("Finding", "Tenant", "Entry", "Seal", ""), lines),
        note=f"{report.found} finding{'s'[: report.found != 1]} in {_counted(report)}.{_told(report)}",
        code=exits.FAILED,
    )


@command(app)
async def proof(
    entry: Annotated[UUID, typer.Argument(metavar="ID", help="A sealed entry's id.")],
    *,
    through: Annotated[
        int | None, typer.Option(metavar="SEAL", help="Go on to the seal of this number.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there; else to stdout.")
    ] = None,
) -> Answer:
    """Prove that an entry is in the sealed record, to whoever holds the seal's hash. The script
    docs/verify_proof.py checks it."""
    from tenantry.ops import seals

    async with place.database() as db:
        proven = await seals.prove(db, entry, through=through)
    text = json.dumps(proven, indent=2, ensure_ascii=False)
    if output is None:
        return Answer(proven, text)
    files.write(output, text + "\n")
    return Answer({"path": output, "hash": proven["hash"]}, f"Wrote {output}")


def _places(texts: list[str] | None) -> list[Anchor]:
    from tenantry.ops.seals import anchor_of

    return [anchor_of(text) for text in texts or ()]


async def _tenant_id(db: Database, name: str | None) -> UUID | None:
    if name is None:
        return None
    async with db.service("tenantry audit") as s:
        return (await lookup.tenant(s, name)).id


def _counted(report: Report) -> str:
    words = (
        f"{report.entries:,} sealed entries in {report.seals:,} seals of {report.chains:,} records"
    )
    words += f", {report.unsealed:,} not sealed yet"
    if report.partitions:
        words += f", {report.detached:,} of months that were detached"
    return words + (f", {report.anchored:,} anchored seals" if report.anchored else "")


def _told(report: Report) -> str:
    """What is said beside: months that nothing can be verified of any more."""
    return "".join(f"\n{part}" for part in report.partitions)
