"""How keys are named: the tenant first, in one place for all of them.

    tenantry:{0199…-tenant}:cache:report:7

The braces make a Cluster keep all of one tenant's keys together, so that a script may touch several
and counting or erasing them asks one node. Whatever a caller calls a thing comes last, so no name
and no pattern of his reaches out of his tenant's prefix.
"""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from tenantry.errors import InvalidInput

#: What may be thrown away when memory is short, and stays on the cache's own server if it has one.
Passing = Literal["cache", "lease", "tag"]
#: What may not.
Lasting = Literal[
    "limit", "session", "sessions", "lock", "fence", "turn", "stream", "dead", "seen", "channel"
]
Kind = Passing | Lasting

PREFIX: Final = "tenantry:"
#: Names longer than this are a mistake (a document used as a key, say).
LONGEST_NAME: Final = 1024


class Keys:
    """The keys of one tenant, or of the platform itself (`None`)."""

    __slots__ = ("owner", "prefix")

    def __init__(self, tenant_id: UUID | None) -> None:
        # A subclass (the driver has one) may write itself in another way.
        if tenant_id is not None and type(tenant_id) is not UUID:
            tenant_id = UUID(int=tenant_id.int)
        self.owner = "platform" if tenant_id is None else str(tenant_id)
        self.prefix = f"{PREFIX}{{{self.owner}}}:"

    def __repr__(self) -> str:
        return f"Keys({self.owner})"

    def name(self, kind: Kind, name: str) -> str:
        """The key of a thing of this kind. Any text is a name, but none and very long ones."""
        if not name or len(name) > LONGEST_NAME or not _is_text(name):
            raise InvalidInput(
                f"The name of a {kind} has 1 to {LONGEST_NAME} characters of text.", field="name"
            )
        return f"{self.prefix}{kind}:{name}"

    def pattern(self, kind: Kind | None = None, pattern: str = "*") -> str:
        """A SCAN pattern for keys of this kind (all kinds if None) whose name matches."""
        if not _is_text(pattern) or not 0 < len(pattern) <= LONGEST_NAME:
            raise InvalidInput(
                f"A pattern has 1 to {LONGEST_NAME} characters of text.", field="pattern"
            )
        # The prefix holds nothing that a pattern would read as more than itself.
        return f"{self.prefix}*" if kind is None else f"{self.prefix}{kind}:{pattern}"

    def kind(self, key: bytes) -> str:
        """What kind of thing a key of this owner's is."""
        return kind_of(key)

    def read(self, kind: Kind, key: bytes) -> str:
        """The name that a key of this kind was made from."""
        return key.decode().removeprefix(f"{self.prefix}{kind}:")


def kind_of(key: bytes) -> str:
    """What kind of thing a key of Tenantry's is, whoever owns it: names may hold what a prefix does,
    owners do not."""
    return key.decode(errors="replace").partition("}:")[2].partition(":")[0]


def _is_text(value: str) -> bool:
    """Half of a surrogate pair is a Python string, and nothing that can be sent."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
