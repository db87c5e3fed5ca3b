"""A proof is checked by a script that knows nothing of Tenantry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tenantry import Database
from tenantry.errors import InvalidInput, NotFound
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tenantry.ops import seals
from tests.fixtures.database import Place

from .record import entries_of, fill, forging, seal_all

#: What is tested here is our own program's; the servers' differences are tested elsewhere.
pytestmark = pytest.mark.postgres("wheel")

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_proof.py"


def checked(proof: Any, folder: Path, *held: str) -> bool:
    shown = proven(json.dumps(proof), folder, *held)
    assert shown is None or shown == proof["entry"]
    return shown is not None


def proven(text: str, folder: Path, *held: str) -> Any:
    """The entry as the script shows it, if it is proven."""
    path = folder / "proof.json"
    path.write_text(text)
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(path), *held]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ran.returncode == 0) == ran.stdout.startswith("Proven: ")
    assert "Traceback" not in ran.stderr
    return json.loads(ran.stdout.partition("\n")[2]) if ran.returncode == 0 else None


def test_the_script_is_short() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 30


async def test_every_entry_is_proven_and_no_other(
    db: Database, place: Place, acme: Tenant, beta: Tenant, tmp_path: Path
) -> None:
    await fill(db, acme, 9)
    run = await seal_all(db, size=5)
    chain = {s.sequence: s.hash.hex() for s in run.seals if s.tenant_id == acme.id}
    for entry in await entries_of(place, acme):
        proof = await seals.prove(db, entry)
        assert checked(proof, tmp_path, chain[int(proof["seals"][0]["sequence"])])
    assert not checked(proof, tmp_path, "0" * 64)
    # Somebody who holds only the hash of a later seal follows the chain.
    proof = await seals.prove(db, (await entries_of(place, acme))[0], through=max(chain))
    assert len(proof["seals"]) == max(chain)
    assert checked(proof, tmp_path, chain[max(chain)])
    # A file may say a name twice; what is shown is what was hashed.
    twice = json.dumps(proof).replace('"action": ', '"action": "delete", "action": ', 1)
    assert proven(twice, tmp_path, chain[max(chain)])["action"] == "create"
    forged = json.dumps(proof)
    for before, after in (
        ('"action": "create"', '"action": "delete"'),
        (str(acme.id), str(beta.id)),
        (proof["path"][0]["hash"], "0" * 64),
        (proof["seals"][0]["root"], "0" * 64),
        ('"sequence": "2"', '"sequence": "3"'),
    ):
        assert before in forged
        assert not checked(json.loads(forged.replace(before, after)), tmp_path, chain[max(chain)])


async def test_of_the_platform_s_log(db: Database, tmp_path: Path) -> None:
    await seal_all(db)
    async with db.service("look") as s:
        first = (await s.platform_log.entries(order="oldest", limit=1))[0]
    proof = await seals.prove(db, first.id)
    assert checked(proof, tmp_path, proof["hash"])
    # A proof that is checked against itself proves nothing.
    assert not checked(proof, tmp_path)


async def test_there_is_no_proof_of_what_is_not_sealed_or_not_so(
    db: Database, place: Place, acme: Tenant
) -> None:
    entry = await db.tenant(acme.id).audit.record("a", "things")
    with pytest.raises(seals.NotProven, match="not sealed yet"):
        await seals.prove(db, entry)
    with pytest.raises(NotFound):
        await seals.prove(db, uuid7())
    await seal_all(db)
    async with forging(place) as forge:
        await forge("UPDATE tenantry.audit_logs SET action = 'b' WHERE id = $1", entry)
    with pytest.raises(seals.NotProven, match="not what was sealed"):
        await seals.prove(db, entry)


async def test_nor_of_what_does_not_fit_its_seal(db: Database, place: Place, acme: Tenant) -> None:
    await fill(db, acme, 5)
    run = await seal_all(db, size=4)
    entry = (await entries_of(place, acme))[0]
    for through in (0, 1 + max(s.sequence for s in run.seals if s.tenant_id), 1 << 70):
        with pytest.raises(InvalidInput, match=f"no seal {through} "):
            await seals.prove(db, entry, through=through)
    async with forging(place) as forge:
        for sql in (
            "SET leaves = set_byte(leaves, 100, get_byte(leaves, 100) # 1) WHERE sequence = 1",
            "SET root = sha256('x') WHERE sequence = 1",
            "SET hash = sha256('x') WHERE sequence = 1",
            "SET created_at = created_at - interval '1 day' WHERE sequence = 2",
            "SET previous = sha256('x') WHERE sequence = 2",
        ):
            await forge(f"UPDATE tenantry.audit_seals {sql}")
            with pytest.raises(seals.NotProven, match="changed"):
                await seals.prove(db, entry, through=2)
            await forge.undo()
        await seals.prove(db, entry, through=2)
