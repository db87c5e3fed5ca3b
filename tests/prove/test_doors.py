"""The ways in: through a pooler, and what becomes of an attack that cannot see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import asyncpg
import pytest

from tenantry.errors import ConfigurationError, ConnectionLost
from tenantry.isolation.attacks import ATTACKS, Doors, Trial, Verdict, run_attacks
from tenantry.isolation.attacks.arena import Arena
from tenantry.isolation.attacks.doors import _Kernel
from tenantry.isolation.attacks.registry import Tries
from tenantry.isolation.proof import attack_findings, prove
from tenantry.isolation.subject import Subject
from tenantry.models import metadata
from tests.fixtures.database import Place
from tests.fixtures.servers import Pooler

_APP = "tenantry_app"
_BY_DOOR = frozenset({22, 23, 45, 51, 52, 53, 54, 55})


@pytest.fixture
def pooled(proved: Place, pgbouncer: Callable[..., Pooler]) -> Doors:
    password = proved.server.password(_APP)
    # One connection behind it, so that whoever comes next meets what the last one left.
    pooler = pgbouncer(proved.server, {_APP: password}, {"default_pool_size": "1"})
    return Doors({_APP: pooler.url(_APP, proved.name)})


async def test_nothing_gets_through_a_pooler(
    proved: Place, subject: Subject, pooled: Doors
) -> None:
    only = _BY_DOOR - {51}  # which needs two connections at a time
    results = await run_attacks(proved.url("superuser"), subject, pooled, only=only)
    assert {r.number: r.verdict for r in results} == dict.fromkeys(only, Verdict.FAILED)


async def test_a_careless_visitor_is_cleaned_up_after(
    proved: Place, subject: Subject, pooled: Doors
) -> None:
    """Its connection is the pooler's, and outlives it. Another role's door comes after it."""
    both = Doors({**pooled.urls, "tenantry_readonly": proved.url("readonly")})
    for _ in range(2):
        results = await run_attacks(
            proved.url("superuser"), subject, both, only=frozenset({22, 23, 45})
        )
        assert {r.verdict for r in results} == {Verdict.FAILED}
    left = await asyncpg.connect(pooled.urls[_APP], statement_cache_size=0)
    try:
        assert not await left.fetchval("SELECT current_setting('app.tenant_id', true)")
        assert not await left.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        assert not await left.fetchval("SELECT count(*) FROM pg_cursors WHERE is_holdable")
        assert not await left.fetch("SELECT pg_listening_channels()")
    finally:
        await left.close()


async def test_doors_of_another_database_are_refused(
    proved: Place, place: Place, doors: Doors
) -> None:
    with pytest.raises(ConfigurationError, match="another database") as refused:
        await prove(place.url("superuser"), metadata, doors=doors)
    assert "--url" in refused.value.hint
    # Whoever makes no attacks goes through no door.
    assert (await prove(place.url("superuser"), metadata, doors=doors, attacks=False)).ok


async def test_an_attack_whose_control_goes_unnoticed_is_a_finding(
    proved: Place, subject: Subject
) -> None:
    async def blind(arena: Arena) -> Tries:
        for target in arena.targets(_APP):
            yield Trial(target.label, "", target.control)

    async def uncontrolled(arena: Arena) -> Tries:
        yield Trial("anything")

    replaced = {n: replace(ATTACKS[n], make=m) for n, m in ((1, blind), (2, uncontrolled))}
    with patch.dict(ATTACKS, replaced):
        results = await run_attacks(proved.url("superuser"), subject, None, only=frozenset({1, 2}))
    assert {r.number for r in results if r.verdict is Verdict.BLIND} == {1, 2}
    assert {f.key for f in attack_findings(results)} == {
        "attack-01:the attack itself",
        "attack-02:the attack itself",
    }


async def test_a_door_that_nobody_gets_in_by_proves_nothing(
    proved: Place, subject: Subject, doors: Doors
) -> None:
    async def shut(self: object, *_: object) -> list[object]:
        raise ConnectionLost("The door is shut.")

    for way in ("glance", "visit"):
        with patch.object(_Kernel, way, shut):
            results = await run_attacks(
                proved.url("superuser"), subject, doors, only=frozenset({45, 53})
            )
        assert {r.verdict for r in results} == {Verdict.BLIND}
        assert all("The door is shut" in r.note for r in results)


async def test_a_table_that_no_row_fits_is_a_finding(proved: Place, subject: Subject) -> None:
    made = "CREATE TABLE tenantry.riddles (tenant_id uuid, id uuid, answer text CHECK (md5(answer) = 'x'))"
    table = replace(subject.tables[0], schema="tenantry", name="riddles", column="tenant_id")
    widened = replace(subject, tables=(*subject.tables, table))
    results = await run_attacks(
        proved.url("superuser"), widened, None, prepare=f"{made}; ALTER TABLE tenantry.riddles ALTER answer SET NOT NULL", only=frozenset()
    )  # fmt: skip
    (unmade,) = results
    assert unmade.verdict is Verdict.BLIND
    assert "riddles" in unmade.note
