"""What a key's scopes and a member's role allow.

A scope is `tasks:write`: what it is about, and what is done to it. `*` stands for all of either, and
alone for everything. What is asked for is checked where it is written, since a scope that is
misspelt there would be one that nobody can be refused or given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, get_args

from tenantry.errors import InvalidInput
from tenantry.models.identity import MembershipRole
from tenantry.rights import checked_scope

#: From the lowest to the highest.
ROLES: Final[tuple[str, ...]] = tuple(reversed(get_args(MembershipRole)))
_RANKS: Final = {role: rank for rank, role in enumerate(ROLES)}

_BY_DEFAULT: Final[Mapping[str, tuple[str, ...]]] = {
    "owner": ("*",),
    "admin": ("*",),
    "manager": ("*:read", "*:write"),
    "member": ("*:read", "*:write"),
    "viewer": ("*:read",),
}


def checked_role(text: object) -> str:
    if not isinstance(text, str) or text not in _RANKS:
        raise InvalidInput(f"A role is one of {', '.join(ROLES)}.", field="role")
    return text


def grants(held: Iterable[str], wanted: str) -> bool:
    """Whether one of the scopes that are held covers the one that is wanted. What is held and is no
    scope covers nothing."""
    if isinstance(held, str):
        # Its characters would be the scopes, and a * among them everything.
        raise TypeError("scopes are a collection of texts, not one text")
    return not _covering(wanted).isdisjoint(held)


@lru_cache(maxsize=1024)
def _covering(wanted: str) -> frozenset[str]:
    """All scopes that cover this one."""
    resource, _, action = checked_scope(wanted).partition(":")
    every = {wanted, "*", "*:*"}
    return frozenset({*every, f"{resource}:*", f"*:{action}"} if action else every)


class Roles:
    """What each role may: `Roles({"member": ["tasks:*", "projects:read"]})`. A role that is not
    mentioned keeps what it has by default, and an empty list allows nothing."""

    def __init__(self, scopes: Mapping[str, Iterable[str]] | None = None) -> None:
        changed = {}
        for role, held in (scopes or {}).items():
            if isinstance(held, str):
                raise InvalidInput("A role has a list of scopes.", field="scopes")
            changed[checked_role(role)] = tuple(map(checked_scope, held))
        self.scopes: Mapping[str, tuple[str, ...]] = MappingProxyType({**_BY_DEFAULT, **changed})

    def allows(self, role: str | None, wanted: str) -> bool:
        """Whether the role may do it. What is no role may nothing."""
        return grants(self.scopes.get(role or "", ()), wanted)

    @staticmethod
    def is_at_least(role: str | None, wanted: str) -> bool:
        """Whether the role is that one or above it: viewer, member, manager, admin, owner."""
        return _RANKS.get(role or "", -1) >= _RANKS[checked_role(wanted)]


BY_DEFAULT: Final = Roles()
