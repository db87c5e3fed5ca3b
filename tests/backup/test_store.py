"""What is kept: whole or not at all, the same in a folder and in a bucket, and unreadable without the key."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry import Database, Settings
from tenantry.errors import (
    BackupDamaged,
    BackupNotFound,
    ConfigurationError,
    InvalidInput,
)
from tenantry.keyring import new_key
from tenantry.ops.backup import Cipher, Vault, every, quick, read, store_of, verify
from tenantry.ops.backup.store import FolderStore
from tenantry.ops.backup.streams import BLOCK, joined
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


@pytest.fixture(params=["folder", "bucket"])
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
    for old, new, words in (
        (b'"rows": 40', b'"rows": 41', "has 40 rows, not 41"),
        (b'"tenantry.tasks"', b'"tenantry.deeds"', "tenantry.deeds is missing"),
    ):
        vault.store.put(name, joined([said.replace(old, new)]))
        report = await verify(
            place.server.servers, None, vault, read(vault.store, "latest"), lambda _: None
        )
        assert any(words in line for line in report.differences)
    # The right number of rows, but not what they held.
    vault.store.put(name, joined([said]))
    dump = made.path("dump.sql")
    text = vault.store.open(dump).read()
    vault.store.put(dump, joined([text.replace(b"\tDo 7\t", b"\tDo 8\t", 1)]))
    with pytest.raises(BackupDamaged, match="another checksum"):
        await quick(vault, read(vault.store, "latest"), lambda _: None)
    assert read(vault.store, "latest").verified is None
