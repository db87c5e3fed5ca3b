"""Byte streams that pass through: what a file of any size needs no memory for."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

BLOCK = 1 << 20


class Joined(io.RawIOBase):
    """Parts, read as one file."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = memoryview(part)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def joined(parts: Iterable[bytes]) -> BinaryIO:
    return io.BufferedReader(Joined(parts), BLOCK)


def blocks(source: BinaryIO, size: int = BLOCK) -> Iterator[bytes]:
    """Blocks of exactly this size, but for the last; a source may give less than it was asked."""
    pending = bytearray()
    while part := source.read(size - len(pending)):
        pending += part
        if len(pending) == size:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


class Measured:
    """Counts and hashes what passes."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    def through(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self.size += len(part)
            self._hash.update(part)
            yield part

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def compressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    squeeze = zlib.compressobj(1)
    for part in parts:
        yield squeeze.compress(part)
    yield squeeze.flush()


def expanded(parts: Iterable[bytes]) -> Iterator[bytes]:
    expand = zlib.decompressobj()
    for part in parts:
        yield expand.decompress(part)
    yield expand.flush()
    if not expand.eof:
        raise EOFError
