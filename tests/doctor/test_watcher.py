"""Who looks: a watcher of the server sees all there is, and whoever cannot see says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from tenantry.ops.doctor import LOOKING, Limits, Patient, Report, examine

from .clinic import Clinic

#: Those about the database itself.
CHECKS = (
    "long-transactions", "idle-in-transaction", "prepared-transactions", "lock-waits", "connections",
    "wraparound", "dead-rows", "stale-statistics", "autovacuum", "index-bloat", "invalid-indexes",
    "unused-indexes", "duplicate-indexes", "missing-indexes", "unindexed-references", "sequences",
    "partitions-ahead", "default-partitions", "checksum-failures", "checksums-off", "cache-hits",
    "tracking", "extensions", "unsealed-record", "outbox",
)  # fmt: skip


_PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()


@asynccontextmanager
async def _login(clinic: Clinic, *, watches: bool = True) -> AsyncIterator[asyncpg.Connection[Any]]:
    """One such as the documentation makes, and nothing else; or without its one group."""
    place = clinic.place
    role = f"watcher_{place.name}"
    (made,) = re.findall(r"```sql\n(.*?)```", _PAGE, re.DOTALL)
    made = made.replace("tenantry_watcher", role).replace(
        "DATABASE tenantry", f"DATABASE {place.name}"
    )
    await clinic.execute(made if watches else made.replace(" IN ROLE pg_monitor", ""))
    connection = await asyncpg.connect(
        host=str(place.server.socket_dir), port=place.server.port, user=role, password="…",
        database=place.name,
    )  # fmt: skip
    try:
        await connection.execute(LOOKING)
        yield connection
    finally:
        await connection.close()
        await clinic.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


async def _report(clinic: Clinic, server: Any, **settings: Any) -> Report:
    patient = Patient(clinic.place.settings(**settings), server, limits=clinic.limits)
    return await examine(patient, CHECKS)


async def test_a_watcher_sees_what_a_superuser_sees(clinic: Clinic) -> None:
    await clinic.execute(
        "CREATE TABLE public.ledger (n int PRIMARY KEY) WITH (autovacuum_enabled = off)",
        "INSERT INTO public.ledger SELECT generate_series(1, 100)",
        "CREATE INDEX ledger_n ON public.ledger (n)",
        "CREATE SEQUENCE tenantry.tickets MAXVALUE 10",
        "ALTER SEQUENCE tenantry.tickets OWNER TO tenantry_owner",
        "SELECT setval('tenantry.tickets', 10)",
        "INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type)"
        " VALUES (gen_random_uuid(), '018e0000-0000-7000-8000-000000000000', 'event', 'x')",
        "DROP TABLE tenantry.activity_feed_default",
    )
    clinic.limits = Limits(
        transaction=timedelta(0), idle=timedelta(0), partitions_ahead=9, unused_since=timedelta(0),
        index_bytes=0,
    )  # fmt: skip
    forgotten = await clinic.place.connection("app")
    await forgotten.execute("BEGIN")
    async with _login(clinic) as watcher:
        seen = await _report(clinic, watcher)
    assert seen.unseen == ()
    assert len(seen.looked) == len(CHECKS)
    async with clinic.superuser() as server:
        await server.execute(LOOKING)
        all_ = await _report(clinic, server)
    await forgotten.close()
    assert {f.key for f in seen.findings} == {f.key for f in all_.findings}
    assert {f.check for f in seen.findings} >= {
        "long-transactions", "idle-in-transaction", "autovacuum", "sequences", "partitions-ahead",
        "default-partitions", "duplicate-indexes", "tracking",
    }  # fmt: skip


async def test_who_lacks_a_login_or_a_right_is_told(clinic: Clinic) -> None:
    async with _login(clinic) as watcher:
        report = await _report(clinic, watcher, service_url=None, owner_url=None)
    unseen = {u.check: f"{u.why} {u.hint}" for u in report.unseen}
    assert set(unseen) == {"sequences", "default-partitions", "unsealed-record", "outbox"}
    assert "TENANTRY_OWNER_URL" in unseen["sequences"]
    assert "TENANTRY_SERVICE_URL" in unseen["outbox"]
    assert not report.ok
    # As where `tenantry init` could not close it: such a server shows everyone his own sessions alone.
    await clinic.execute("GRANT EXECUTE ON FUNCTION pg_stat_get_activity(int) TO PUBLIC")
    async with _login(clinic, watches=False) as stranger:
        report = await _report(clinic, stranger)
    unseen = {u.check: u.hint for u in report.unseen}
    assert set(unseen) == {
        "long-transactions", "idle-in-transaction", "lock-waits", "connections", "checksums-off",
        "tracking",
    }  # fmt: skip
    assert all("TENANTRY_MONITOR_URL" in hint for hint in unseen.values())


async def test_a_sequence_that_nobody_may_look_at(clinic: Clinic) -> None:
    await clinic.execute("CREATE SEQUENCE public.secret")
    async with _login(clinic) as watcher:
        (unseen,) = (await _report(clinic, watcher)).unseen
    assert unseen.check == "sequences"
    assert 'GRANT SELECT ON SEQUENCE "public"."secret"' in unseen.hint


async def test_none_takes_long_where_there_are_thousands_of_tables(clinic: Clinic) -> None:
    """Not by the clock: in how many statements, which must not depend on how many tables there are."""
    counted: list[str] = []
    async with clinic.superuser() as server:
        await server.execute(
            "CREATE TABLE public.days (n int PRIMARY KEY) PARTITION BY RANGE (n);"
            "DO $$ BEGIN FOR i IN 1..100 LOOP EXECUTE format("
            "'CREATE TABLE public.days_%s PARTITION OF public.days FOR VALUES FROM (%s) TO (%s)', i, i, i + 1);"
            " END LOOP; END $$"
        )
        await server.execute(LOOKING)
        server.add_query_logger(lambda record: counted.append(record.query))
        report = await _report(clinic, server)
    assert report.unseen == ()
    assert len(counted) <= 2 * len(CHECKS)


def test_the_page_tells_of_every_check() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+) \| (.+) \| (.+) \|$", _PAGE, re.MULTILINE)
    assert {row[0] for row in rows} >= set(CHECKS)
