"""The keys that a tenant's credentials are encrypted under before they reach the database.

The first key encrypts, all of them decrypt: a new one is put in front, `tenantry secrets rotate`
encrypts everything anew, and the old one can go.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tenantry.errors import ConfigurationError, InvalidInput, SecretUnreadable

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet


#: No tenant's id, so that a purpose is never a row.
_PURPOSE = "purpose"


class Keyring:
    """What a secret is sealed and opened with. Shows none of its keys."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = tuple(keys)

    def __repr__(self) -> str:
        return f"Keyring({len(self._keys)} keys)"

    def seal(self, secret: dict[str, Any], tenant_id: UUID, id: UUID) -> bytes:
        """The secret of this row, encrypted. It is of no use in another."""
        if not isinstance(secret, dict):
            raise InvalidInput("Credentials are a dict.", field="credentials")
        try:
            return self._seal(secret, [str(tenant_id), str(id)])
        except (TypeError, ValueError):
            raise InvalidInput(
                "Credentials hold only what JSON has: text, numbers, lists, dicts.",
                field="credentials",
            ) from None

    def open(self, sealed: bytes, tenant_id: UUID, id: UUID) -> dict[str, Any]:
        secret = self._open(sealed, [str(tenant_id), str(id)])
        if secret is None:
            raise SecretUnreadable("This secret was sealed for another row: it has been moved.")
        return secret

    def seal_for(self, purpose: str, content: dict[str, Any]) -> str:
        """What a browser keeps for us and can neither read nor change, and no other purpose opens."""
        return self._seal(content, [_PURPOSE, purpose]).decode()

    def open_for(self, purpose: str, sealed: str) -> dict[str, Any]:
        content = self._open(sealed.encode(), [_PURPOSE, purpose])
        if content is None:
            raise SecretUnreadable("This was sealed for another purpose.")
        return content

    def _seal(self, secret: dict[str, Any], of: list[str]) -> bytes:
        return self._all.encrypt(json.dumps({"of": of, "secret": secret}).encode())

    def _open(self, sealed: bytes, of: list[str]) -> dict[str, Any] | None:
        """None for what was sealed for something else."""
        content = json.loads(self._decrypt(self._all, sealed))
        secret: dict[str, Any] = content["secret"]
        return secret if content["of"] == of else None

    def renew(self, sealed: bytes) -> bytes | None:
        """The same under the newest key; None when it is already."""
        try:
            self._decrypt(self._newest, sealed)
        except SecretUnreadable:
            return self._all.encrypt(self._decrypt(self._all, sealed))
        return None

    def _decrypt(self, key: Fernet | MultiFernet, sealed: bytes) -> bytes:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return key.decrypt(sealed)
        except InvalidToken:
            raise SecretUnreadable(
                "None of the secret keys opens this secret.",
                hint="Add the key that it was encrypted under to TENANTRY_SECRET_KEYS.",
            ) from None

    # The library is imported by those who have secrets.

    @cached_property
    def _newest(self) -> Fernet:
        from cryptography.fernet import Fernet  # noqa: PLC0415

        if not self._keys:
            raise ConfigurationError(
                "No key is set to encrypt credentials under.",
                setting="secret_keys",
                hint="Make one with `tenantry secrets new-key` and set TENANTRY_SECRET_KEYS.",
            )
        return Fernet(self._keys[0])

    @cached_property
    def _all(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        return MultiFernet([self._newest, *map(Fernet, self._keys[1:])])


def new_key() -> str:
    """32 random bytes, as `TENANTRY_SECRET_KEYS` takes them."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == 32
    except (ValueError, binascii.Error):
        return False
