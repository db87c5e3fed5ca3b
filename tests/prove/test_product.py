"""The product proves itself, and a proof leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

import tenantry
from tenantry.isolation.attacks import ATTACKS, Doors, Verdict, run_attacks
from tenantry.isolation.proof import attack_findings, prove
from tenantry.isolation.subject import Subject
from tenantry.keyring import new_key
from tenantry.migrations.sealing import seal
from tenantry.models import metadata
from tenantry.ops import features
from tenantry.schema.access import grants, row_security
from tenantry.schema.install import create_table
from tenantry.schema.oneshot import one_shots
from tests.fixtures.database import Place, make_tenant
from tests.migrations.own import own_models

_STANDING = """
    SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^shop_'),
           (SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM tenantry.tenants),
           (SELECT count(*) FROM tenantry.users), (SELECT count(*) FROM tenantry.audit_logs),
           (SELECT count(*) FROM tenantry.platform_log), (SELECT count(*) FROM pg_largeobject_metadata),
           (SELECT string_agg(evtname || evtenabled::text, ',') FROM pg_event_trigger)"""


@pytest.mark.postgres("wheel", "system")
async def test_nothing_is_found_and_nothing_is_left(proved: Place, doors: Doors) -> None:
    admin = await proved.connection("superuser")
    try:
        before = tuple(await admin.fetchrow(_STANDING) or ())
        proof = await prove(proved.url("superuser"), metadata, doors=doors)
        assert tuple(await admin.fetchrow(_STANDING) or ()) == before
    finally:
        await admin.close()
    assert [(f.key, f.detail) for f in proof.findings] == []
    verdicts = {a.number: a.verdict for a in proof.attacks}
    assert set(verdicts) == {*range(1, 60)}
    assert {n for n, v in verdicts.items() if v is Verdict.OPEN} == {42}
    assert {n for n, v in verdicts.items() if v is Verdict.NOT_APPLICABLE} == {
        47,
        55,
        56,
        57,
        58,
        59,
    }
    assert all(
        v is Verdict.FAILED for n, v in verdicts.items() if n not in {42, 47, 55, 56, 57, 58, 59}
    )


async def test_under_sealed_contexts_nothing_is_open(place: Place) -> None:
    keys = (SecretStr(new_key()),)
    await seal(place.settings(context="sealed", seal_keys=keys), only=True)
    proof = await prove(place.url("superuser"), metadata)
    assert [(f.key, f.detail) for f in proof.findings] == []
    verdicts = {a.number: a.verdict for a in proof.attacks}
    assert verdicts[42] is verdicts[47] is Verdict.FAILED
    assert Verdict.OPEN not in verdicts.values()


async def test_nor_is_with_events_told_and_statements_counted(place: Place) -> None:
    await features.enable(place.settings(), "events")
    await features.enable(place.settings(), "statements", admin_url=place.url("superuser"))
    proof = await prove(place.url("superuser"), metadata, attacks=False)
    assert [(f.key, f.detail) for f in proof.findings] == []


@pytest.mark.postgres("wheel")
async def test_nor_is_with_every_feature(place: Place) -> None:
    settings, admin_url = place.settings(), place.url("superuser")
    await features.enable(settings, "graph", admin_url=admin_url)
    await features.enable(settings, "graph-questions")
    await features.enable(settings, "events")
    await features.enable(settings, "statements", admin_url=admin_url)
    doors = Doors({f"tenantry_{role}": place.url(role) for role in ("app", "readonly")})
    async with await tenantry.connect(settings=settings) as db:
        tenant = await make_tenant(db, "acme")
        await db.tenant(tenant.id).projects.create(name="Graphs")
        await db.tenant(tenant.id).graph.ask("MATCH (a) RETURN a")
    proof = await prove(admin_url, metadata, doors=doors)
    assert [(f.key, f.detail) for f in proof.findings] == []
    assert not any(schema.startswith("tg_") for schema in proof.subject.schemas)
    verdicts = {a.number: a.verdict for a in proof.attacks}
    assert {verdicts[n] for n in (56, 57, 58, 59)} == {Verdict.FAILED}
    assert {n for n, v in verdicts.items() if v is Verdict.OPEN} == {42}


async def test_an_applications_own_tables_are_proved_with_ours(proved: Place) -> None:
    with own_models():
        made = "; ".join(
            ["SET LOCAL ROLE tenantry_owner", *_own_tables(), "RESET ROLE"],
        )
        proof = await prove(proved.url("superuser"), metadata, prepare=made)
        assert [(f.key, f.detail) for f in proof.findings] == []
        assert "tenantry.invoices" in {str(t) for t in proof.subject.tables}
        broken = f"{made}; ALTER POLICY tenant ON tenantry.invoices TO PUBLIC; GRANT UPDATE ON tenantry.invoices TO tenantry_app"
        proof = await prove(proved.url("superuser"), metadata, prepare=broken, attacks=False)
    keys = {f.key for f in proof.findings}
    assert {"policies-everyone:tenantry.invoices.tenant", "grants:tenantry.invoices.id"} <= keys


def _own_tables() -> Iterator[str]:
    tables = [t for t in metadata.sorted_tables if t.name in ("invoices", "invoice_lines")]
    assert len(tables) == 2
    for table in tables:
        yield from create_table(table)
    for table in tables:
        for part in (row_security, one_shots, grants):
            yield from part(table)


def test_the_list_is_complete() -> None:
    assert sorted(ATTACKS) == [*range(1, 60)]
    assert all(a.number == n and a.title for n, a in ATTACKS.items())


async def test_without_the_applications_logins_it_says_what_it_could_not_try(
    proved: Place, subject: Subject
) -> None:
    by_login = frozenset({22, 23, 45, 51, 52, 53, 54, 55})
    results = await run_attacks(proved.url("superuser"), subject, None, only=by_login)
    assert {r.number for r in results} == by_login
    assert {r.verdict for r in results} == {Verdict.NOT_APPLICABLE}
    assert attack_findings(results) == []
