"""Rows in default partitions, where they wait for one of their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tenantry.migrations.apply import load_models
from tenantry.ops import partitions

from ..check import Check, Patient
from ..finding import Advice, Finding

#: Of a time before this, or two years ahead, no partition is made: see schema/partitions.sql.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_HORIZON = timedelta(days=2 * 365)


async def _look(patient: Patient) -> list[Finding]:
    load_models(patient.settings.models)
    async with patient.login("service") as service:
        found = await partitions.standings(service)
    return [_finding(one, patient.now()) for one in found if one.strays]


def _finding(one: partitions.Standing, now: datetime) -> Finding:
    words = f"{one.strays:,} rows are in its default partition."
    oldest, newest = one.oldest_stray or now, one.newest_stray or now
    if newest < _BEGINNING or oldest > now + _HORIZON:
        return Finding(
            CHECK.name,
            "notice",
            one.table,
            f"{words} Their ids are of no time that things happen at: they are no UUIDv7.",
            "They are safe there; retention never comes to them, and they make every new partition's making"
            " read the default one.",
            Advice(
                "Find who makes ids of his own, and let Tenantry make them. Rows that nobody needs can be"
                " deleted."
            ),
        )
    return Finding(
        CHECK.name,
        "warning",
        one.table,
        f"{words} They are of {oldest:%Y-%m-%d} to {newest:%Y-%m-%d}.",
        CHECK.why,
        Advice(
            "Have partitions made for them, to which they are moved.",
            shell=(f"tenantry maintain partitions {one.table}",),
        ),
    )


CHECK = Check(
    "default-partitions",
    "Rows in a default partition",
    _look,
    why=(
        "Retention never comes to them, whoever reads any time reads them too, and the more there "
        "are, the longer the table is locked when they are moved."
    ),
    mend="`tenantry maintain partitions TABLE`",
)
