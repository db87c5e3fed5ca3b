"""Tables: what is dead, stale, old, or read from end to end."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

import asyncpg
import pytest

from tenantry.ops.doctor import Limits
from tenantry.ops.maintain import analyze, vacuum

from .clinic import Clinic


async def test_dead_rows_and_stale_statistics(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await clinic.find("dead-rows") == []
    monkeypatch.setattr(vacuum, "DEAD_ROWS", 20)
    monkeypatch.setattr(analyze, "CHANGED_ROWS", 20)
    await clinic.execute(
        "CREATE TABLE public.ledger (n int) WITH (autovacuum_enabled = off)",
        "ALTER TABLE tenantry.lock_fences SET (autovacuum_enabled = off)",
        "INSERT INTO public.ledger SELECT generate_series(1, 100)",
        "INSERT INTO tenantry.lock_fences (tenant_id, name) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 100)",
        "INSERT INTO tenantry.audit_logs (tenant_id, action, resource_type) VALUES (gen_random_uuid(), 'event', 'x')",
        "DELETE FROM public.ledger WHERE n > 40",
        "DELETE FROM tenantry.lock_fences",
    )
    for table in ("lock_fences", "public.ledger"):
        finding = await clinic.one("dead-rows", table)
        assert finding.severity == "warning"
        assert ("tenantry maintain" in str(finding.advice)) is (table == "lock_fences")
        await clinic.cured("dead-rows", table)
        clinic.limits = Limits()
        assert (await clinic.one("stale-statistics", table)).severity == "notice"
        clinic.limits = Limits(stale_after=timedelta(0))
        assert (await clinic.one("stale-statistics", table)).severity == "warning"
        await clinic.cured("stale-statistics", table)
    assert "as a whole" in (await clinic.one("stale-statistics", "audit_logs")).what
    await clinic.cured("stale-statistics", "audit_logs")


async def test_autovacuum_off_for_a_table(clinic: Clinic) -> None:
    assert await clinic.find("autovacuum") == []
    await clinic.execute(
        "CREATE TABLE public.notes (words text) WITH (toast.autovacuum_enabled = off)",
        "CREATE MATERIALIZED VIEW public.sums WITH (autovacuum_enabled = false) AS SELECT 1 AS n",
        "ALTER TABLE tenantry.lessons SET (autovacuum_enabled = 'no', fillfactor = 90)",
    )
    assert len(await clinic.find("autovacuum")) == 3
    for table in ("public.notes (TOAST)", "public.sums", "lessons"):
        await clinic.cured("autovacuum", table)
    assert await clinic.find("autovacuum") == []


async def test_rows_whose_numbers_come_round_again(clinic: Clinic) -> None:
    name = clinic.place.name
    assert await clinic.find("wraparound") == []
    await clinic.execute(
        "CREATE TABLE public.numbers (n int PRIMARY KEY)",
        # Each inner block is a transaction of its own number: more than other tests use meanwhile.
        "DO $$ BEGIN FOR n IN 1..60000 LOOP BEGIN INSERT INTO public.numbers VALUES (n);"
        " EXCEPTION WHEN unique_violation THEN NULL; END; END LOOP; END $$",
    )
    clinic.limits = Limits(freeze_overdue=40_000 - 200_000_000)
    (aged,) = [f for f in await clinic.find("wraparound") if f.object == f"database {name}"]
    assert aged.severity == "warning"
    clinic.limits = Limits(freeze_overdue=40_000 - 200_000_000, age_critical=40_000)
    assert (await clinic.one("wraparound", f"database {name}")).severity == "critical"
    await _cured(clinic, f"database {name}")
    await _locked(clinic, 200)
    clinic.limits = Limits(freeze_overdue=100 - 400_000_000)
    assert "locked a row" in (await clinic.one("wraparound", f"row locks of database {name}")).what
    await _cured(clinic, f"row locks of database {name}")


async def _cured(clinic: Clinic, about: str) -> None:
    """What all databases share is frozen up to the oldest transaction of any, another test's too: as the
    advice says, that has to end first."""
    deadline = monotonic() + 60
    finding = await clinic.one("wraparound", about)
    while finding.key in {f.key for f in await clinic.find("wraparound")}:
        assert monotonic() < deadline
        await clinic.follow(finding)


async def _locked(clinic: Clinic, many: int) -> None:
    """As many groups of transactions that share a row's lock."""
    first = await clinic.place.connection("superuser")
    await first.execute(f"BEGIN; SELECT FROM public.numbers WHERE n <= {many} FOR SHARE")
    await clinic.execute(
        f"DO $$ BEGIN FOR i IN 1..{many} LOOP BEGIN PERFORM FROM public.numbers WHERE n = i FOR SHARE;"
        " EXCEPTION WHEN unique_violation THEN NULL; END; END LOOP; END $$"
    )
    await first.close()


async def test_a_table_read_from_end_to_end(clinic: Clinic) -> None:
    clinic.limits = Limits(big_table=1000, whole_reads=5)
    await clinic.execute(
        "CREATE TABLE public.ledger (account int)",
        "INSERT INTO public.ledger SELECT generate_series(1, 5000)",
    )
    await clinic.execute("ANALYZE public.ledger")
    reads = ["SELECT count(*) FROM public.ledger WHERE account = 7"] * 10
    await clinic.execute(*reads)
    assert "5,000 rows" in (await clinic.one("missing-indexes", "public.ledger")).what
    await clinic.cured("missing-indexes", "public.ledger")
    # Without an index that was of no use.
    await clinic.execute(*reads)
    finding = await clinic.one("missing-indexes", "public.ledger")
    await clinic.execute("CREATE INDEX CONCURRENTLY ON public.ledger (account)")
    await clinic.follow(finding)
    await clinic.execute(*reads)
    assert await clinic.find("missing-indexes") == []


async def test_sequences_that_run_out(clinic: Clinic) -> None:
    assert await clinic.find("sequences") == []
    await clinic.execute(
        "CREATE TABLE public.old (id serial, n int GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE public.lame (id int DEFAULT 1)",
        "CREATE SEQUENCE public.lame_id OWNED BY public.lame.id",
        "CREATE SEQUENCE public.tickets MAXVALUE 100",
        "CREATE SEQUENCE public.down INCREMENT -1 MINVALUE -100",
        "CREATE SEQUENCE public.round MAXVALUE 100 CYCLE",
        "SELECT setval('public.old_id_seq', 2000000000), setval('public.old_n_seq', 2000000000),"
        " setval('public.lame_id', 2000000000), setval('public.tickets', 99), setval('public.down', -90),"
        " setval('public.round', 100)",
    )
    found = {f.object: f.severity for f in await clinic.find("sequences")}
    assert found == {
        "public.old_id_seq": "warning", "public.old_n_seq": "warning", "public.lame_id": "warning",
        "public.tickets": "critical", "public.down": "warning",
    }  # fmt: skip
    for name in found:
        await clinic.cured("sequences", name)
    await clinic.execute(
        "SELECT setval('public.old_id_seq', 3000000000)",
        "INSERT INTO public.old DEFAULT VALUES",
    )


async def test_what_is_not_kept_or_not_up_to_date(clinic: Clinic) -> None:
    assert await clinic.find("extensions") == []
    await clinic.execute("CREATE EXTENSION pg_trgm VERSION '1.3'")
    await clinic.cured("extensions", "pg_trgm")
    for name in ("track_io_timing", "pg_stat_statements"):
        await clinic.cured("tracking", name)
    # Applications see the statements of no other session by it.
    app = await clinic.place.connection("app")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.fetch("SELECT FROM public.pg_stat_statements LIMIT 1")
    await app.close()
