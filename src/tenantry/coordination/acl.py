"""The rights of a Redis or Valkey user that runs Tenantry, as lines of an ACL file."""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

from tenantry.errors import InvalidInput

from .keys import PREFIX, Keys

#: Everything that is used, by kind; then, of those kinds, what looks into or harms the server. The
#: last rule wins.
_COMMANDS = (
    "-@all +@read +@write +@pubsub +@connection +@blocking +@transaction +eval +evalsha +time"
    " -@dangerous -@admin -randomkey -pubsub -acl -client +client|setname +client|id"
    # What is asked of the server itself: its policies, and where a Cluster's nodes are.
    " +info +cluster|slots +cluster|shards +cluster|nodes +cluster|keyslot +command"
)
#: They tell of everybody's keys, whatever the user's own are.
_TELLING = " -scan -dbsize"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def acl_line(user: str, password: str, tenant_id: UUID | None = None) -> str:
    """A user for all of Tenantry's keys, or for one tenant's alone, who cannot even see the names of
    others: counting, erasing and `clear_pattern` are refused to him. The line has a digest of the
    password, never the password."""
    if not _NAME.fullmatch(user):
        raise InvalidInput(
            "A user's name has up to 64 letters, digits, dots, dashes and underscores.",
            field="user",
        )
    if not password:
        raise InvalidInput("A user without a password is open to everyone.", field="password")
    digest = hashlib.sha256(password.encode()).hexdigest()
    prefix = PREFIX if tenant_id is None else Keys(tenant_id).prefix
    rules = f"resetkeys ~{prefix}* resetchannels &{prefix}* {_COMMANDS}"
    return f"user {user} on #{digest} {rules}{'' if tenant_id is None else _TELLING}"
