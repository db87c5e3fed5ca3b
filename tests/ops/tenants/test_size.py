"""A big tenant goes and comes back in little memory. The full size with TENANTRY_SOAK=1."""

from __future__ import annotations

import resource
from pathlib import Path

from tenantry import Database
from tenantry.ops.tenants import exporting, importing
from tests.coordination import soak
from tests.fixtures.database import Place, make_tenant, make_user

from .whole import purge, query, run

_ROWS = soak(2_500, 100_000)


async def test_it_streams(place: Place, db: Database, tmp_path: Path) -> None:
    acme = await make_tenant(db, "acme")
    ada = await make_user(db, "ada@example.com", acme)
    async with db.tenant(acme.id) as t:
        talk = await t.conversations.create(user_id=ada.id)
    await run(
        place,
        "SET session_replication_role = replica; INSERT INTO tenantry.messages (tenant_id, conversation_id, role, content)"
        f" SELECT '{acme.id}', '{talk.id}', 'user', repeat(md5(n::text), 30) FROM generate_series(1, {_ROWS}) AS n",
    )
    for name in ("export", "purge", "import"):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if name == "export":
            await exporting.export(db, acme.id, tmp_path / "out")
        elif name == "purge":
            await purge(db, acme.id)
        else:
            done = await importing.import_(db, tmp_path / "out")
            assert done.tables["messages"] == _ROWS
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        # The rows of the long run are 100 MB and more; what is imported meanwhile is in it.
        assert grown < 64 << 10, f"{name}: {grown >> 10} MB"
    counted = await query(place, "SELECT count(DISTINCT content) FROM tenantry.messages")
    assert counted[0][0] == _ROWS
