"""Where backups are kept: a folder, or a bucket of S3. An object is there whole, or not at all."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from tenantry.errors import BackupError, BackupNotFound, InvalidInput
from tenantry.ops import s3

#: Names that begin so are of writers still at work, or of those who were stopped.
_UNFINISHED = ".unfinished-"
_BLOCK = 1 << 20
#: Of an upload to S3.
_PART = 8 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """An object of a store."""

    name: str
    size: int
    at: datetime


class Store(Protocol):
    """Named objects. Names are paths with `/`, which ours make."""

    def put(self, name: str, content: BinaryIO, size: int = 0) -> None:
        """Keep all that `content` reads, in place of what had the name; `size` is about how much it is."""

    def open(self, name: str) -> BinaryIO:
        """Read an object; `BackupNotFound` where there is none."""

    def list(self, prefix: str) -> Iterator[Kept]:
        """The objects whose name begins so, in the order of their names."""

    def remove(self, name: str) -> None:
        """Take an object away, where it is there."""

    def sweep(self, before: datetime) -> int:
        """Clear away what writers that were stopped left before then; how many there were."""


def store_of(text: str) -> Store:
    """`FOLDER`, or `s3://BUCKET/PREFIX`."""
    if not text.startswith("s3://"):
        return FolderStore(Path(text.removeprefix("file:")).expanduser().absolute())
    url = urlsplit(text)
    if not url.netloc or url.query:
        raise InvalidInput(
            f"{text} is no place for backups.", field="store", hint="s3://BUCKET/PREFIX"
        )
    return S3Store(url.netloc, url.path.strip("/"))


class FolderStore:
    """Files that only their owner reads: a dump holds hashes of passwords, and keys."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def put(self, name: str, content: BinaryIO, size: int = 0) -> None:
        target = self.root / name
        try:
            self._folder(target.parent)
            fresh = target.with_name(f"{_UNFINISHED}{secrets.token_hex(6)}")
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                with os.fdopen(fd, "wb") as file:
                    shutil.copyfileobj(content, file, _BLOCK)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(target)
                _settle(target.parent)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise BackupError(
                f"{target} cannot be written: {error.strerror}.", path=str(target)
            ) from error

    def open(self, name: str) -> BinaryIO:
        try:
            return (self.root / name).open("rb")
        except FileNotFoundError:
            raise BackupNotFound(f"{self} has no {name}.", name=name) from None
        except OSError as error:
            raise BackupError(
                f"{self.root / name} cannot be read: {error.strerror}.", path=str(self.root / name)
            ) from error

    def list(self, prefix: str) -> Iterator[Kept]:
        for kept in self._every(prefix):
            if not kept.name.rpartition("/")[2].startswith(_UNFINISHED):
                yield kept

    def sweep(self, before: datetime) -> int:
        found = [
            kept.name
            for kept in self._every("")
            if kept.name.rpartition("/")[2].startswith(_UNFINISHED) and kept.at < before
        ]
        for name in found:
            self.remove(name)
        return len(found)

    def _every(self, prefix: str) -> Iterator[Kept]:
        base = self.root / prefix.rpartition("/")[0]
        for path in sorted(base.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            # Somebody else may be removing what we see.
            with suppress(FileNotFoundError):
                if name.startswith(prefix) and path.is_file():
                    facts = path.stat()
                    yield Kept(name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))

    def remove(self, name: str) -> None:
        path = self.root / name
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.root:
                break
            try:
                folder.rmdir()
            except OSError:  # it holds something yet
                break

    def _folder(self, folder: Path) -> None:
        if not self.root.is_dir():
            self.root.mkdir(parents=True, mode=0o700)
            (self.root / ".gitignore").write_text("*\n")
        for part in (
            *reversed(folder.relative_to(self.root).parents),
            folder.relative_to(self.root),
        ):
            with suppress(FileExistsError):
                (self.root / part).mkdir(mode=0o700)
                _settle((self.root / part).parent)


class S3Store(s3.Bucket):
    """Objects of a bucket. An upload that is not finished is no object."""

    _what = ("Backups", "store")

    def put(self, name: str, content: BinaryIO, size: int = 0) -> None:
        client = self.client
        ways: Any = import_module("boto3.s3.transfer")
        # An upload has 10,000 parts at most; boto3 does not know how long a stream will be.
        parts = ways.TransferConfig(multipart_chunksize=max(_PART, size // 9_000))
        with s3.told(str(self), "store"):
            client.upload_fileobj(content, self.bucket, self.prefix + name, Config=parts)

    def open(self, name: str) -> BinaryIO:
        client = self.client
        missing: Any = import_module("botocore.exceptions").ClientError
        with s3.told(str(self), "store"):
            try:
                found = client.get_object(Bucket=self.bucket, Key=self.prefix + name)
            except missing as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    raise BackupNotFound(f"{self} has no {name}.", name=name) from None
                raise
        return io.BufferedReader(_Body(found["Body"], str(self)), _BLOCK)

    def list(self, prefix: str) -> Iterator[Kept]:
        pages = self.client.get_paginator("list_objects_v2")
        with s3.told(str(self), "store"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix):
                for part in page.get("Contents", ()):
                    name = part["Key"].removeprefix(self.prefix)
                    yield Kept(name, part["Size"], part["LastModified"])

    def remove(self, name: str) -> None:
        client = self.client
        with s3.told(str(self), "store"):
            client.delete_object(Bucket=self.bucket, Key=self.prefix + name)

    def sweep(self, before: datetime) -> int:
        """Uploads that were begun and never finished: their parts are paid for, and in no list."""
        client, count = self.client, 0
        pages = client.get_paginator("list_multipart_uploads")
        with s3.told(str(self), "store"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < before:
                        client.abort_multipart_upload(
                            Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        count += 1
        return count


class _Body(io.RawIOBase):
    """What an object holds, as it comes over the network; a failure on the way is told as ours."""

    def __init__(self, body: Any, where: str) -> None:
        self._body = body
        self._where = where

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with s3.told(self._where, "store"):
            part: bytes = self._body.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._body.close()
        super().close()


def _settle(folder: Path) -> None:
    """That the name is there survives a power cut, too."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
