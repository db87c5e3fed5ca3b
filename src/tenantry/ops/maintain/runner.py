"""The steps, one after the other: a step that fails stops none, and none is done by two at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from tenantry.errors import InvalidInput, TenantryError

from . import analyze, expired, partitions, reindex, retention, seals, vacuum, views
from .step import Outcome, Step, Upkeep

#: In this order: what is sealed can be taken out, what was taken out needs no statistics.
STEPS: Final[dict[str, Step]] = {
    step.name: step
    for step in (
        partitions.STEP, seals.STEP, retention.STEP, expired.STEP, views.STEP, vacuum.STEP,
        analyze.STEP, reindex.STEP,
    )
}  # fmt: skip
_TRY: Final = "SELECT pg_try_advisory_lock(hashtextextended('tenantry.maintain.' || $1, 20261121))"


@dataclass(frozen=True, slots=True)
class Report:
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        return all(outcome.state != "failed" for outcome in self.outcomes)


async def maintain(
    upkeep: Upkeep,
    steps: Sequence[str] | None = None,
    *,
    stop: asyncio.Event | None = None,
    done: Callable[[Outcome], None] = lambda _: None,
) -> Report:
    """Do all the steps, or these. When `stop` is set, the one under way is the last."""
    chosen = [_step(name) for name in steps or STEPS]
    if upkeep.name is not None and (len(chosen) != 1 or not chosen[0].names):
        raise InvalidInput("A name is of one step's, which has such.", field="name")
    retention.check(upkeep)  # before anything is done
    outcomes = []
    for step in chosen:
        if stop is not None and stop.is_set():
            break
        outcomes.append(await _one(upkeep, step))
        done(outcomes[-1])
    return Report(tuple(outcomes))


async def loop(
    upkeep: Upkeep,
    every: float,
    steps: Sequence[str] | None = None,
    *,
    stop: asyncio.Event,
    done: Callable[[Outcome], None] = lambda _: None,
) -> None:
    """Again and again, with so many seconds from the end of one to the next, until `stop` is set."""
    while not stop.is_set():
        await maintain(upkeep, steps, stop=stop, done=done)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


async def _one(upkeep: Upkeep, step: Step) -> Outcome:
    began = time.monotonic()
    upkeep.tell(step.name.capitalize())
    try:
        async with _alone(upkeep, step) as mine:
            if not mine:
                return Outcome(step.name, "elsewhere")
            actions = tuple(await step.run(upkeep))
    except InvalidInput:
        raise
    except TenantryError as error:
        return Outcome(step.name, "failed", error=str(error), seconds=time.monotonic() - began)
    state = "done" if actions else "nothing"
    return Outcome(step.name, state, actions, seconds=time.monotonic() - began)  # type: ignore[arg-type]


@asynccontextmanager
async def _alone(upkeep: Upkeep, step: Step) -> AsyncIterator[bool]:
    """Whether nobody else does this step; the lock ends with its connection, whatever ends that."""
    async with upkeep.owner() as guard:
        yield bool(await guard.fetchval(_TRY, step.name))


def _step(name: str) -> Step:
    if name not in STEPS:
        raise InvalidInput(
            f"There is no step {name}.", field="step", hint=f"The steps: {', '.join(STEPS)}."
        )
    return STEPS[name]
