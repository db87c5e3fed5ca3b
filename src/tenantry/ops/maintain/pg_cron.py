"""The same for pg_cron, as far as SQL alone can do it: what must be sealed, watched or built beside its
users needs `tenantry maintain`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import MetaData

from tenantry.kernel.patience import SHORT_WAITS
from tenantry.schema.partitions import AHEAD, partitioned
from tenantry.schema.roles import OWNER, SERVICE


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    schedule: str
    command: str
    role: str


def jobs(metadata: MetaData) -> Iterator[Job]:
    tables = ", ".join(f"('{t}', '{p}')" for t, p in partitioned(metadata).items())
    yield Job(
        "tenantry views", "*/15 * * * *",
        "SET statement_timeout = 0; SELECT tenantry.refresh_all_views()", SERVICE,
    )  # fmt: skip
    yield Job(
        "tenantry partitions", "17 * * * *",
        f"{SHORT_WAITS}; SELECT tenantry.add_partition(t.name, t.period, date_trunc(t.period, now(), 'UTC')"  # noqa: S608
        f" + n * ('1 ' || t.period)::interval) FROM (VALUES {tables}) AS t (name, period),"
        f" generate_series(0, {AHEAD}) AS n", OWNER,
    )  # fmt: skip
    yield Job("tenantry analyze", "41 3 * * *", _analyze(metadata), OWNER)


def _analyze(metadata: MetaData) -> str:
    """Of partitioned tables as a whole, which autovacuum never does."""
    return f"ANALYZE {', '.join(f'tenantry.{name}' for name in partitioned(metadata))}"


def sql(metadata: MetaData, database: str) -> str:
    """What a superuser runs in the database that pg_cron is in."""
    name = database.replace("'", "''")
    lines = [
        f"SELECT cron.schedule_in_database('{job.name}', '{job.schedule}', $job${job.command}$job$,"
        f" '{name}', '{job.role}');"
        for job in jobs(metadata)
    ]
    return "\n".join(lines)
