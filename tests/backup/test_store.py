"""What is kept: whole or not at all, the same in a folder and in a bucket, and unreadable without the key."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry import Database, Settings
from tenantry.errors import (
    BackupDamaged,
    BackupError,
    BackupNotFound,
    ConfigurationError,
    InvalidInput,
)
from tenantry.keyring import new_key
from tenantry.ops.backup import Cipher, Vault, every, quick, read, store_of, survey, verify
from tenantry.ops.backup.manifest import File
from tenantry.ops.backup.store import FolderStore, S3Store
from tenantry.ops.backup.streams import BLOCK, joined
from tenantry.ops.backup.workshop import workshop
from tests.fixtures.database import Place

from .conftest import take

KEY, OTHER = new_key(), new_key()
NAME = "backups/1/dump"


def sealed(content: bytes, name: str = NAME) -> bytes:
    return b"".join(Cipher([KEY]).seal(name, [content]))


def opened(content: bytes, name: str = NAME, *keys: str) -> bytes:
    cipher = Cipher(keys or [KEY])
    return b"".join(cipher.open(name, io.BytesIO(content), Cipher([KEY]).key_id))


@given(st.integers(0, 3), st.sampled_from([-1, 0, 1]))
def test_what_is_sealed_opens(blocks: int, more: int) -> None:
    content = b"x" * max(blocks * BLOCK + more, 0)
    assert opened(sealed(content)) == content


def test_parts_of_any_size_are_the_same() -> None:
    content = os.urandom(2 * BLOCK + 7)
    parts = [content[i : i + 70_001] for i in range(0, len(content), 70_001)]
    assert opened(b"".join(Cipher([KEY]).seal(NAME, parts))) == content


def test_whatever_is_changed_is_noticed() -> None:
    content = os.urandom(3 * BLOCK)
    whole = sealed(content)
    head, size = 32, BLOCK + 16
    first, second, third = (whole[head + n * size : head + (n + 1) * size] for n in range(3))
    header = whole[:head]
    for changed in (
        header + first + second,  # cut off at a block
        whole[:-1],
        header,
        b"",
        header + second + first + third,  # in another order
        header + first + first + third,
        header + first + third,
        header + first + second + third + third,
        sealed(content)[:head] + first + second + third,  # another file's salt
        whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
    ):
        with pytest.raises(BackupDamaged):
            opened(changed)
    with pytest.raises(BackupDamaged):
        opened(whole, "backups/1/other")
    with pytest.raises(ConfigurationError, match="not among"):
        opened(whole, NAME, OTHER)
    assert opened(whole, NAME, OTHER, KEY) == content


class Broken(io.RawIOBase):
    """A source that fails on the way."""

    def read(self, size: int = -1) -> bytes:
        raise OSError(5, "Input/output error")


def test_what_fails_on_the_way_is_not_there(folder: Path) -> None:
    store = FolderStore(folder / "store")
    store.put("a/b", joined([b"old"]))
    with pytest.raises(Exception, match="Input/output"):
        store.put("a/b", Broken())  # type: ignore[arg-type]
    assert store.open("a/b").read() == b"old"
    assert [kept.name for kept in store.list("")] == [".gitignore", "a/b"]
    assert stat.S_IMODE((folder / "store/a/b").stat().st_mode) == 0o600
    store.remove("a/b")
    assert not (folder / "store/a").exists()
    with pytest.raises(BackupNotFound):
        store.open("a/b")
    with pytest.raises(InvalidInput):
        store_of("s3://")


def test_names_of_writers_that_were_stopped_are_swept(folder: Path) -> None:
    store = FolderStore(folder / "store")
    store.put("wal/1/segment", joined([b"x"]))
    left = folder / "store/wal/1/.unfinished-abc"
    left.write_bytes(b"half")
    assert [kept.name for kept in store.list("wal/")] == ["wal/1/segment"]
    assert store.sweep(datetime.now(UTC) - timedelta(days=2)) == 0
    assert store.sweep(datetime.now(UTC) + timedelta(days=2)) == 1
    assert not left.exists()


def test_a_disk_that_is_full_is_told(folder: Path) -> None:
    """/dev/full takes nothing; the store's own file is on it by way of a link."""
    store = FolderStore(folder / "store")
    store.put("a", joined([b"old"]))

    class Full(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(BackupError, match="No space left"):
        store.put("a", Full())  # type: ignore[arg-type]
    assert store.open("a").read() == b"old"


# ---- S3 ------------------------------------------------------------------------------------


def test_a_bucket_is_listed_page_by_page(bucket: Vault) -> None:
    store = bucket.store
    assert isinstance(store, S3Store)

    def small(params: dict[str, object], **_: object) -> None:
        params.setdefault("MaxKeys", 2)

    store.client.meta.events.register("before-parameter-build.s3.ListObjectsV2", small)
    names = [f"backups/{n}" for n in range(5)]
    for name in names:
        store.put(name, joined([b"x"]))
    assert [kept.name for kept in store.list("backups/")] == names
    store.remove(names[0])
    store.remove(names[0])
    assert [kept.name for kept in store.list("backups/")] == names[1:]
    with pytest.raises(BackupNotFound):
        store.open(names[0])


def test_a_large_object_goes_in_parts(bucket: Vault) -> None:
    store = bucket.store
    assert isinstance(store, S3Store)
    content = os.urandom(17 << 20)
    parts = [content[i : i + 70_001] for i in range(0, len(content), 70_001)]
    store.put("large", joined(parts), len(content))
    with store.open("large") as file:
        assert file.read() == content
    # 10,000 parts are all that S3 takes: 100 GB in parts of 8 MiB would be 11,900.
    with patch.object(store.client, "upload_fileobj") as upload:
        store.put("small", joined([b"x"]), 100 << 30)
    assert (100 << 30) / upload.call_args.kwargs["Config"].multipart_chunksize < 10_000


def test_an_upload_that_fails_is_no_object(bucket: Vault) -> None:
    store = bucket.store
    assert isinstance(store, S3Store)

    def broken() -> Iterator[bytes]:
        yield bytes(9 << 20)
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        store.put("a", joined(broken()))
    assert list(store.list("")) == []
    # One that was killed leaves parts, which are in no list.
    store.client.create_multipart_upload(Bucket=store.bucket, Key="tenantry/b")
    store.client.create_multipart_upload(Bucket=store.bucket, Key="others/b")
    # Moto says that every upload began in 2010.
    assert store.sweep(datetime(2009, 1, 1, tzinfo=UTC)) == 0
    assert store.sweep(datetime.now(UTC)) == 1
    [left] = store.client.list_multipart_uploads(Bucket=store.bucket)["Uploads"]
    assert left["Key"] == "others/b"


def test_what_s3_refuses_is_an_error_of_ours(
    bucket: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="NoSuchBucket"):
        S3Store("no-such-bucket", "").put("a", joined([b"x"]))
    with pytest.raises(InvalidInput, match="NoSuchBucket"):
        list(S3Store("no-such-bucket", "").list(""))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(InvalidInput, match="endpoint"):
        list(S3Store("any", "").list(""))

    class Cut:
        """A connection that ends on the way."""

        def read(self, size: int) -> bytes:
            failures: Any = import_module("botocore.exceptions")
            raise failures.ResponseStreamingError(error="cut")

        def close(self) -> None:
            pass

    bucket.store.put("a", joined([b"x"]))
    store = bucket.store
    assert isinstance(store, S3Store)
    with (
        patch.object(store.client, "get_object", lambda **_: {"Body": Cut()}),
        store.open("a") as file,
        pytest.raises(InvalidInput, match="cut"),
    ):
        file.read()


# ---- whole backups ---------------------------------------------------------------------------


#: That a backup is restored out of a bucket, the recovery's test shows as well.
PLACES = ["folder", "bucket"] if os.environ.get("TENANTRY_SOAK") else ["folder"]


@pytest.fixture(params=PLACES)
def any_vault(request: pytest.FixtureRequest) -> Iterator[Vault]:
    yield request.getfixturevalue({"folder": "sealed_vault", "bucket": "bucket"}[request.param])


@pytest.mark.postgres("wheel")
async def test_it_is_verified_wherever_it_is(
    filled: Database, settings: Settings, place: Place, any_vault: Vault
) -> None:
    made = await take(settings, any_vault, form="directory", label="nightly")
    assert every(any_vault.store) == [made]
    assert made.key_id
    await quick(any_vault, made, lambda _: None)
    report = await verify(place.server.servers, None, any_vault, made, lambda _: None)
    assert report.ok, report.differences
    assert read(any_vault.store, str(made.id)[-8:]).verified is not None

    # Without the key nothing can be read, and a manifest that was changed is found out.
    stranger = Vault(any_vault.store, Cipher([OTHER]))
    await quick(stranger, made, lambda _: None)
    with pytest.raises(ConfigurationError, match="not among"):
        await verify(place.server.servers, None, stranger, made, lambda _: None)
    name = made.path("manifest.json")
    said = any_vault.store.open(name).read()
    any_vault.store.put(name, joined([said.replace(b'"rows": 40', b'"rows": 39', 1)]))
    changed = read(any_vault.store, "latest")
    with pytest.raises(BackupDamaged, match="manifest"):
        await verify(place.server.servers, None, any_vault, changed, lambda _: None)


@pytest.mark.postgres("wheel")
async def test_a_backup_that_lost_rows_does_not_pass(
    filled: Database, settings: Settings, place: Place, vault: Vault
) -> None:
    made = await take(settings, vault, form="plain", compress="none")
    name = made.path("manifest.json")
    said = vault.store.open(name).read()
    changed = said.replace(b'"rows": 40', b'"rows": 41').replace(
        b'"tenantry.tenants"', b'"tenantry.deeds"'
    )
    vault.store.put(name, joined([changed]))
    report = await verify(
        place.server.servers, None, vault, read(vault.store, "latest"), lambda _: None
    )
    assert any("has 40 rows, not 41" in line for line in report.differences)
    assert "tenantry.deeds is missing" in report.differences
    # The right number of rows, but not what they held.
    vault.store.put(name, joined([said]))
    dump = made.path("dump.sql")
    text = vault.store.open(dump).read()
    vault.store.put(dump, joined([text.replace(b"\tDo 7\t", b"\tDo 8\t", 1)]))
    with pytest.raises(BackupDamaged, match="another checksum"):
        await quick(vault, read(vault.store, "latest"), lambda _: None)
    assert read(vault.store, "latest").verified is None


_HELD = """
import asyncio
from tenantry.ops.backup.workshop import workshop

async def main():
    async with workshop() as folder:
        (folder / "dump").write_text("not encrypted")
        print(folder, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def test_what_a_killed_run_left_goes_with_the_next(temporary: Path) -> None:
    async def in_another() -> bool:
        async with workshop():
            return left.is_dir()  # noqa: ASYNC240

    with subprocess.Popen(
        [sys.executable, "-c", _HELD], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        left = Path(process.stdout.readline().strip())
        os.utime(left, (0, 0))
        assert asyncio.run(in_another())  # its owner lives
        process.kill()
    assert not asyncio.run(in_another())
    assert len(list(temporary.glob(left.name))) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"name": "dump"', '"name": "../../../../tmp/evil"'),
        ('"name": "dump"', '"name": "/etc/evil"'),
        ('"system_id": "1"', '"system_id": "../1"'),
        ('"id": "0', '"id": "1'),
    ],
)
def test_a_manifest_leads_nowhere_else(folder: Path, old: str, new: str) -> None:
    from .test_retention import kept

    store = FolderStore(folder / "store")
    made = kept(store, 1, files=(File("dump", 1, "x"),))
    assert every(store) == [made]
    name = made.path("manifest.json")
    said = store.open(name).read().decode()
    assert old in said
    store.put(name, joined([said.replace(old, new, 1).encode()]))
    assert every(store) == []
    assert survey(store).damaged == [str(made.id)]


def test_a_damaged_mark_hides_nothing(folder: Path) -> None:
    from .test_retention import kept

    store = FolderStore(folder / "store")
    made = kept(store, 1)
    store.put(made.path("verified.json"), joined([b"{"]))
    assert [m.verified for m in every(store)] == [None]
