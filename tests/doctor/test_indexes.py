"""Indexes that cost more than they give, and those that lack."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from tenantry.ops.doctor import Limits
from tenantry.ops.maintain import reindex

from .clinic import Clinic


async def test_indexes_that_a_failed_build_left(clinic: Clinic) -> None:
    assert await clinic.find("invalid-indexes") == []
    broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tenantry.{}'::regclass"
    await clinic.execute(
        "CREATE TABLE public.ledger AS SELECT 1 AS n FROM generate_series(1, 2)",
        "CREATE INDEX lessons_ccnew ON tenantry.lessons (id)",
        "CREATE INDEX lessons_own ON tenantry.lessons (id)",
        broken.format("lessons_ccnew"),
        broken.format("lessons_own"),
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await clinic.execute("CREATE UNIQUE INDEX CONCURRENTLY ledger_n ON public.ledger (n)")
    assert len(await clinic.find("invalid-indexes")) == 3
    await clinic.cured("invalid-indexes", "lessons_ccnew")
    await clinic.cured("invalid-indexes", "lessons_own")
    await clinic.execute("DELETE FROM public.ledger WHERE ctid <> '(0,1)'")  # as the advice says
    await clinic.cured("invalid-indexes", "public.ledger_n")


async def test_bloated_indexes(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await clinic.find("index-bloat") == []
    monkeypatch.setattr(reindex, "BLOAT_BYTES", 100_000)
    await clinic.execute(
        "CREATE TABLE public.ledger (n int PRIMARY KEY)",
        "INSERT INTO public.ledger SELECT generate_series(1, 20000)",
        "INSERT INTO tenantry.lock_fences (tenant_id, name) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 10000)",
        "DELETE FROM public.ledger WHERE n % 1000 > 0",
        "DELETE FROM tenantry.lock_fences",
        "VACUUM public.ledger, tenantry.lock_fences",
    )
    for name in ("public.ledger_pkey", "lock_fences_pkey"):
        await clinic.cured("index-bloat", name)


async def test_indexes_that_nobody_needs(clinic: Clinic) -> None:
    await clinic.execute(
        "CREATE TABLE public.ledger (n int PRIMARY KEY, m int UNIQUE, o int)",
        "INSERT INTO public.ledger SELECT n, n, n FROM generate_series(1, 5000) AS n",
        "CREATE INDEX ledger_o ON public.ledger (o)",
        "CREATE TABLE public.days (n int) PARTITION BY RANGE (n)",
        "CREATE TABLE public.days_1 PARTITION OF public.days FOR VALUES FROM (1) TO (9)",
        "CREATE INDEX days_n ON public.days (n)",
    )
    assert await clinic.find("unused-indexes") == []
    clinic.limits = Limits(unused_since=timedelta(0), index_bytes=0)
    # Not those of constraints, and none that Tenantry's own tables have.
    found = {f.object for f in await clinic.find("unused-indexes")}
    assert found == {"public.ledger_o", "public.days_n"}
    await clinic.execute(
        "SET enable_seqscan = off", "SELECT FROM public.ledger WHERE o = 7"
    )  # used, by now
    assert {f.object for f in await clinic.find("unused-indexes")} == {"public.days_n"}
    await clinic.cured("unused-indexes", "public.days_n")


async def test_an_unused_index_is_dropped(clinic: Clinic) -> None:
    clinic.limits = Limits(unused_since=timedelta(0), index_bytes=0)
    await clinic.execute(
        "CREATE TABLE public.ledger AS SELECT generate_series(1, 10) AS o",
        "CREATE INDEX ledger_o ON public.ledger (o)",
    )
    await clinic.cured("unused-indexes", "public.ledger_o")


async def test_the_same_index_twice(clinic: Clinic) -> None:
    assert await clinic.find("duplicate-indexes") == []
    await clinic.execute(
        "CREATE TABLE public.ledger (n int PRIMARY KEY, o int, words text)",
        "CREATE INDEX ledger_n ON public.ledger (n)",
        "CREATE UNIQUE INDEX ledger_u ON public.ledger (n)",
        "CREATE INDEX ledger_o1 ON public.ledger (lower(words), o)",
        "CREATE INDEX ledger_o2 ON public.ledger (lower(words), o)",
        # None of these is the same as another.
        "CREATE INDEX ledger_o3 ON public.ledger (lower(words), o) WHERE o > 1",
        "CREATE INDEX ledger_o4 ON public.ledger (lower(words), o DESC)",
        "CREATE INDEX ledger_o5 ON public.ledger (lower(words)) INCLUDE (o)",
        "CREATE UNIQUE INDEX ledger_o6 ON public.ledger (o)",
        "CREATE TABLE public.days (n int) PARTITION BY RANGE (n)",
        "CREATE TABLE public.days_1 PARTITION OF public.days FOR VALUES FROM (1) TO (9)",
        "CREATE INDEX days_1_n ON public.days (n)",
        "CREATE INDEX days_2_n ON public.days (n)",
    )
    found = {f.object: f for f in await clinic.find("duplicate-indexes")}
    assert set(found) == {
        "public.ledger_n", "public.ledger_u", "public.ledger_o2", "public.days_2_n",
    }  # fmt: skip
    assert "same as ledger_pkey" in found["public.ledger_n"].what
    for name in found:
        await clinic.cured("duplicate-indexes", name)
    assert await clinic.find("duplicate-indexes") == []


async def test_references_that_nobody_can_be_looked_up_by(clinic: Clinic) -> None:
    clinic.limits = Limits(big_table=50)
    await clinic.execute(
        "CREATE TABLE public.people (a int, b int, PRIMARY KEY (a, b))",
        "CREATE TABLE public.ledger (a int, b int, c int, d int, FOREIGN KEY (a, b) REFERENCES public.people,"
        " CONSTRAINT covered FOREIGN KEY (c, d) REFERENCES public.people)",
        # In the other order, without those that refer to nothing: it serves all the same.
        "CREATE INDEX ON public.ledger (d, c, a) WHERE c IS NOT NULL",
        "CREATE INDEX ON public.ledger (a, c, b)",
        "CREATE TABLE public.small (a int, b int, FOREIGN KEY (a, b) REFERENCES public.people)",
        "CREATE TABLE public.days (a int, b int, FOREIGN KEY (a, b) REFERENCES public.people) PARTITION BY RANGE (a)",
        "CREATE TABLE public.days_1 PARTITION OF public.days FOR VALUES FROM (0) TO (999)",
        "INSERT INTO public.ledger (a, b) SELECT n, n FROM generate_series(1, 100) AS n",
        "INSERT INTO public.days SELECT n, n FROM generate_series(1, 100) AS n",
        # Whoever keeps many in Tenantry's own tables is not told of what is decided for him.
        "INSERT INTO tenantry.lock_fences (tenant_id, name) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 100)",
    )
    found = [f.object for f in await clinic.find("unindexed-references")]
    assert found == ["public.days.days_a_b_fkey", "public.ledger.ledger_a_b_fkey"]
    for name in found:
        await clinic.cured("unindexed-references", name)
