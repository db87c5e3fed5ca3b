"""Whatever is broken on purpose is noticed, by what the documentation says."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from tenantry.isolation.attacks import Doors, Verdict, run_attacks
from tenantry.isolation.checks import CHECKS, run_checks
from tenantry.isolation.exceptions import exceptions
from tenantry.isolation.mutations import KERNEL, MUTATIONS, Mutation, table
from tenantry.isolation.proof import undone
from tenantry.isolation.prover import prove_statically
from tenantry.isolation.subject import recognise
from tenantry.kernel.context import Context
from tenantry.kernel.plain import connected
from tenantry.models import metadata
from tests.fixtures.database import Place

PAGE = Path(__file__).parents[2] / "docs" / "isolation.md"
_CHECKS = {check.name for check in CHECKS}
_NOTICED = (Verdict.SUCCEEDED, Verdict.BLIND)


# On one server: the product's own proof is tested on both.
@pytest.mark.postgres("wheel")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.slug)
async def test_it_is_noticed(proved: Place, mutation: Mutation) -> None:
    url = proved.url("superuser")
    async with connected(url) as connection, undone(connection, mutation.prepare):
        subject = await recognise(connection, metadata)
        found = {f.check for f in await run_checks(connection, subject)}
        # The prover takes most of the time: it is asked where it is to find something, or nobody is.
        is_to_be_proved = not set(mutation.static) <= _CHECKS or not mutation.static
        excepted = await exceptions(connection, metadata) if is_to_be_proved else []
    if is_to_be_proved:
        proved_wrong = prove_statically(url, subject, excepted, prepare=mutation.prepare)
        found |= {f.check for f in proved_wrong}
    assert set(mutation.static) <= found
    assert bool(mutation.static) == bool(found)
    if mutation.attacks:
        wanted = frozenset(mutation.attacks)
        results = await run_attacks(url, subject, None, prepare=mutation.prepare, only=wanted)
        assert {r.number for r in results if r.verdict in _NOTICED} >= wanted


async def test_a_kernel_that_sets_a_tenant_for_the_session_is_noticed(
    proved: Place, doors: Doors
) -> None:
    right = Context.settings.fget  # type: ignore[attr-defined]
    wrong = property(lambda self: right(self).replace("SET LOCAL", "SET"))
    async with connected(proved.url("superuser")) as connection:
        subject = await recognise(connection, metadata)
    only = frozenset(KERNEL.attacks)
    with patch.object(Context, "settings", wrong):
        results = await run_attacks(proved.url("superuser"), subject, doors, only=only)
    assert {r.number for r in results if r.verdict in _NOTICED} == only


def test_every_mutation_is_noticed_by_one_side_at_least() -> None:
    assert [m.name for m in (*MUTATIONS, KERNEL) if not (m.static or m.attacks)] == []


def test_every_check_notices_a_mutation_or_is_tested_apart() -> None:
    from .test_checks import VIOLATIONS

    noticing = {name for m in MUTATIONS for name in m.static} | {name for name, _ in VIOLATIONS}
    apart = {"server-version"} | {c.name for c in CHECKS if c.name.startswith("citus-")}
    assert {c.name for c in CHECKS} - noticing - apart == set()


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text("utf-8").partition("<!-- generated: mutations -->")[2]
    assert text.partition("<!-- end -->")[0].strip() == table().strip(), "run: make docs"
