"""Whatever a superuser does to one row of the record is found, and named; nothing else is."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from tenantry import Database
from tenantry.errors import RuleViolated
from tenantry.ids import time_of, uuid7, uuid7_at
from tenantry.models import AuditLog, Tenant
from tenantry.ops import seals
from tests.fixtures.database import Place

from .record import PAST_TRIGGERS, Forger, entries_of, fill, forging, seal_all

#: What is tested here is our own program's; the servers' differences are tested elsewhere.
pytestmark = pytest.mark.postgres("wheel")

#: Something else than whatever stands in a column.
_OTHER = {
    "uuid": "tenantry.uuidv7()",
    "text": "coalesce({0}, '') || '.'",
    "jsonb": "jsonb_build_object('was', {0})",
    "inet": "CASE WHEN {0} = '10.0.0.1' THEN '10.0.0.2'::inet ELSE '10.0.0.1' END",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
}
_TYPES = "SELECT attname, format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 'tenantry.audit_logs'::regclass AND attnum > 0"


def named(report: seals.Report) -> set[tuple[str, UUID | None]]:
    return {(finding.what, finding.entry_id) for finding in report.findings}


class Attack:
    """One row of many, chosen by a seed."""

    def __init__(
        self, db: Database, forge: Forger, ids: list[UUID], beta: Tenant, seed: int
    ) -> None:
        self.db, self.forge, self.beta = db, forge, beta
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.ids = ids
        self.target, self.other = self.random.sample(ids, 2)

    async def change(self) -> set[tuple[str, UUID | None]]:
        types = dict(await self.forge.connection.fetch(_TYPES))
        column = self.random.choice(
            [
                c.name
                for c in AuditLog.__table__.columns
                if c.name not in ("tenant_id", "id", "actor_kind")
            ]
        )
        new = _OTHER[types[column]].format(column)
        await self.forge(
            f"UPDATE tenantry.audit_logs SET {column} = {new} WHERE id = $1", self.target
        )
        return {("entry changed", self.target)}

    async def remove(self) -> set[tuple[str, UUID | None]]:
        await self.forge("DELETE FROM tenantry.audit_logs WHERE id = $1", self.target)
        return {("entry removed", self.target)}

    async def insert(self) -> set[tuple[str, UUID | None]]:
        new = uuid7_at(time_of(self.target))
        await self._copy(self.target, new)
        return {("entry inserted", new)}

    async def reorder(self) -> set[tuple[str, UUID | None]]:
        spare = uuid7()
        for old, new in ((self.target, spare), (self.other, self.target), (spare, self.other)):
            await self.forge("UPDATE tenantry.audit_logs SET id = $2 WHERE id = $1", old, new)
        return {("entry changed", self.target), ("entry changed", self.other)}

    async def move(self) -> set[tuple[str, UUID | None]]:
        new = uuid7_at(time_of(self.other))
        await self.forge("UPDATE tenantry.audit_logs SET id = $2 WHERE id = $1", self.target, new)
        return {("entry removed", self.target), ("entry inserted", new)}

    async def give_away(self) -> set[tuple[str, UUID | None]]:
        await self.forge(
            "UPDATE tenantry.audit_logs SET tenant_id = $2 WHERE id = $1", self.target, self.beta.id
        )
        return {("entry removed", self.target), ("entry inserted", self.target)}

    async def _copy(self, old: UUID, new: UUID) -> None:
        names = [c.name for c in AuditLog.__table__.columns]
        chosen = ", ".join("$2" if name == "id" else name for name in names)
        await self.forge(
            f"INSERT INTO tenantry.audit_logs ({', '.join(names)})"
            f" SELECT {chosen} FROM tenantry.audit_logs WHERE id = $1",
            old,
            new,
        )


@pytest.mark.parametrize("deed", ["change", "remove", "insert", "reorder", "move", "give_away"])
async def test_one_row_of_the_record(
    db: Database, place: Place, acme: Tenant, beta: Tenant, deed: str
) -> None:
    await fill(db, acme, 40)
    await fill(db, beta, 3)
    await seal_all(db, size=13)
    ids = await entries_of(place, acme)
    assert (await seals.verify(db)).ok
    async with forging(place) as forge:
        for seed in range(12):
            attack = Attack(db, forge, ids, beta, seed)
            expected = await getattr(attack, deed)()
            assert named(await seals.verify(db)) == expected, f"seed {seed}"
            await forge.undo()
        assert (await seals.verify(db)).ok


async def test_every_column_counts(db: Database, place: Place, acme: Tenant) -> None:
    await fill(db, acme, 0)
    await seal_all(db)
    target = (await entries_of(place, acme))[-1]
    async with forging(place) as forge:
        types = dict(await forge.connection.fetch(_TYPES))
        for column in set(types) - {"tenant_id", "id", "actor_kind"}:
            new = _OTHER[types[column]].format(column)
            await forge(f"UPDATE tenantry.audit_logs SET {column} = {new} WHERE id = $1", target)
            assert named(await seals.verify(db)) == {("entry changed", target)}, column
            await forge.undo()
        for sql in (
            "UPDATE tenantry.audit_logs SET actor_kind = 'system' WHERE id = $1",
            "UPDATE tenantry.audit_logs SET created_at = 'infinity' WHERE id = $1",
            "UPDATE tenantry.audit_logs SET created_at = '0044-03-15 BC' WHERE id = $1",
        ):
            await forge(sql, target)
            assert named(await seals.verify(db)) == {("entry changed", target)}, sql
            await forge.undo()


async def test_a_number_s_digits_count(db: Database, place: Place, acme: Tenant) -> None:
    await fill(db, acme, 1)
    await seal_all(db)
    target = (await entries_of(place, acme))[-1]
    async with forging(place) as forge:
        await forge(
            "UPDATE tenantry.audit_logs SET details = jsonb_set(details, '{price}', '1.1') WHERE id = $1",
            target,
        )
        assert named(await seals.verify(db)) == {("entry changed", target)}


Forge = Callable[[Forger], Awaitable[None]]
_SEAL = "tenant_id = (SELECT id FROM tenantry.tenants WHERE slug = 'acme')"


@pytest.mark.parametrize(
    ("sql", "what", "number"),
    [
        ("UPDATE tenantry.audit_seals SET root = sha256('x') WHERE {0} AND sequence = 2", "seal changed", 2),
        ("UPDATE tenantry.audit_seals SET created_at = created_at - interval '1 day' WHERE {0} AND sequence = 2", "seal changed", 2),
        ("UPDATE tenantry.audit_seals SET to_id = tenantry.uuidv7() WHERE {0} AND sequence = 2", "seal changed", 2),
        ("UPDATE tenantry.audit_seals SET hash = sha256('x') WHERE {0} AND sequence = 2", "seal changed", 2),
        ("UPDATE tenantry.audit_seals SET previous = sha256('x') WHERE {0} AND sequence = 2", "chain broken", 2),
        ("UPDATE tenantry.audit_seals SET leaves = set_byte(leaves, 20, get_byte(leaves, 20) # 1) WHERE {0} AND sequence = 2", "leaves changed", 2),
        ("UPDATE tenantry.audit_seals SET leaves = substring(leaves FROM 49 FOR 48) || substring(leaves FOR 48) || substring(leaves FROM 97) WHERE {0} AND sequence = 2", "leaves changed", 2),
        ("DELETE FROM tenantry.audit_seals WHERE {0} AND sequence = 2", "seal removed", 3),
        ("DELETE FROM tenantry.audit_seals WHERE {0} AND sequence = 1", "seal removed", 2),
        ("UPDATE tenantry.audit_seals SET sequence = 9 WHERE {0} AND sequence = 2", "seal removed", 3),
    ],
)  # fmt: skip
async def test_seals_themselves(  # noqa: PLR0917
    db: Database, place: Place, acme: Tenant, sql: str, what: str, number: int
) -> None:
    await fill(db, acme, 40)
    await seal_all(db, size=13)
    async with forging(place) as forge:
        await forge(sql.format(_SEAL))
        found = await seals.verify(db, tenant_id=acme.id)
        assert (what, number) in {(f.what, f.seal) for f in found.findings}
        assert {f.tenant_id for f in found.findings} == {acme.id}
        await forge.undo()
    assert (await seals.verify(db)).ok


async def test_a_seal_put_beside_another(db: Database, place: Place, acme: Tenant) -> None:
    """One that fits what was changed, where the next page of seals begins: the true one after it
    would go on fitting an anchor."""
    await fill(db, acme, 9)
    await seal_all(db, size=2)
    async with forging(place) as forge:
        await forge.connection.execute(
            "ALTER TABLE tenantry.audit_seals DROP CONSTRAINT audit_seals_tenant_id_sequence_key;"
            "ALTER TABLE tenantry.audit_seals DROP CONSTRAINT audit_seals_pkey"
        )
        assert (
            await forge.connection.fetchval(
                f"SELECT max(sequence) FROM tenantry.audit_seals WHERE {_SEAL}"
            )
            == 8
        )
        await forge(
            f"INSERT INTO tenantry.audit_seals SELECT * FROM tenantry.audit_seals WHERE {_SEAL} AND sequence = 8"
        )
        found = (await seals.verify(db, tenant_id=acme.id)).findings
        assert [(f.what, f.seal) for f in found] == [("chain broken", 8)]


@pytest.mark.parametrize("column", ["root", "hash", "leaves", "from_id", "to_id"])
async def test_a_seal_that_lacks_something(
    db: Database, place: Place, acme: Tenant, column: str
) -> None:
    await fill(db, acme, 12)
    await seal_all(db, size=5)
    async with forging(place) as forge:
        await forge.connection.execute(
            f"ALTER TABLE tenantry.audit_seals ALTER {column} DROP NOT NULL"
        )
        await forge(
            f"UPDATE tenantry.audit_seals SET {column} = NULL WHERE {_SEAL} AND sequence = 2"
        )
        found = (await seals.verify(db, tenant_id=acme.id)).findings
        what = "leaves changed" if column == "leaves" else "seal changed"
        assert (what, 2) in {(f.what, f.seal) for f in found}


async def test_leaves_that_were_cut_off(db: Database, place: Place, acme: Tenant) -> None:
    await fill(db, acme, 5)
    await seal_all(db)
    async with forging(place) as forge:
        await forge.connection.execute(
            "ALTER TABLE tenantry.audit_seals DROP CONSTRAINT audit_seals_leaves_check"
        )
        await forge(
            f"UPDATE tenantry.audit_seals SET leaves = substring(leaves FOR 5) WHERE {_SEAL}"
        )
        found = (await seals.verify(db, tenant_id=acme.id)).findings
        assert ("leaves changed", 1) in {(f.what, f.seal) for f in found}


async def test_entries_whose_seals_were_taken_off(db: Database, place: Place, acme: Tenant) -> None:
    await fill(db, acme, 40)
    await seal_all(db, size=13)
    async with forging(place) as forge:
        await forge(f"DELETE FROM tenantry.audit_seals WHERE {_SEAL} AND sequence > 2")
        inserted = {f.entry_id for f in (await seals.verify(db)).findings}
        assert inserted == set((await entries_of(place, acme))[26:])


async def test_a_quiet_time_is_sealed_too(db: Database, place: Place, acme: Tenant) -> None:
    """Nothing happened to a tenant since its last seal; a row of that time is no latecomer."""
    await fill(db, acme, 1)
    await seal_all(db)
    new = uuid7()
    await seal_all(db)
    async with forging(place) as forge:
        attack = Attack(db, forge, await entries_of(place, acme), acme, 1)
        await attack._copy(attack.target, new)
        assert named(await seals.verify(db)) == {("entry inserted", new)}
        # What is sealed afterwards does not make it good.
        await fill(db, acme, 1)
        ahead = UUID(int=(1 << 128) - 1)
        await attack._copy(attack.target, ahead)
        assert named(await seals.verify(db)) == {("entry inserted", new), ("entry inserted", ahead)}
        run = await seal_all(db)
        assert acme.id in {seal.tenant_id for seal in run.seals}
        assert named(await seals.verify(db)) == {("entry inserted", new), ("entry inserted", ahead)}
        assert (await seals.verify(db, tenant_id=acme.id)).found == 2


async def test_nor_is_a_record_whose_first_seal_comes_late(
    db: Database, place: Place, acme: Tenant, beta: Tenant
) -> None:
    """A tenant without a seal, since there was nothing when the platform's log was sealed."""
    admin = await place.connection("superuser")
    await admin.execute(PAST_TRIGGERS)
    await admin.execute("DELETE FROM tenantry.audit_logs WHERE tenant_id = $1", beta.id)
    new = uuid7()
    await seal_all(db)
    await admin.execute(
        "INSERT INTO tenantry.audit_logs (tenant_id, id, action, resource_type)"
        " VALUES ($1, $2, 'forged', 'things')",
        beta.id,
        new,
    )
    await admin.close()
    for _ in range(2):
        await fill(db, beta, 1)
        await seal_all(db)
        assert named(await seals.verify(db)) == {("entry inserted", new)}


@pytest.mark.parametrize("sealed", [True, False])
async def test_two_with_one_id(
    db: Database, place: Place, acme: Tenant, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    """Wherever a page ends, and whether what was there comes first or not."""
    await seal_all(db)
    await fill(db, acme, 2)
    if sealed:
        await seal_all(db)
    async with forging(place) as forge:
        await forge.connection.execute(
            "ALTER TABLE tenantry.audit_logs DROP CONSTRAINT audit_logs_pkey"
        )
        target = (await entries_of(place, acme))[-2]
        await forge(
            "INSERT INTO tenantry.audit_logs SELECT * FROM tenantry.audit_logs WHERE id = $1",
            target,
        )
        for page in (1, 2, 3, 100):
            monkeypatch.setattr("tenantry.ops.seals.chain._PAGE", page)
            assert named(await seals.verify(db)) == {("entry inserted", target)}
            assert (await seals.verify(db)).found == 1
        if not sealed:
            for size in (1, 3, 100):
                with pytest.raises(RuleViolated, match=str(acme.id)):
                    await seal_all(db, size=size)


@pytest.mark.parametrize(
    "moment", ["created_at - interval '4051 years'", "'infinity'", "'-infinity'"]
)
async def test_every_moment_counts(db: Database, place: Place, acme: Tenant, moment: str) -> None:
    """The year 2026 before Christ, of the same digits, and what is no year at all."""
    await fill(db, acme, 1)
    await seal_all(db)
    target = (await entries_of(place, acme))[-1]
    async with forging(place) as forge:
        await forge(f"UPDATE tenantry.audit_logs SET created_at = {moment} WHERE id = $1", target)
        assert named(await seals.verify(db)) == {("entry changed", target)}


async def test_the_platform_s_log(db: Database, place: Place, acme: Tenant) -> None:
    await seal_all(db)
    async with forging(place) as forge:
        await forge(
            "UPDATE tenantry.platform_log SET reason = 'harmless' WHERE id = (SELECT id FROM tenantry.platform_log ORDER BY id LIMIT 1)"
        )
        (finding,) = (await seals.verify(db)).findings
        assert (finding.what, finding.tenant_id, finding.seal) == ("entry changed", None, 1)


async def test_one_tenant_is_verified_by_itself(
    db: Database, place: Place, acme: Tenant, beta: Tenant
) -> None:
    await fill(db, acme, 5)
    await fill(db, beta, 5)
    await seal_all(db)
    async with forging(place) as forge:
        await forge(
            "DELETE FROM tenantry.audit_logs WHERE id = $1", (await entries_of(place, beta))[0]
        )
    assert (await seals.verify(db, tenant_id=acme.id)).ok
    assert not (await seals.verify(db, tenant_id=beta.id)).ok


async def test_memory_of_findings_is_bounded(
    db: Database, place: Place, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.ops.seals.verification._SHOWN", 5)
    await fill(db, acme, 20)
    await seal_all(db)
    async with forging(place) as forge:
        await forge("DELETE FROM tenantry.audit_logs WHERE action = 'event'")
        report: Any = await seals.verify(db)
    assert (report.found, len(report.findings)) == (20, 5)
