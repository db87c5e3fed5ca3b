"""The record's newest entries, sealed."""

from __future__ import annotations

from tenantry.ops import seals as record

from .step import Action, Step, Upkeep


async def _seal(upkeep: Upkeep) -> list[Action]:
    why = "what is sealed cannot be rewritten unnoticed"
    if upkeep.dry_run:
        return [Action("seal", "the record", why)]
    run = await record.seal(
        upkeep.db, tell=lambda so_far: upkeep.tell(f"Sealing: {so_far.entries:,} entries")
    )
    if not run.seals:
        return []
    return [Action("seal", "the record", why, f"{run.entries} entries in {len(run.seals)} seals")]


STEP = Step("seals", "seal the record as far as it has settled", _seal)
