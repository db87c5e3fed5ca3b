"""Passwords of users, as they are kept: argon2id, with the parameters inside each hash."""

from __future__ import annotations

from functools import cache
from secrets import token_urlsafe
from typing import TYPE_CHECKING
from unicodedata import normalize

from tenantry.errors import InvalidInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1024


def hash_password(password: str) -> str:
    """What to keep in `users.password_hash`."""
    typed = normalize("NFKC", password)
    if not SHORTEST <= len(typed) <= LONGEST:
        raise InvalidInput(f"A password has {SHORTEST} to {LONGEST} characters.", field="password")
    try:
        return _hasher().hash(typed)
    except UnicodeEncodeError:
        raise InvalidInput("A password is text.", field="password") from None


def verify_password(password: str, kept: str) -> bool:
    """Whether this is the password that was hashed. The work is the same whatever was typed."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

    try:
        return _hasher().verify(kept, _as_typed(password))
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's: hash the password anew."""
    return _hasher().check_needs_rehash(kept)


@cache
def nobodys_hash() -> str:
    """A hash with today's parameters that no password is known for: what takes the place of one where
    there is none, so that the answer takes as long."""
    return _hasher().hash(token_urlsafe(32))


def _as_typed(password: str) -> bytes:
    """The same letters are the same password, whichever way a keyboard composes them."""
    # None that is longer was ever hashed, and the empty one never either.
    typed = normalize("NFKC", password) if len(password) <= LONGEST else ""
    # Lone surrogates stand for no text, so they are in no password that was hashed.
    return typed.encode("utf-8", "surrogatepass")


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher, Type  # noqa: PLC0415 - only sign-ins pay for it

    return PasswordHasher(type=Type.ID)
