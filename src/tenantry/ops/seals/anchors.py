"""Seals kept where the database's superuser cannot reach them: a rewritten chain does not fit those.

One line of JSON for each seal, as it is hashed, with its hash.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qs, urlsplit

from tenantry.errors import ConfigurationError, InvalidInput
from tenantry.ids import uuid7
from tenantry.ops import s3

from .chain import Seal

#: Our objects of a bucket, whatever else is under the prefix.
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl")
#: How long S3 refuses to delete, unless told.
_DAYS = 365


class Anchor(Protocol):
    """A place that holds seals. Any object with these will do."""

    def keep(self, seals: Sequence[Seal]) -> None: ...

    def kept(self) -> Iterator[Seal]:
        """All it holds, in any order; of a place where nothing was kept yet, nothing."""


@runtime_checkable
class Watched(Protocol):
    """An anchor that can tell what was done to it since, though what it held is still known."""

    def tampered(self) -> Iterator[str]: ...


def anchor_of(text: str) -> Anchor:
    """`FILE`, `git:FOLDER`, or `s3://BUCKET/PREFIX?days=365`."""
    if text.startswith("git:"):
        return GitAnchor(Path(text.removeprefix("git:")))
    if text.startswith("s3://"):
        url = urlsplit(text)
        days = parse_qs(url.query).get("days", [str(_DAYS)])[-1]
        if not url.netloc or not days.isdigit() or int(days) < 1:
            raise InvalidInput(
                f"{text} is no place for anchors.", field="anchor", hint="s3://BUCKET/PREFIX?days=N"
            )
        return S3Anchor(url.netloc, url.path.strip("/"), int(days))
    return FileAnchor(Path(text.removeprefix("file:")))


def _text(seals: Sequence[Seal]) -> str:
    return "".join(f"{json.dumps(seal.line, sort_keys=True)}\n" for seal in seals)


def _read(where: object, lines: Iterable[str]) -> Iterator[Seal]:
    for number, line in enumerate(lines, 1):
        if line.strip() and not _is_cut_off(line):
            try:
                yield Seal.anchored(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise InvalidInput(
                    f"Line {number} of {where} holds no seal.", field="anchor"
                ) from None


def _is_cut_off(line: str) -> bool:
    """The beginning of a line whose writer was stopped. Its seal is anchored again."""
    return line.startswith("{") and "}" not in line


class FileAnchor:
    """Lines at the end of a file, best one that can only be appended to (`chattr +a`)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def keep(self, seals: Sequence[Seal]) -> None:
        try:
            with self.path.open("a+b") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        file.write(b"\n")  # somebody was stopped while they wrote
                file.write(_text(seals).encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InvalidInput(
                f"{self.path} cannot be written: {error.strerror}.", field="anchor"
            ) from error

    def kept(self) -> Iterator[Seal]:
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                yield from _read(self, file)
        except FileNotFoundError:
            return
        except OSError as error:
            raise InvalidInput(
                f"{self.path} cannot be read: {error.strerror}.", field="anchor"
            ) from error


class GitAnchor:
    """Notes on the newest commit of a repository. What is pushed is out of reach:
    `git push origin refs/notes/tenantry`."""

    ref = "refs/notes/tenantry"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return f"git:{self.folder}"

    def keep(self, seals: Sequence[Seal]) -> None:
        self._git("notes", "--ref", self.ref, "append", "-F", "-", "HEAD", given=_text(seals))

    def kept(self) -> Iterator[Seal]:
        for line in self._git("notes", "--ref", self.ref, "list").splitlines():
            note = self._git("cat-file", "blob", line.split()[0])
            yield from _read(self, note.splitlines())

    def _git(self, *arguments: str, given: str | None = None) -> str:
        try:
            ran = subprocess.run(
                ["git", "-C", str(self.folder), *arguments],
                input=given, capture_output=True, check=True, encoding="utf-8", errors="replace",
            )  # fmt: skip
        except FileNotFoundError:
            raise ConfigurationError("git is not installed here.", setting="anchor") from None
        except subprocess.CalledProcessError as error:
            raise InvalidInput(
                f"git in {self.folder} says: {error.stderr.strip()}", field="anchor"
            ) from error
        return ran.stdout


class S3Anchor(s3.Bucket):
    """Objects that nobody can remove or replace for some days: the bucket needs Object Lock."""

    _what = ("Anchors", "anchor")

    def __init__(self, bucket: str, prefix: str, days: int = _DAYS, client: Any = None) -> None:
        super().__init__(bucket, prefix, client)
        self.days = days

    def keep(self, seals: Sequence[Seal]) -> None:
        client = self.client
        with self._told():
            client.put_object(
                Bucket=self.bucket,
                Key=f"{self.prefix}{uuid7()}.jsonl",  # so that none takes another's place
                Body=_text(seals).encode(),
                ChecksumAlgorithm="SHA256",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=self.days),
            )

    def kept(self) -> Iterator[Seal]:
        """Of each object the first version: the lock does not keep others from being put over it."""
        for key, first, _ in self._objects():
            text = self._body(key, first).decode("utf-8", "replace")
            yield from _read(f"s3://{self.bucket}/{key}", text.splitlines())

    def tampered(self) -> Iterator[str]:
        for key, first, others in self._objects():
            if None in others:
                yield f"s3://{self.bucket}/{key} was deleted; its first version still stands."
            elif any(self._body(key, v) != self._body(key, first) for v in others if v):
                yield f"s3://{self.bucket}/{key} was replaced; its first version still stands."

    def _objects(self) -> Iterator[tuple[str, str, list[str | None]]]:
        """Each key of ours, its first version, and the others; that it was deleted is None."""
        pages = self.client.get_paginator("list_object_versions")
        found: dict[str, list[tuple[datetime, str | None]]] = {}
        with self._told():
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
                for part in page.get("Versions", ()):
                    version = part["LastModified"], part["VersionId"]
                    found.setdefault(part["Key"], []).append(version)
                for part in page.get("DeleteMarkers", ()):
                    found.setdefault(part["Key"], []).append((part["LastModified"], None))
        for key, versions in sorted(found.items()):
            # The newest came first, so that of one moment the last is the oldest.
            versions.reverse()
            ordered = [version for _, version in sorted(versions, key=itemgetter(0))]
            first = next(filter(None, ordered), None)
            if first is not None and _KEY.fullmatch(key.removeprefix(self.prefix)):
                ordered.remove(first)
                yield key, first, ordered

    def _body(self, key: str, version: str) -> bytes:
        with self._told():
            found = self.client.get_object(Bucket=self.bucket, Key=key, VersionId=version)
            body: bytes = found["Body"].read()
            return body

    def _told(self) -> AbstractContextManager[None]:
        return s3.told(str(self), "anchor")
