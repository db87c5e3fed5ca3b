"""The product proves itself, and a proof leaves nothing behind."""

from __future__ import annotations

from tenantry.isolation.attacks import ATTACKS, Doors, Verdict
from tenantry.isolation.proof import prove
from tenantry.models import metadata
from tests.fixtures.database import Place

_STANDING = """
    SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^shop_'),
           (SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM tenantry.tenants),
           (SELECT count(*) FROM tenantry.users), (SELECT count(*) FROM tenantry.audit_logs),
           (SELECT count(*) FROM tenantry.platform_log), (SELECT count(*) FROM pg_largeobject_metadata),
           (SELECT string_agg(evtname || evtenabled::text, ',') FROM pg_event_trigger)"""


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
    assert set(verdicts) == {0, *range(1, 56)}
    assert {n for n, v in verdicts.items() if v is Verdict.OPEN} == {42}
    assert {n for n, v in verdicts.items() if v is Verdict.NOT_APPLICABLE} == {47, 55}
    assert all(v is Verdict.FAILED for n, v in verdicts.items() if n not in {42, 47, 55})


def test_the_list_is_complete() -> None:
    assert sorted(ATTACKS) == [*range(1, 56)]
    assert all(a.number == n and a.title for n, a in ATTACKS.items())


async def test_without_the_applications_logins_it_says_what_it_could_not_try(proved: Place) -> None:
    proof = await prove(proved.url("superuser"), metadata)
    skipped = {a.number for a in proof.attacks if a.verdict is Verdict.NOT_APPLICABLE}
    assert {22, 23, 45, 51, 52, 53, 54, 55} <= skipped
    assert proof.ok
