"""Hashes kept elsewhere find a history that was rewritten as a whole."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tenantry import Database
from tenantry.errors import InvalidInput
from tenantry.ids import uuid7
from tenantry.models import Tenant
from tenantry.ops import seals
from tests.fixtures.database import Place
from tests.fixtures.servers import require

from .record import PAST_TRIGGERS, entries_of, fill, seal_all

#: What is tested here is our own program's; the servers' differences are tested elsewhere.
pytestmark = pytest.mark.postgres("wheel")

BUCKET = "records"


@pytest.fixture(params=["file", "git", "s3"])
def anchor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[seals.Anchor]:
    if request.param == "file":
        yield seals.anchor_of(str(tmp_path / "seals.jsonl"))
    elif request.param == "git":
        _git(tmp_path, "init", "-q")
        _commit(tmp_path)
        yield seals.anchor_of(f"git:{tmp_path}")
    else:
        require("moto and boto3 (pip install 'tenantry[s3,dev]')", importlib.util.find_spec("moto"))
        import moto

        with moto.mock_aws():
            client = _s3()
            client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
            yield seals.S3Anchor(BUCKET, "tenantry", 30, client)


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def _commit(folder: Path) -> None:
    _git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    _git(folder, "config", "user.name", "t")
    _git(folder, "config", "user.email", "t@example.com")


def _s3() -> Any:
    boto3: Any = importlib.import_module("boto3")
    return boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


async def test_a_chain_that_was_made_anew_is_found(
    db: Database, place: Place, acme: Tenant, anchor: seals.Anchor
) -> None:
    assert list(anchor.kept()) == []
    await fill(db, acme, 10)
    first = await seal_all(db, size=5)  # an earlier run, which did not anchor
    await fill(db, acme, 2)
    if isinstance(anchor, seals.GitAnchor):
        _commit(anchor.folder)
    run = await seal_all(db, anchors=[anchor])
    assert run.anchored == {str(anchor): len(first.seals) + len(run.seals)}
    await fill(db, acme, 2)
    if isinstance(anchor, seals.GitAnchor):
        _commit(anchor.folder)
    last = await seal_all(db, anchors=[anchor])
    assert run.anchored != last.anchored
    report = await seals.verify(db, anchors=[anchor])
    assert (report.ok, report.anchored) == (
        True,
        len(first.seals) + len(run.seals) + len(last.seals),
    )

    target = (await entries_of(place, acme))[3]
    admin = await place.connection("superuser")
    await admin.execute(PAST_TRIGGERS)
    await admin.execute("UPDATE tenantry.audit_logs SET action = 'harmless' WHERE id = $1", target)
    await admin.execute("TRUNCATE tenantry.audit_seals, tenantry.platform_seals")
    await admin.close()
    # Sealed anew, everything fits in itself …
    await seal_all(db, size=100)
    assert (await seals.verify(db)).ok
    # … but not what is held elsewhere.
    report = await seals.verify(db, anchors=[anchor])
    mine = {(f.what, f.seal) for f in report.findings if f.tenant_id == acme.id}
    assert ("seal replaced", 1) in mine
    assert {what for what, _ in mine} == {"seal replaced", "seal removed"}
    assert (await seals.verify(db, tenant_id=acme.id, anchors=[anchor])).found == len(mine)


async def test_the_newest_seals_were_taken_off(
    db: Database, place: Place, acme: Tenant, anchor: seals.Anchor
) -> None:
    await fill(db, acme, 12)
    await seal_all(db, size=5, anchors=[anchor])
    admin = await place.connection("superuser")
    await admin.execute(PAST_TRIGGERS)
    await admin.execute("DELETE FROM tenantry.audit_seals WHERE sequence > 1")
    await admin.execute("TRUNCATE tenantry.platform_seals")
    await admin.close()
    assert (await seals.verify(db, tenant_id=acme.id)).ok
    report = await seals.verify(db, tenant_id=acme.id, anchors=[anchor])
    assert {(f.what, f.seal) for f in report.findings} == {("seal removed", n) for n in (2, 3, 4)}


async def test_what_commits_late_is_anchored_all_the_same(
    db: Database, acme: Tenant, anchor: seals.Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seal's id may be older than those that an anchor holds already."""
    await fill(db, acme, 1)
    old = uuid7()
    await seal_all(db, anchors=[anchor])
    await fill(db, acme, 1)
    monkeypatch.setattr("tenantry.ids.uuid7", lambda: old)
    late = await seal_all(db, tenant_id=acme.id, anchors=[anchor])
    monkeypatch.undo()
    assert [seal.id for seal in late.seals] == [old]
    assert late.anchored == {str(anchor): 1}
    assert (await seal_all(db, tenant_id=acme.id, anchors=[anchor])).anchored == {str(anchor): 0}
    assert {seal.id for seal in anchor.kept()} >= {old}


async def test_all_is_anchored_however_little_at_once(
    db: Database, acme: Tenant, beta: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.ops.seals.sealing._BATCH", 2)
    await fill(db, acme, 7)
    await fill(db, beta, 3)
    anchor = seals.anchor_of(str(tmp_path / "seals.jsonl"))
    run = await seal_all(db, size=2, anchors=[anchor])
    assert sorted(s.id for s in run.seals) == sorted(s.id for s in anchor.kept())


async def test_an_anchor_that_holds_nothing_is_a_finding(
    db: Database, acme: Tenant, anchor: seals.Anchor
) -> None:
    assert (await seals.verify(db, anchors=[anchor])).ok
    await seal_all(db)
    (finding,) = (await seals.verify(db, anchors=[anchor])).findings
    assert (finding.what, finding.tenant_id) == ("anchor empty", None)
    (finding,) = (await seals.verify(db, tenant_id=acme.id, anchors=[anchor])).findings
    assert (finding.what, finding.tenant_id) == ("anchor empty", acme.id)
    await seal_all(db, anchors=[anchor])
    assert (await seals.verify(db, anchors=[anchor])).ok


async def test_a_writer_that_was_stopped_within_a_line(
    db: Database, acme: Tenant, tmp_path: Path
) -> None:
    path = tmp_path / "seals.jsonl"
    anchor = seals.anchor_of(str(path))
    await fill(db, acme, 5)
    run = await seal_all(db, size=3, anchors=[anchor])
    path.write_bytes(path.read_bytes()[:-70])
    assert len(list(anchor.kept())) == len(run.seals) - 1
    again = await seal_all(db, anchors=[anchor])
    assert again.anchored == {str(anchor): len(again.seals) + 1}
    assert {s.id for s in anchor.kept()} == {s.id for s in (*run.seals, *again.seals)}
    assert (await seals.verify(db, anchors=[anchor])).ok


def test_what_s3_refuses_is_told_and_what_is_not_ours_is_passed_over() -> None:
    require("moto and boto3 (pip install 'tenantry[s3,dev]')", importlib.util.find_spec("moto"))
    import moto

    with moto.mock_aws():
        client = _s3()
        with pytest.raises(InvalidInput, match="NoSuchBucket"):
            list(seals.S3Anchor("none", "a", 30, client).kept())
        with pytest.raises(InvalidInput, match="NoSuchBucket"):
            seals.S3Anchor("none", "a", 30, client).keep([])
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        for key in ("a/notes.jsonl", "a/b/0199aaaa-0000-7000-8000-000000000001.jsonl"):
            client.put_object(Bucket=BUCKET, Key=key, Body=b"hello")
        assert list(seals.S3Anchor(BUCKET, "a", 30, client).kept()) == []


@pytest.mark.parametrize("deed", ["replaced", "deleted", "garbled"])
async def test_a_version_put_over_an_anchored_one_is_found(
    db: Database, place: Place, acme: Tenant, deed: str
) -> None:
    """Object Lock keeps the first version; it does not keep others from being put over it."""
    require("moto and boto3 (pip install 'tenantry[s3,dev]')", importlib.util.find_spec("moto"))
    import moto

    with moto.mock_aws():
        client = _s3()
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        anchor = seals.S3Anchor(BUCKET, "tenantry", 30, client)
        await fill(db, acme, 4)
        await seal_all(db, anchors=[anchor])
        (held,) = client.list_objects_v2(Bucket=BUCKET)["Contents"]
        first = client.get_object(Bucket=BUCKET, Key=held["Key"])["Body"].read()
        client.put_object(Bucket=BUCKET, Key=held["Key"], Body=first)  # the same again does no harm
        assert (await seals.verify(db, anchors=[anchor])).ok

        # History is made anew, and its seals are put where the old ones were.
        target = (await entries_of(place, acme))[1]
        admin = await place.connection("superuser")
        await admin.execute(PAST_TRIGGERS)
        await admin.execute("DELETE FROM tenantry.audit_logs WHERE id = $1", target)
        await admin.execute("TRUNCATE tenantry.audit_seals, tenantry.platform_seals")
        await admin.close()
        elsewhere = _lines(await seal_all(db))
        if deed == "deleted":
            client.delete_object(Bucket=BUCKET, Key=held["Key"])
        else:
            body = elsewhere if deed == "replaced" else b"hello"
            client.put_object(Bucket=BUCKET, Key=held["Key"], Body=body)
        report = await seals.verify(db, anchors=[anchor])
    found = {f.what: f.detail for f in report.findings}
    assert "seal replaced" in found
    how = "deleted" if deed == "deleted" else "replaced"
    assert f"was {how}" in found["anchor tampered with"]
    assert held["Key"] in found["anchor tampered with"]


def _lines(run: seals.Run) -> bytes:
    """What an anchor would hold of it."""
    return "".join(f"{json.dumps(s.line)}\n" for s in run.seals).encode()


def test_objects_are_locked() -> None:
    require("moto and boto3 (pip install 'tenantry[s3,dev]')", importlib.util.find_spec("moto"))
    import moto

    with moto.mock_aws():
        client = _s3()
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        hash_ = "00" * 32
        seal = seals.Seal(
            {"id": "0199aaaa-0000-7000-8000-000000000001", "sequence": "1"}, bytes.fromhex(hash_)
        )
        seals.S3Anchor(BUCKET, "a", 30, client).keep([seal])
        (found,) = client.list_objects_v2(Bucket=BUCKET, Prefix="a/")["Contents"]
        kept = client.head_object(Bucket=BUCKET, Key=found["Key"])
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert kept["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(days=29)


def test_what_is_no_anchor_is_refused(tmp_path: Path) -> None:
    for text in ("s3://", "s3://bucket/x?days=none"):
        with pytest.raises(InvalidInput):
            seals.anchor_of(text)
    with pytest.raises(InvalidInput, match="git in"):
        list(seals.anchor_of(f"git:{tmp_path}").kept())
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(seals.anchor_of(f"file:{tmp_path}").kept())
    other = tmp_path / "other"
    for line in (
        "hello",
        "{}",
        "[]",
        '{"hash": "00", "sequence": 0}',
        '{"hash": "00", "sequence": 1, "tenant_id": 5}',
        '{"hash": "00", "sequence": "1", "tenant_id": "5"}',
        '{"hash": "00", "sequence": 1}',
        '{"hash": "00", "sequence": Infinity}',
        f'{{"hash": "00", "sequence": "{1 << 63}"}}',
        "[" * 100_000,
    ):
        other.write_text(line + "\n")
        with pytest.raises(InvalidInput, match="Line 1"):
            list(seals.FileAnchor(other).kept())


def test_a_note_of_something_else_is_no_seal(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    _commit(tmp_path)
    anchor = seals.anchor_of(f"git:{tmp_path}")
    (tmp_path / "note").write_bytes(b"\xff\xfe\n")
    _git(tmp_path, "hash-object", "-w", "note")
    blob = subprocess.run(
        ["git", "-C", str(tmp_path), "hash-object", "note"], check=True, capture_output=True
    )
    _git(tmp_path, "notes", "--ref", "tenantry", "add", "-C", blob.stdout.decode().strip())
    with pytest.raises(InvalidInput, match="holds no seal"):
        list(anchor.kept())


async def test_what_a_forger_had_anchored_does_not_close_the_anchor(
    db: Database, place: Place, acme: Tenant, tmp_path: Path
) -> None:
    """A place where nothing can be removed is never mended."""
    anchor = seals.anchor_of(str(tmp_path / "seals.jsonl"))
    await fill(db, acme, 2)
    target = (await entries_of(place, acme))[-1]
    admin = await place.connection("superuser")
    await admin.execute(PAST_TRIGGERS)
    nobody = UUID(int=0)
    moved = "UPDATE tenantry.audit_logs SET tenant_id = $1 WHERE id = $2"
    assert await admin.execute(moved, nobody, target) == "UPDATE 1"
    await seal_all(db, anchors=[anchor])
    assert nobody in {seal.tenant_id for seal in anchor.kept()}
    await seal_all(db, anchors=[anchor])
    report = await seals.verify(db, anchors=[anchor])
    assert report.anchored == len(list(anchor.kept()))
    await admin.execute("DELETE FROM tenantry.audit_seals WHERE tenant_id = $1", nobody)
    await admin.close()
    report = await seals.verify(db, anchors=[anchor])
    assert ("seal removed", nobody) in {(f.what, f.tenant_id) for f in report.findings}
