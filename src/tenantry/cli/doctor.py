"""`doctor`: what is wrong, why it matters, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import exits, place, screen
from .answer import Answer
from .command import command

if TYPE_CHECKING:
    from tenantry.ops.doctor import Finding, Report

app = typer.Typer()


@command(app)
async def doctor(
    check: Annotated[
        list[str] | None, typer.Argument(metavar="CHECK", help="These alone; else all.")
    ] = None,
    *,
    production: Annotated[
        bool,
        typer.Option(
            "--production", help="Also what a system must have before strangers depend on it."
        ),
    ] = False,
) -> Answer:
    """Say what is wrong with the running system, why it matters, and the command that mends it. Changes
    nothing. Exit code 1: there is a finding worse than a notice, or something could not be seen."""
    settings = place.running()
    from tenantry.endpoints import monitor_url
    from tenantry.kernel.plain import connected
    from tenantry.ops.doctor import LOOKING, Patient, examine

    async with connected(monitor_url(settings), LOOKING, name="tenantry-doctor") as server:
        with screen.progress() as tell:
            report = await examine(
                Patient(settings, server), check or (), production=production, tell=tell
            )
    data = {
        "ok": report.ok,
        "findings": report.findings,
        "unseen": report.unseen,
        "looked": report.looked,
    }
    return Answer(data, _words(report), code=exits.OK if report.ok else exits.FAILED)


def _words(report: Report) -> str:
    said = [_finding(finding) for finding in report.findings]
    said += [
        f"not seen  {unseen.check}\n  {unseen.why}" + (f"\n  {unseen.hint}" if unseen.hint else "")
        for unseen in report.unseen
    ]
    looked, found = _many(len(report.looked), "check"), _many(len(report.findings), "finding")
    said.append(f"{looked}, {found}.")
    return "\n\n".join(said)


def _many(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number or 'no'} {word}s"


def _finding(finding: Finding) -> str:
    advice = finding.advice
    lines = [
        f"{finding.severity}  {finding.check}  {finding.object}",
        f"  {finding.what}",
        f"  Why: {finding.why}",
        f"  Do: {advice.words}",
        *(f"    {line};" for line in advice.sql),
        *(f"    {line}" for line in advice.shell),
    ]
    return "\n".join(lines)
