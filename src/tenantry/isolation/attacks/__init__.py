"""The attacks: each an oracle of its own, and a control that shows it would notice a leak."""

from __future__ import annotations

from collections.abc import Callable

from ..subject import Subject
from . import (  # noqa: F401 - they register themselves
    context,
    graphs,
    read,
    rules,
    server,
    sessions,
    write,
)
from .arena import Arena, arena
from .doors import Doors
from .registry import ATTACKS, Attack, NotApplicable, Unseeing
from .results import Result, Trial, Verdict


async def run_attacks(
    url: str,
    subject: Subject,
    doors: Doors | None,
    progress: Callable[[str], None] = lambda _: None,
    *,
    prepare: str = "",
    only: frozenset[int] | None = None,
) -> list[Result]:
    """All attacks, or those of these numbers, on a database that `prepare` changed for them alone."""
    async with arena(url, subject, doors, prepare=prepare) as made:
        results = _unmade(made)
        for number, chosen in sorted(ATTACKS.items()):
            if only is None or number in only:
                progress(f"Attack {number} of {max(ATTACKS)}: {chosen.title}")
                results.append(await run(made, chosen))
        return results


async def run(made: Arena, chosen: Attack) -> Result:
    trials: list[Trial] = []
    try:
        trials += [trial async for trial in chosen.make(made)]
    except NotApplicable as reason:
        return Result(chosen.number, chosen.title, Verdict.NOT_APPLICABLE, 0, note=str(reason))
    except Unseeing as reason:
        return Result(chosen.number, chosen.title, Verdict.BLIND, 0, note=str(reason))
    controls = [t for t in trials if t.control]
    leaks = tuple(t for t in trials if t.leak and not t.control)
    tries = len(trials) - len(controls)
    if leaks:
        is_open = chosen.open_when_plain and not made.subject.sealed
        verdict = Verdict.OPEN if is_open else Verdict.SUCCEEDED
    else:
        verdict = Verdict.FAILED if all(t.leak for t in controls) and controls else Verdict.BLIND
    note = chosen.note
    if verdict is Verdict.BLIND:
        missed = ", ".join(sorted({t.object for t in controls if not t.leak}))
        note = f"its control went unnoticed: {missed}" if missed else "it has no control"
    return Result(chosen.number, chosen.title, verdict, tries, leaks, note)


def _unmade(made: Arena) -> list[Result]:
    """What made no row of a table keeps the attacks from it; that is said, not passed over."""
    missing = {**made.me.missing, **made.victim.missing}
    needed = [r.name for r in made.relations if r.name in missing and r.tenant_column is not None]
    return [
        Result(
            0, "No row to attack", Verdict.BLIND, 0,
            note=f"none of {name} could be made: {missing[name][:200]}",
        )
        for name in needed
    ]  # fmt: skip


__all__ = ["ATTACKS", "Attack", "Doors", "Result", "Trial", "Verdict", "run_attacks"]
