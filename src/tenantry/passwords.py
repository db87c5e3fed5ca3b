"""Passwords of users, as they are kept: argon2id, with the parameters inside each hash."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tenantry.errors import InvalidInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1024


def hash_password(password: str) -> str:
    """What to keep in `users.password_hash`."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(f"A password has {SHORTEST} to {LONGEST} characters.", field="password")
    return _hasher().hash(password)


def verify_password(password: str, kept: str) -> bool:
    """Whether this is the password that was hashed."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

    try:
        return _hasher().verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's: hash the password anew."""
    return _hasher().check_needs_rehash(kept)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher, Type  # noqa: PLC0415 - only sign-ins pay for it

    return PasswordHasher(type=Type.ID)
