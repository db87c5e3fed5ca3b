"""Old partitions leave the record when they are sealed, by a way that verification knows from theft."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from tenantry import Database
from tenantry.cli.seals import _told
from tenantry.errors import InvalidInput, RuleViolated
from tenantry.ids import lower_bound, uuid7_at
from tenantry.models import Tenant
from tenantry.ops import partitions, retention, seals
from tests.fixtures.database import Place, make_tenant

from .record import Forger, forging, seal_all

JANUARY = datetime(2025, 1, 15, tzinfo=UTC)
MARCH = datetime(2025, 3, 1, tzinfo=UTC)
_OLD = """INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type)
SELECT $1, id, 'event', 'things' FROM unnest($2::uuid[]) AS id"""

_TOLD = """INSERT INTO tenantry.platform_log (action, resource_type, details)
VALUES ('detach', 'audit_logs', $1::text::jsonb)"""

_FACTS = "SELECT * FROM tenantry.sealed_between('audit_logs', $1, $2)"
_JANUARY = (
    lower_bound(datetime(2025, 1, 1, tzinfo=UTC)),
    lower_bound(datetime(2025, 2, 1, tzinfo=UTC)),
)


def _detail(partition: str | None, from_id: UUID | str | None, to_id: UUID | str | None) -> str:
    bounds = {"from_id": from_id and str(from_id), "to_id": to_id and str(to_id)}
    return json.dumps({"partition": partition, **bounds})


@pytest.fixture
async def old(place: Place, acme: Tenant) -> list[UUID]:
    """Entries of a January long ago, in a partition of their own."""
    await partitions.ensure(place.url("owner"), JANUARY, JANUARY, tables=["audit_logs"])
    ids = sorted(uuid7_at(JANUARY) for _ in range(20))
    admin = await place.connection("superuser")
    await admin.execute(_OLD, acme.id, ids)
    await admin.close()
    return ids


async def test_only_what_is_sealed_is_taken_out(
    db: Database, place: Place, acme: Tenant, beta: Tenant, old: list[UUID]
) -> None:
    owner = place.url("owner")
    refused = await retention.detach(owner, MARCH)
    assert (refused.detached, refused.unsealed) == ([], ["audit_logs_2025_01"])
    # One tenant's seal is not everyone's.
    await seal_all(db, tenant_id=acme.id)
    assert (await retention.detach(owner, MARCH)).detached == []
    await seal_all(db)
    assert (await retention.detach(owner, JANUARY)).detached == []
    taken = await retention.detach(owner, MARCH)
    assert taken.detached == ["tenantry_archive.audit_logs_2025_01"]

    assert await db.tenant(acme.id).audit.entries(until=MARCH) == []
    # Until the word of it is sealed, it proves nothing.
    (finding,) = (await seals.verify(db)).findings
    assert (finding.what, finding.tenant_id) == ("detachment unsealed", None)
    await seal_all(db)
    report = await seals.verify(db)
    assert (report.ok, report.detached) == (True, len(old))
    (part,) = report.partitions
    assert (part.partition, part.entries, part.by) == ("audit_logs_2025_01", 20, "tenantry_owner")
    assert str(part) in _told(report)
    assert str(part) == (
        f"audit_logs_2025_01: detached by retention at {part.at:%Y-%m-%d %H:%M:%S} UTC by tenantry_owner,"
        " 20 entries, archived to tenantry_archive.audit_logs_2025_01, cannot be verified here"
    )
    assert report.to_dict()["partitions"][0]["says"] == str(part)
    # Also to who asks for a record that had nothing in it.
    of_beta = await seals.verify(db, tenant_id=beta.id)
    assert (of_beta.ok, of_beta.detached) == (True, 0)
    assert "audit_logs_2025_01" in _told(of_beta)
    async with db.service("look") as s:
        (entry,) = await s.platform_log.entries(action="detach")
    assert entry.details is not None
    assert entry.details["partition"] == "audit_logs_2025_01"
    # The archive is the owner's to read and drop, and nobody else's.
    connection = await place.connection("owner")
    archived = "SELECT count(*) FROM tenantry_archive.audit_logs_2025_01"
    assert await connection.fetchval(archived) == len(old)
    await connection.close()
    for role in ("app", "service", "readonly"):
        connection = await place.connection(role)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM tenantry_archive.audit_logs_2025_01")
        await connection.close()
    assert (await retention.detach(owner, MARCH)).detached == []


async def _steal(forge: Forger, **said: object) -> None:
    """Take January out, and say so as retention does, but for what is given."""
    facts = await forge.connection.fetchrow(_FACTS, *_JANUARY)
    assert facts is not None
    await forge.connection.execute(
        "ALTER TABLE tenantry.audit_logs DETACH PARTITION tenantry.audit_logs_2025_01"
    )
    detail = json.loads(_detail("audit_logs_2025_01", *_JANUARY))
    truth = {"entries": facts["sealed"], "seals": facts["seals"], "digest": facts["digest"]}
    await forge(_TOLD, json.dumps({**detail, **truth, "by": "nobody", "archive": "x", **said}))


@pytest.mark.parametrize(
    "said", [{"entries": 19}, {"seals": 2}, {"digest": "00"}, {"digest": None}]
)
async def test_a_forged_word_disagrees_with_the_seals(
    db: Database, place: Place, old: list[UUID], said: dict[str, object]
) -> None:
    await seal_all(db)
    async with forging(place) as forge:
        await _steal(forge, **said)
        await seal_all(db)
        report = await seals.verify(db)
        named = {f.entry_id for f in report.findings if f.what == "entry removed"}
        assert named == set(old)
        (false,) = [f for f in report.findings if f.what != "entry removed"]
        assert (false.what, false.tenant_id) == ("detachment false", None)
        assert (report.partitions, report.detached) == ([], 0)


async def test_a_forged_word_is_not_under_a_seal_that_came_after_the_month_s(
    db: Database, place: Place, old: list[UUID]
) -> None:
    async with forging(place) as forge:
        await forge(_TOLD, _detail("audit_logs_2025_01", *_JANUARY))
        await seal_all(db)
        await forge.connection.execute(
            "ALTER TABLE tenantry.audit_logs DETACH PARTITION tenantry.audit_logs_2025_01"
        )
        report = await seals.verify(db)
        (false,) = [f for f in report.findings if f.what != "entry removed"]
        assert false.what == "detachment false"
        assert "was not sealed when" in false.detail
        assert report.found == len(old) + 1


async def test_a_perfect_forgery_is_named_and_not_anchored(
    db: Database, place: Place, old: list[UUID], tmp_path: Path
) -> None:
    """All that a superuser can imitate: it is told with its time, for people to compare."""
    anchor = seals.anchor_of(str(tmp_path / "seals.jsonl"))
    await seal_all(db, anchors=[anchor])
    async with forging(place) as forge:
        await _steal(forge)
        (finding,) = (await seals.verify(db)).findings
        assert finding.what == "detachment unsealed"
        await seal_all(db)
        report = await seals.verify(db)
        assert report.ok
        assert "detached by retention at" in str(report.partitions[0])
        (finding,) = (await seals.verify(db, anchors=[anchor])).findings
        assert (finding.what, finding.seal) == ("detachment not anchored", 2)
        # Its moment and its words cannot be changed any more.
        await forge(
            "UPDATE tenantry.platform_log SET details = details || '{\"by\": \"me\"}' WHERE action = 'detach'"
        )
        report = await seals.verify(db)
        assert {f.what for f in report.findings} >= {"detachment false", "entry changed"}


async def test_the_seals_of_what_was_taken_out_are_held_by_the_word(
    db: Database, place: Place, acme: Tenant, old: list[UUID]
) -> None:
    await seal_all(db)
    await retention.detach(place.url("owner"), MARCH)
    await seal_all(db)
    assert (await seals.verify(db)).ok
    async with forging(place) as forge:
        await forge(
            "UPDATE tenantry.audit_seals SET hash = sha256('x') WHERE tenant_id = $1", acme.id
        )
        report = await seals.verify(db, tenant_id=acme.id)
        assert "detachment false" in {f.what for f in report.findings}


async def test_what_somebody_removed_is_not_taken_out(
    db: Database, place: Place, old: list[UUID]
) -> None:
    await seal_all(db)
    async with forging(place) as forge:
        await forge("DELETE FROM tenantry.audit_logs WHERE id = $1", old[3])
        with pytest.raises(RuleViolated, match="19 entries, and 20 were sealed"):
            await retention.detach(place.url("owner"), MARCH)
        assert [f.entry_id for f in (await seals.verify(db)).findings] == [old[3]]


async def test_a_tenant_that_did_nothing_then_may_be_sealed_later(
    db: Database, place: Place, acme: Tenant, beta: Tenant, old: list[UUID]
) -> None:
    """Its next seal reaches over the month that is gone."""
    await seal_all(db)
    await retention.detach(place.url("owner"), MARCH)
    gamma = await make_tenant(db, "gamma")
    await db.tenant(gamma.id).projects.create(name="A")
    await seal_all(db)
    assert (await seals.verify(db)).ok


async def test_what_was_said_goes_on_being_said(
    db: Database, place: Place, acme: Tenant, old: list[UUID]
) -> None:
    """Also when the platform's log of that month is taken out itself."""
    february = datetime(2025, 2, 10, tzinfo=UTC)
    await partitions.ensure(place.url("owner"), february, february, tables=["platform_log"])
    await seal_all(db, tenant_id=acme.id)
    async with forging(place) as forge:
        # As if it had been done in February.
        await _steal(forge)
        await forge(
            "UPDATE tenantry.platform_log SET id = $1 WHERE action = 'detach'", uuid7_at(february)
        )
        await seal_all(db)
    taken = await retention.detach(place.url("owner"), MARCH)
    assert taken.detached == ["tenantry_archive.platform_log_2025_02"]
    await seal_all(db)
    report = await seals.verify(db)
    assert report.ok
    january, log = report.partitions
    assert (january.partition, log.partition) == ("audit_logs_2025_01", "platform_log_2025_02")
    assert (january.at, january.by, january.entries) == (february, "nobody", len(old))
    assert log.at > january.at
    assert f"(said again at {log.at:%Y-%m-%d %H:%M:%S} UTC)" in str(january)


async def test_theft_is_not_retention(db: Database, place: Place, old: list[UUID]) -> None:
    await seal_all(db)
    async with forging(place) as forge:
        await forge("DELETE FROM tenantry.audit_logs WHERE id = $1", old[3])
        # To say that the month was taken out does not make it so.
        await forge(
            "INSERT INTO tenantry.platform_log (action, resource_type, details) VALUES ('detach',"
            ' \'audit_logs\', \'{"partition": "audit_logs_2025_01",'
            ' "from_id": "00000000-0000-0000-0000-000000000000",'
            ' "to_id": "01960000-0000-0000-0000-000000000000"}\')'
        )
        (finding,) = (await seals.verify(db)).findings
        assert (finding.what, finding.entry_id) == ("entry removed", old[3])
        await forge.undo()
        await forge.connection.execute(
            "ALTER TABLE tenantry.audit_logs DETACH PARTITION tenantry.audit_logs_2025_01"
        )
        report = await seals.verify(db)
        assert {f.entry_id for f in report.findings} == set(old)


@pytest.mark.parametrize(
    ("partition", "start", "stop"),
    [
        ("audit_logs_2025_01", JANUARY, MARCH),  # not a month's bounds
        ("audit_logs_2025_01", datetime(2025, 2, 1, tzinfo=UTC), MARCH),  # another month's
        ("audit_logs_2025_01", datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)),
        ("theft", datetime(2025, 1, 1, tzinfo=UTC), MARCH),
    ],
)
async def test_a_word_does_not_hide_what_is_missing_of_a_time_without_partition(  # noqa: PLR0917
    db: Database, place: Place, acme: Tenant, partition: str, start: datetime, stop: datetime
) -> None:
    ids = sorted(uuid7_at(JANUARY) for _ in range(3))
    admin = await place.connection("superuser")
    await admin.execute(_OLD, acme.id, ids)  # of the default partition
    await admin.close()
    await seal_all(db)
    async with forging(place) as forge:
        await forge("DELETE FROM tenantry.audit_logs WHERE id = $1", ids[1])
        await forge(_TOLD, _detail(partition, lower_bound(start), lower_bound(stop)))
        report = await seals.verify(db)
        (finding,) = report.findings
        assert (finding.what, finding.entry_id) == ("entry removed", ids[1])
        assert report.partitions == []


@pytest.mark.parametrize(
    "details",
    [
        None,
        "[]",
        '"x"',
        _detail("audit_logs_2025_01", "x", "y"),
        _detail("audit_logs_2025_01", None, None),
        _detail(None, lower_bound(JANUARY), lower_bound(MARCH)),
        _detail("audit_logs_9999_12", lower_bound(JANUARY), lower_bound(MARCH)),
    ],
)
async def test_what_cannot_be_read_says_nothing(
    db: Database, place: Place, old: list[UUID], details: str | None
) -> None:
    await seal_all(db)
    async with forging(place) as forge:
        await forge(_TOLD, details)
        assert (await seals.verify(db)).ok


async def test_what_is_no_partition_of_the_record_stays(place: Place) -> None:
    owner = await place.connection("owner")
    for parent, child in (
        ("messages", "messages_default"),
        ("audit_logs", "audit_logs_default"),
        ("audit_logs", "tasks"),
    ):
        with pytest.raises(asyncpg.UndefinedTableError, match="no partition of the record"):
            await owner.fetchval("SELECT tenantry.detach_sealed($1, $2)", parent, child)
    await owner.close()
    with pytest.raises(InvalidInput):
        await retention.detach(place.url("owner"), datetime(2025, 1, 1))
