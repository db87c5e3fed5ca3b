"""Reaching the database, transactions, and migrations."""

from __future__ import annotations

from typing import Final

from .root import TenantryError


class DatabaseUnavailable(TenantryError):
    """The server cannot be reached, refused the connection, or went away."""

    code = "database_unavailable"
    retryable = True


class TlsFailed(DatabaseUnavailable):
    """TLS with the server came to nothing: `side` says whose the fault is, `fault` what it is."""

    code = "tls_failed"
    retryable = False
    side: str
    fault: str

    def __init__(self, fault: str) -> None:
        side, message, hint = _TLS_FAULTS[fault]
        super().__init__(message, hint=hint, side=side, fault=fault)


#: fault -> whose it is, what happened, and what to do.
_TLS_FAULTS: Final = {
    "untrusted": (
        "server",
        "The server's certificate comes from no authority that this program trusts.",
        "Name the authority's file: TENANTRY_SSL_ROOT_CERT, or sslrootcert in the URL.",
    ),
    "host_name": (
        "server",
        "The server's certificate is for other names than the host that the URL says.",
        "Say a name that is in it, or make one for this: `tenantry config tls --host NAME`.",
    ),
    "expired": (
        "server",
        "The server's certificate has expired.",
        "Renew it (`tenantry config tls --renew`, or where it came from) and reload the server.",
    ),
    "not_yet_valid": (
        "server",
        "The server's certificate is not valid yet.",
        "Look at the clocks of this machine and of the one that made it.",
    ),
    "no_tls": (
        "server",
        "The server offers no TLS, and sslmode asks for it.",
        "Set ssl = on with a certificate there: `tenantry config tls` and `config postgres --tls`.",
    ),
    "refused": (
        "client",
        "The server refused this program's certificate.",
        "It must be unexpired, unrevoked and of the server's authority (ssl_ca_file): renew"
        " TENANTRY_SSL_CERT.",
    ),
    "key": (
        "client",
        "This program's certificate and its key cannot be used together.",
        "TENANTRY_SSL_KEY must be the key that TENANTRY_SSL_CERT was made with.",
    ),
    "files": (
        "client",
        "The file of this program's certificate or of its key cannot be read.",
        "Look at TENANTRY_SSL_CERT and TENANTRY_SSL_KEY, or sslcert and sslkey in the URL.",
    ),
    "handshake": (
        "",
        "TLS with the server failed.",
        "Look at the server's log, and at ssl_min_protocol_version and ssl_ciphers there.",
    ),
}


class ReadOnlyServer(DatabaseUnavailable):
    """The server takes no writes: it is a standby, or was told so. Another may be the primary now."""

    code = "read_only_server"

    def __init__(self) -> None:
        super().__init__(
            "The server refused a write: it is a standby, or its transactions are read-only.",
            hint="After a failover, run the work again: new connections look for the primary.",
        )


class AuthenticationFailed(TenantryError):
    """The server refused the role's password or its right to connect."""

    code = "authentication_failed"


class PoolExhausted(TenantryError):
    """No connection became free in time."""

    code = "pool_exhausted"
    retryable = True
    size: int
    waited_s: float

    def __init__(self, *, size: int, waited_s: float) -> None:
        super().__init__(
            f"All {size} connections of the pool stayed in use for {waited_s:.1f} s.",
            hint="Shorten transactions, or raise TENANTRY_POOL_MAX or TENANTRY_POOL_OVERFLOW.",
            size=size,
            waited_s=waited_s,
        )


class PoolClosed(TenantryError):
    """The database handle was used after close()."""

    code = "pool_closed"

    def __init__(self) -> None:
        super().__init__(
            "This database handle is closed.", hint="Call tenantry.connect() for a new one."
        )


class TransactionError(TenantryError):
    """A transaction or a statement of it failed."""

    code = "transaction"


class SerializationFailure(TransactionError):
    """Two transactions could not be ordered; the work may be run again."""

    code = "serialization_failure"
    retryable = True


class DeadlockDetected(TransactionError):
    """The server broke a deadlock by ending this transaction; the work may be run again."""

    code = "deadlock"
    retryable = True


class StatementTimeout(TransactionError):
    """A statement ran longer than its limit and was cancelled by the server."""

    code = "statement_timeout"


class LockTimeout(TransactionError):
    """A lock was not granted in time."""

    code = "lock_timeout"
    retryable = True


class ConnectionLost(TransactionError):
    """The connection broke before COMMIT: nothing of the transaction was written."""

    code = "connection_lost"
    retryable = True


class CommitOutcomeUnknown(TransactionError):
    """The connection or the caller went away during COMMIT: it may or may not have happened."""

    code = "commit_outcome_unknown"


class TransactionAborted(TransactionError):
    """An earlier error in this transaction was swallowed; nothing of it can be committed."""

    code = "transaction_aborted"


class TransactionClosed(TransactionError):
    """A handle was used outside its `async with` block."""

    code = "transaction_closed"


class SchemaChanged(TransactionError):
    """A table changed under a connection's prepared plans; the work may be run again."""

    code = "schema_changed"
    retryable = True


class QueryError(TransactionError):
    """The server refused a statement (syntax, unknown name, wrong type)."""

    code = "query_error"
    sqlstate: str


class MigrationError(TenantryError):
    """A migration failed, was refused, or is in conflict with the database."""

    code = "migration"


class DangerousMigration(MigrationError):
    """A revision would hold up those who use a big table."""

    code = "dangerous_migration"
    dangers: list[str]


class SchemaBehind(MigrationError):
    """The database is not at the revision this program needs."""

    code = "schema_behind"
    current: str
    head: str


class FeatureUnavailable(TenantryError):
    """An optional feature is not enabled, or the server cannot offer it."""

    code = "feature_unavailable"
    feature: str


class GraphUnavailable(FeatureUnavailable):
    """There is no graph to ask: `reason` is `feature`, when the database has none; `readonly` or
    `isolation`, when the tenant's is not made yet and this transaction cannot make it; `questions`,
    when only those that the platform has named may be asked; or `tenant`, when there is no such."""

    code = "graph_unavailable"
    reason: str


class AnswerUnreadable(TenantryError):
    """The graph engine wrote a value in a form that this version does not know."""

    code = "answer_unreadable"
    #: The value's beginning, and where reading it stopped.
    text: str
    position: int

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(
            f"A value from the graph engine cannot be read at character {position}: {reason}.",
            hint="Return something simpler, or compare the versions of Apache AGE and Tenantry.",
            text=text[:200],
            position=position,
        )


class NotOneRow(TenantryError):
    """A query that was to answer with one row had none, or more."""

    code = "not_one_row"
    rows: int

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"The query answered with {rows or 'no'} rows, not with one.",
            hint="Narrow it or say LIMIT 1."
            if rows
            else "What it looks for is not in this tenant.",
            rows=rows,
        )
