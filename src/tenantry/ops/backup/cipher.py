"""Encryption of files of any size: AES-256-GCM in blocks of 1 MiB.

Each file has a key of its own, derived from a backup key and a random salt. A block is sealed with its
number and whether it is the last; the file's name belongs to what is authenticated. So a block that was
changed, moved, taken from another file or cut off is noticed, and nothing of it is handed on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenantry.errors import BackupDamaged, ConfigurationError

from .streams import BLOCK, blocks

_MAGIC = b"TNTRYBK1"
_ID, _SALT, _TAG = 8, 16, 16
_HEADER = len(_MAGIC) + _ID + _SALT


class Cipher:
    """The keys there are. The first encrypts, all decrypt. Without any, nothing is encrypted."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        raw = [base64.urlsafe_b64decode(key) for key in keys]
        self._keys = {_id_of(key): key for key in raw}
        self._newest = next(iter(self._keys), None)

    def __repr__(self) -> str:
        return f"Cipher({len(self._keys)} keys)"

    @property
    def key_id(self) -> str | None:
        """Which key encrypts: no secret."""
        return self._newest.hex() if self._newest else None

    def seal(self, name: str, parts: Iterable[bytes]) -> Iterator[bytes]:
        """The content, encrypted; `parts` may be of any size."""
        if self._newest is None:
            yield from parts
            return
        header = _MAGIC + self._newest + os.urandom(_SALT)
        box = self._box(header)
        about = header + name.encode()
        yield header
        number, pending = 0, bytearray()
        for part in parts:
            pending += part
            # What is last is known only when nothing follows, so a full block waits for more.
            while len(pending) > BLOCK:
                yield box.encrypt(_nonce(number, last=False), bytes(pending[:BLOCK]), about)
                del pending[:BLOCK]
                number += 1
        yield box.encrypt(_nonce(number, last=True), bytes(pending), about)

    def open(self, name: str, source: BinaryIO, key_id: str | None) -> Iterator[bytes]:
        """The content again. `key_id` is what the manifest says of it: None where it is plain."""
        if key_id is None:
            yield from blocks(source)
            return
        header = next(blocks(source, _HEADER), b"")
        if len(header) < _HEADER or not header.startswith(_MAGIC):
            raise _damaged(name)
        box = self._box(header)
        about = header + name.encode()
        number, waiting = 0, None
        for block in blocks(source, BLOCK + _TAG):
            if waiting is not None:
                yield _opened(box, name, number, waiting, about, last=False)
                number += 1
            waiting = block
        yield _opened(box, name, number, waiting or b"", about, last=True)

    def sign(self, content: bytes) -> str | None:
        """That the manifest is ours: only who has the key can write one that passes."""
        if self._newest is None:
            return None
        return self._mac(self._newest, content)

    def is_signed(self, content: bytes, key_id: str, mac: str) -> bool:
        return hmac.compare_digest(self._mac(bytes.fromhex(key_id), content), mac)

    def _mac(self, key_id: bytes, content: bytes) -> str:
        key = _derived(self._key(key_id), b"", b"tenantry backup manifest")
        return hmac.new(key, content, hashlib.sha256).hexdigest()

    def _box(self, header: bytes) -> AESGCM:
        key = self._key(header[len(_MAGIC) : len(_MAGIC) + _ID])
        return AESGCM(_derived(key, header[-_SALT:], b"tenantry backup file"))

    def _key(self, id: bytes) -> bytes:
        if id not in self._keys:
            raise ConfigurationError(
                f"It was encrypted under the key {id.hex()}, which is not among the backup keys.",
                setting="backup_keys",
                hint="Add that key to TENANTRY_BACKUP_KEYS.",
            )
        return self._keys[id]


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"tenantry backup key" + key).digest()[:_ID]


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=salt, info=info).derive(key)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _opened(
    box: AESGCM, name: str, number: int, block: bytes, about: bytes, *, last: bool
) -> bytes:
    try:
        return box.decrypt(_nonce(number, last=last), block, about)
    except InvalidTag:
        raise _damaged(name) from None


def _damaged(name: str) -> BackupDamaged:
    return BackupDamaged(
        f"{name} was changed, cut off or mixed up with another file since it was written.",
        name=name,
        hint="Restore from another backup.",
    )
