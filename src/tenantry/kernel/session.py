"""What a user's statement may leave behind on its connection, told from what is known locally.

Nothing here guards the tenant: BEGIN writes the whole context with SET LOCAL, whatever a session
holds. It keeps settings, locks, temporary tables and subscriptions of one transaction from reaching
the next: a connection that may carry some is replaced at its release.
"""

from __future__ import annotations

import re
from typing import Final

#: First words (of command tags, or of text where there is no tag) that leave nothing behind.
_HARMLESS: Final = frozenset((
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "FETCH", "MOVE", "COPY", "EXPLAIN", "SHOW",
    "WITH", "VALUES", "TABLE", "CALL", "LOCK", "NOTIFY", "SAVEPOINT", "RELEASE", "ANALYZE", "REFRESH", "CLOSE",
))  # fmt: skip

#: Command tags by which a statement ended, replaced or prepared our transaction.
_CONTROL: Final = ("COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION", "PREPARE TRANSACTION")

_LOCAL: Final = re.compile(r"\s*SET\s+(LOCAL|CONSTRAINTS)\b", re.IGNORECASE)
_LOCAL_CALL: Final = re.compile(r"\bset_config\s*\([^()]*,\s*true\s*\)", re.IGNORECASE)
_SESSION_CALL: Final = re.compile(
    r"\b(set_config|setseed|pg_(try_)?advisory_lock(_shared)?|dblink_connect"
    r"|(INTO|CREATE|LOCAL|GLOBAL)\s+TEMP(ORARY)?)\b",
    re.IGNORECASE,
)


def reaches_session(sql: str) -> bool:
    """Whether the text calls a function, or makes a table, that outlives the transaction. Asked
    once per statement and connection; what hides inside a function or a string is not seen."""
    return _SESSION_CALL.search(_LOCAL_CALL.sub("", sql)) is not None


def controls_transaction(tag: str) -> bool:
    """Whether a statement with this tag has meddled with the transaction itself."""
    return tag.startswith(_CONTROL)


def may_persist(tag: str, sql: str) -> bool:
    """Whether a statement with this tag may have changed the session."""
    return tag != "" and tag.split(None, 1)[0] not in _HARMLESS and _LOCAL.match(sql) is None
