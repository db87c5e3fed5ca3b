"""The one place where a driver's error becomes one of ours.

Classes are chosen by SQLSTATE and by the names of constraint, table and column; never by message
text, which the server's locale changes. PostgreSQL's DETAIL quotes row values, so it stays on the
chained cause and never enters our own message.
"""

from __future__ import annotations

import errno
import json
import re
import ssl
from collections.abc import Callable
from typing import Any, Final

import asyncpg

from ..errors import (
    AlreadyDecided,
    AlreadyExists,
    AppendOnly,
    AuthenticationFailed,
    CircularReference,
    CommitOutcomeUnknown,
    ConfigurationError,
    ConnectionLost,
    ContextMismatch,
    ContextNotSealed,
    CypherRefused,
    DatabaseUnavailable,
    DeadlockDetected,
    GraphUnavailable,
    InvalidInput,
    InvalidTransition,
    LockTimeout,
    PermissionDenied,
    QueryError,
    QuotaExceeded,
    ReferenceNotFound,
    ReviewsMissing,
    RuleViolated,
    SchemaChanged,
    SerializationFailure,
    StaleFence,
    StatementTimeout,
    StillReferenced,
    TenantNotWritable,
    TenantryError,
    TlsFailed,
    TransactionAborted,
    TransactionError,
    TransferRefused,
    UnknownGraphQuery,
    UnsafeTable,
)

#: Nicer wording for a rule of the schema: constraint name -> message. Repositories add theirs.
CONSTRAINT_MESSAGES: dict[str, str] = {}

#: A rule that has an error of its own: constraint name -> class, whose further fields the rule
#: brings as JSON in DETAIL.
RULE_ERRORS: Final[dict[str, type[RuleViolated]]] = {
    "workflow_transition": InvalidTransition,
    "workflow_review": ReviewsMissing,
    "decided_once": AlreadyDecided,
}

#: (table, constraint) of a partition -> those of its parent. Whoever makes partitions sets one.
PartitionResolver = Callable[[str, str], tuple[str, str]]
#: Makes our error from the driver's and the statement's text.
#: A one-shot function met a context that is not its own.
OTHER_CONTEXT: Final = "TN002"
#: A write in a transaction that is read-only, as all are on a standby.
READ_ONLY: Final = "25006"

Maker = Callable[[asyncpg.PostgresError, str], TenantryError]

_resolve_partition: PartitionResolver | None = None

_VERB: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)

#: The connection, not the statement, is what failed.
_LOST: Final = frozenset(("57P01", "57P02", "57P03", "57P05", "25P03", "25P04"))


def set_partition_resolver(resolver: PartitionResolver | None) -> None:
    """Say how a partition's table and index names lead to the parent's."""
    global _resolve_partition
    _resolve_partition = resolver


def is_lost(error: BaseException, closed: bool = False) -> bool:
    """Whether the connection went away (as opposed to: the server answered with an error)."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in _LOST or state.startswith("08")
    if isinstance(error, TimeoutError):
        return False
    return closed or isinstance(error, OSError)


def translate(error: BaseException, *, sql: str = "", closed: bool = False) -> TenantryError:  # noqa: PLR0911
    """The error of a statement, as ours; `closed` says that its connection is. Raise it `from`
    the driver's."""
    if isinstance(error, TenantryError):
        return error
    if isinstance(error, TimeoutError):
        return StatementTimeout(
            "The statement ran longer than the time limit of this call and was cancelled.",
            hint="Give it a longer timeout, or make it do less.",
        )
    if isinstance(error, (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)):
        return SchemaChanged(
            "A table changed while this connection had plans for its old form.",
            hint="Run the transaction again.",
        )
    if isinstance(error, asyncpg.DataError):
        return InvalidInput("A value does not fit the type of its parameter.")
    if is_lost(error, closed):
        return _lost(error)
    if isinstance(error, asyncpg.InterfaceError):
        return InvalidInput("The statement and its arguments do not fit together.")
    if isinstance(error, asyncpg.PostgresError):
        return _by_sqlstate(error, sql)
    return TransactionError(f"The statement failed with {type(error).__name__}.")


def translate_connect(error: BaseException, *, certified: bool = False) -> TenantryError:  # noqa: PLR0911
    """The error of opening a connection, `certified` if it shows a certificate of ours. Nothing of
    the URL appears in it."""
    if isinstance(error, TenantryError):
        return error
    if fault := _tls_fault(error, certified):
        return TlsFailed(fault)
    state = getattr(error, "sqlstate", None) or ""
    if state == "28000":
        return AuthenticationFailed(
            "The server lets this role into this database from here in no such way.",
            hint="Its pg_hba.conf may ask for TLS (sslmode=verify-full), or for a certificate in the"
            " role's name (TENANTRY_SSL_CERT).",
            sqlstate=state,
        )
    if state.startswith("28"):
        names = "role, password, and whose name is in TENANTRY_SSL_CERT"
        return AuthenticationFailed(
            "The server refused the login.",
            hint=f"Check {names if certified else 'role and password'}.",
            sqlstate=state,
        )
    if state == "3D000":
        return DatabaseUnavailable(
            "The database does not exist.", hint="Create it with `tenantry init`.", sqlstate=state
        )
    if certified and isinstance(error, asyncpg.ConnectionDoesNotExistError):
        # It goes down, or refuses the certificate and was quicker to close than to say so.
        return DatabaseUnavailable(
            "The server closed the connection once it was shown this program's certificate.",
            hint="If it is up, it refuses that: look at TENANTRY_SSL_CERT, and at the server's log.",
            sqlstate=state,
        )
    if state == "53300":
        return DatabaseUnavailable(
            "The server has no connection left.",
            hint="Lower the pool sizes, or raise max_connections.",
            sqlstate=state,
        )
    if state:
        return DatabaseUnavailable("The server refused the connection.", sqlstate=state)
    if isinstance(error, TimeoutError):
        return DatabaseUnavailable("The server did not answer in time.")
    if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE):
        return DatabaseUnavailable(
            "This process may open no more files, and a connection is one.",
            hint="Raise its limit (ulimit -n; LimitNOFILE= of a unit), or lower the pool sizes.",
        )
    if isinstance(error, (OSError, asyncpg.InternalClientError)):
        return DatabaseUnavailable(
            "The server cannot be reached.", hint="Is it running, and are host and port right?"
        )
    return ConfigurationError("The database URL cannot be used.", setting="database_url")


#: OpenSSL's words for why it does not believe a certificate (X509_V_ERR_…).
_DISBELIEVED: Final = {
    9: "not_yet_valid",
    10: "expired",
    **dict.fromkeys((18, 19, 20, 21), "untrusted"),
    **dict.fromkeys((62, 64), "host_name"),
}


def _tls_fault(error: BaseException, certified: bool) -> str:
    """What was wrong with TLS; empty if that was not it."""
    if isinstance(error, asyncpg.ConnectionDoesNotExistError):
        # With TLS 1.3 the server looks at our certificate when we believe to be through already.
        alert = error.__cause__ or error.__context__
        return "refused" if isinstance(alert, ssl.SSLError) else ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _DISBELIEVED.get(error.verify_code, "untrusted")
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if reason == "KEY_VALUES_MISMATCH":
            return "key"
        certificate = "ALERT" in reason and ("CERT" in reason or "UNKNOWN_CA" in reason)
        return "refused" if certificate else "handshake"
    if isinstance(error, (FileNotFoundError, PermissionError)) and certified:
        return "files"
    # The driver's own words: no type of its own, nor a number, says so.
    return "no_tls" if "rejected SSL upgrade" in str(error) else ""


def _lost(error: BaseException) -> TenantryError:
    state = getattr(error, "sqlstate", None)
    if state == "25P03":
        return ConnectionLost(
            "The transaction idled longer than idle_in_transaction_session_timeout.",
            hint="Do slow work outside the transaction. Nothing of it was written.",
        )
    if state == "25P04":
        return StatementTimeout("The transaction ran longer than transaction_timeout.")
    return ConnectionLost(
        "The connection to the database broke before COMMIT.",
        hint="Nothing of the transaction was written; it may be run again.",
    )


# ---- by SQLSTATE ------------------------------------------------------------------------------


def _by_sqlstate(error: asyncpg.PostgresError, sql: str) -> TenantryError:
    state = error.sqlstate or ""
    if make := _EXACT.get(state) or _CLASSES.get(state[:2]):
        return make(error, sql)
    return QueryError(f"The server refused the statement ({state}).", sqlstate=state)


def _names(error: asyncpg.PostgresError) -> dict[str, str]:
    table, constraint = error.table_name or "", error.constraint_name or ""
    if _resolve_partition is not None and table:
        table, constraint = _resolve_partition(table, constraint)
    return {"table": table, "constraint": constraint}


def _worded(names: dict[str, str], default: str) -> str:
    return CONSTRAINT_MESSAGES.get(names["constraint"], default)


def _unique(error: asyncpg.PostgresError, _: str) -> TenantryError:
    names = _names(error)
    text = f"A row of {names['table']} with these values exists ({names['constraint']})."
    return AlreadyExists(_worded(names, text), **names)


def _foreign_key(error: asyncpg.PostgresError, sql: str) -> TenantryError:
    # Both directions share one SQLSTATE and one set of names. What tells them apart without the
    # message is the statement: the innermost of a trigger or cascade if there is one, else ours.
    verb = _VERB.search(error.context or "") or _VERB.search(sql)
    if verb is not None and verb[1].upper() == "DELETE":
        return _restricted(error, sql)
    names = _names(error)
    text = f"A row of {names['table']} points at one that is not there ({names['constraint']})."
    hint = "It may have been deleted, or belong to another tenant."
    return ReferenceNotFound(_worded(names, text), hint=hint, **names)


def _restricted(error: asyncpg.PostgresError, _: str) -> TenantryError:
    names = _names(error)
    text = f"The row is still needed by rows of {names['table']} ({names['constraint']})."
    return StillReferenced(_worded(names, text), **names)


def _rule(error: asyncpg.PostgresError, _: str) -> TenantryError:
    if error.sqlstate == "23514" and not error.constraint_name:
        # A row was on its way to a default partition when one was made for it.
        return SchemaChanged(
            "A partition for the row was made in this moment.", hint="Run the transaction again."
        )
    names = _names(error)
    column = error.column_name or ""
    place = f"{names['table']}.{column}" if column else names["table"]
    text = f"A rule of {place} refused the value ({names['constraint'] or 'not null'})."
    return RuleViolated(_worded(names, text), column=column, **names)


def _input(error: asyncpg.PostgresError, _: str) -> TenantryError:
    return InvalidInput(
        "The database cannot use a value.",
        field=error.column_name or "",
        hint="Its type, length or range does not fit.",
        sqlstate=error.sqlstate,
    )


def _query(error: asyncpg.PostgresError, _: str) -> TenantryError:
    # Messages of class 42 name identifiers of the statement; values are bound, never in its text.
    state = error.sqlstate or ""
    return QueryError(f"The server refused the statement: {error.args[0]}.", sqlstate=state)


def _prepared(error: asyncpg.PostgresError, _: str) -> TenantryError:
    return QueryError(
        "A prepared statement was not where this connection left it.",
        hint="A pooler shares the server's connections: set TENANTRY_PGBOUNCER=yes.",
        sqlstate=error.sqlstate or "",
    )


def _permission(error: asyncpg.PostgresError, _: str) -> TenantryError:
    return PermissionDenied(
        "The database refused the access.",
        hint="The role may not do this, or the row belongs to another tenant than the context's.",
        table=error.table_name or "",
    )


def _ours(kind: type[TenantryError]) -> Maker:
    """An SQLSTATE of our own schema: its functions word their messages without row values."""

    def make(error: asyncpg.PostgresError, _: str) -> TenantryError:
        return kind(str(error.args[0]), hint=error.hint or "", **_names(error))

    return make


def _own_rule(error: asyncpg.PostgresError, _: str) -> TenantryError:
    kind = RULE_ERRORS.get(error.constraint_name or "", RuleViolated)
    if error.sqlstate == "TN005":
        kind = CircularReference
    facts = {} if kind is RuleViolated else _facts(error)
    names = {**_names(error), "column": error.column_name or ""}
    return kind(str(error.args[0]), hint=error.hint or "", **{**facts, **names})


def _facts(error: asyncpg.PostgresError) -> dict[str, Any]:
    """What our own functions tell in DETAIL."""
    try:
        facts = json.loads(error.detail or "{}")
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _quota(error: asyncpg.PostgresError, _: str) -> TenantryError:
    facts = _facts(error)
    fields = {key: facts.get(key, default) for key, default in _QUOTA_FIELDS}
    return QuotaExceeded(str(error.args[0]), hint=error.hint or "", **fields)


def _stale(error: asyncpg.PostgresError, _: str) -> TenantryError:
    facts = _facts(error)
    fields = {key: facts.get(key) for key in ("fence", "newest")}
    return StaleFence(str(error.args[0]), hint=error.hint or "", **fields, **_names(error))


def _cypher(error: asyncpg.PostgresError, _: str) -> TenantryError:
    facts = _facts(error)
    fields = {"position": facts.get("position", 0), "found": facts.get("found", "")}
    return CypherRefused(str(error.args[0]), field="text", hint=error.hint or "", **fields)


def _graph(error: asyncpg.PostgresError, _: str) -> TenantryError:
    reason = _facts(error).get("reason", "")
    return GraphUnavailable(
        str(error.args[0]), hint=error.hint or "", feature="graph", reason=reason
    )


def _transfer(error: asyncpg.PostgresError, _: str) -> TenantryError:
    return TransferRefused(
        f"{str(error.args[0])[:1].upper()}{str(error.args[0])[1:]}.",
        hint=error.hint or "",
        **_facts(error),
    )


_QUOTA_FIELDS: Final[tuple[tuple[str, Any], ...]] = (("quota", ""), ("limit", 0), ("used", 0))


def _fixed(kind: type[TenantryError], message: str, hint: str = "") -> Maker:
    return lambda error, _: kind(message, hint=hint)


_EXACT: Final[dict[str, Maker]] = {
    "TN001": _ours(TenantNotWritable),
    OTHER_CONTEXT: _ours(ContextMismatch),
    "TN003": _quota,
    "TN004": _own_rule,
    "TN005": _own_rule,
    "TN006": _ours(UnsafeTable),
    "TN007": _ours(AppendOnly),
    "TN008": _ours(PermissionDenied),
    "TN009": _ours(ContextNotSealed),
    "TN010": _stale,
    "TN011": _cypher,
    "TN012": _graph,
    "TN013": lambda error, _: UnknownGraphQuery(_facts(error).get("name", "")),
    "TN014": _transfer,
    "23001": _restricted,
    "23502": _rule,
    "23503": _foreign_key,
    "23505": _unique,
    "23514": _rule,
    "23P01": _rule,
    READ_ONLY: _fixed(
        PermissionDenied, "This transaction is read-only.", "Open it without readonly=True."
    ),
    "25P02": _fixed(
        TransactionAborted,
        "An earlier error ended this transaction; nothing of it can be committed.",
        "Put what may fail inside `async with t.savepoint()`.",
    ),
    "26000": _prepared,
    "42P05": _prepared,
    "40001": _fixed(
        SerializationFailure,
        "This transaction and another one at the same time cannot both be right.",
        "Run it again.",
    ),
    "40003": _fixed(CommitOutcomeUnknown, "The server cannot say whether the work was done."),
    "40P01": _fixed(
        DeadlockDetected, "Two transactions waited for each other.", "Run this one again."
    ),
    "42501": _permission,
    "55P03": _fixed(
        LockTimeout, "A lock was not granted in time.", "Another transaction holds it; run again."
    ),
    "57014": _fixed(
        StatementTimeout,
        "The server cancelled the statement: it ran longer than statement_timeout, "
        "or an administrator stopped it.",
    ),
    "P0001": _fixed(RuleViolated, "A function or trigger of the database refused the work."),
}

_CLASSES: Final[dict[str, Maker]] = {
    "22": _input,
    "23": _rule,
    "42": _query,
    "53": _fixed(DatabaseUnavailable, "The server is out of a resource (memory, disk, slots)."),
    "58": _fixed(DatabaseUnavailable, "The server has a problem with its own files."),
}
