"""Every error a caller can meet.

One root, `TenantryError`. Each error says what happened, to what, and what to do next, and carries
the same facts as fields. Errors are picklable, so they survive a process pool or a task queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self
from uuid import UUID


class TenantryError(Exception):
    """Something in Tenantry failed."""

    code: ClassVar[str] = "error"
    #: Running the same work again may succeed (`Database.run` does so by itself).
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields
        self.__dict__.update(fields)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON-ready data, as `--json` prints it."""
        return {
            "error": self.code,
            "message": self.message,
            "hint": self.hint,
            **{k: _plain(v) for k, v in self.fields.items()},
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.fields)

    @classmethod
    def _bare(cls, message: str, hint: str, fields: dict[str, Any]) -> Self:
        error = cls.__new__(cls)
        TenantryError.__init__(error, message, hint=hint, **fields)
        return error


def _rebuild(
    cls: type[TenantryError], message: str, hint: str, fields: dict[str, Any]
) -> TenantryError:
    return cls._bare(message, hint, fields)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return str(value)


# ---- settings and input ---------------------------------------------------------------------


class ConfigurationError(TenantryError):
    """A setting is missing, malformed or unsafe. Never carries the setting's value."""

    code = "configuration"
    setting: str

    def __init__(self, message: str, *, setting: str, hint: str = "") -> None:
        super().__init__(message, hint=hint, setting=setting)


class InvalidInput(TenantryError):
    """A value given by the caller cannot be used."""

    code = "invalid_input"
    field: str

    def __init__(self, message: str, *, field: str = "", hint: str = "", **fields: Any) -> None:
        super().__init__(message, hint=hint, field=field, **fields)


class InvalidRows(InvalidInput):
    """Rows of a batch cannot be written, so nothing of it was. `errors` names them in their order,
    up to twenty: `[{"index": 3, "reason": "…"}]`."""

    code = "invalid_rows"
    errors: list[dict[str, Any]]

    def __init__(self, errors: list[dict[str, Any]], *, of: int) -> None:
        first = errors[0]
        super().__init__(
            f"Nothing of the {of} rows was written: {len(errors)} cannot be, the first of them row "
            f"{first['index']}: {first['reason']}",
            hint="`errors` lists each with its index and reason.",
            errors=errors,
        )


# ---- embedded servers -----------------------------------------------------------------------


class LocalServerError(TenantryError):
    """An embedded server cannot be installed, started or stopped."""

    code = "local_server"
    server: str

    def __init__(self, message: str, *, server: str, hint: str = "", **fields: Any) -> None:
        super().__init__(message, hint=hint, server=server, **fields)


class LocalServerMissing(LocalServerError):
    """The programs of a server are not on this machine, or cannot run here."""

    code = "local_server_missing"


class LocalPortTaken(LocalServerError):
    """The port that was asked for belongs to another program."""

    code = "local_port_taken"
    port: int


class LocalVersionMismatch(LocalServerError):
    """The data folder was made by another major version of PostgreSQL."""

    code = "local_version_mismatch"
    found: str
    wanted: str


class LocalFolderUnusable(LocalServerError):
    """A folder cannot be read or written by the account that needs it."""

    code = "local_folder_unusable"
    path: str


class LocalDiskFull(LocalServerError):
    """There is no room left for the server's files."""

    code = "local_disk_full"
    path: str


# ---- reaching the database ------------------------------------------------------------------


class DatabaseUnavailable(TenantryError):
    """The server cannot be reached, refused the connection, or went away."""

    code = "database_unavailable"
    retryable = True


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


# ---- transactions ---------------------------------------------------------------------------


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


# ---- what the database refuses --------------------------------------------------------------


class NotFound(TenantryError):
    """No such row is visible in this tenant."""

    code = "not_found"
    resource: str
    id: str

    def __init__(self, resource: str, id: UUID | str) -> None:
        super().__init__(
            f"No {resource} {id} in this tenant.",
            hint="It may have been deleted, or belong to another tenant.",
            resource=resource,
            id=str(id),
        )


class AlreadyExists(TenantryError):
    """A unique rule refused the row."""

    code = "already_exists"
    table: str
    constraint: str


class ReferenceNotFound(TenantryError):
    """The row points at another row that does not exist in this tenant."""

    code = "reference_not_found"
    table: str
    constraint: str


class StillReferenced(TenantryError):
    """The row cannot go: others still point at it."""

    code = "still_referenced"
    table: str
    constraint: str


class RuleViolated(TenantryError):
    """A check, not-null or exclusion rule of the table refused the value."""

    code = "rule_violated"
    table: str
    constraint: str
    column: str


class InvalidTransition(RuleViolated):
    """The task's workflow does not lead from its stage to that one."""

    code = "invalid_transition"
    stage: str
    to: str
    allowed: list[str]


class ReviewsMissing(RuleViolated):
    """The task may not leave its stage before these reviews have passed."""

    code = "reviews_missing"
    stage: str
    to: str
    missing: list[str]


class CircularReference(RuleViolated):
    """Something would depend on, be a part of, or report to itself."""

    code = "circular_reference"


class SecretUnreadable(TenantryError):
    """A secret cannot be decrypted with the keys there are, or was sealed for another row."""

    code = "secret_unreadable"


class AlreadyDecided(RuleViolated):
    """It was decided or answered before, and that stands."""

    code = "already_decided"
    decision: str


class StageChanged(TenantryError):
    """The task is not on the stage it was expected on: somebody else has moved it."""

    code = "stage_changed"
    expected: str
    stage: str


class PermissionDenied(TenantryError):
    """The role may not do this, or the row belongs to another tenant."""

    code = "permission_denied"


class ContextMismatch(PermissionDenied):
    """Work for one tenant was attempted inside another tenant's context."""

    code = "context_mismatch"


class ContextNotSealed(PermissionDenied):
    """The database asks for sealed contexts, and this one has no seal, an old or a false one."""

    code = "context_not_sealed"


class TenantNotWritable(PermissionDenied):
    """The tenant is suspended or deleted, or does not exist: it can be read but not written."""

    code = "tenant_not_writable"


class AppendOnly(PermissionDenied):
    """The record cannot be changed or removed."""

    code = "append_only"


class QuotaExceeded(TenantryError):
    """A quota of the tenant is used up."""

    code = "quota_exceeded"
    quota: str
    limit: int
    used: int


class UnsafeTable(TenantryError):
    """A table was created in a way that would let tenants see each other's rows."""

    code = "unsafe_table"


# ---- Redis and Valkey -----------------------------------------------------------------------


class CoordinationUnavailable(TenantryError):
    """Redis or Valkey cannot be reached, or did not answer in time."""

    code = "coordination_unavailable"
    retryable = True
    store: str


class CoordinationError(TenantryError):
    """Redis or Valkey refused a command, or the login."""

    code = "coordination"
    store: str


class CoordinationFull(CoordinationError):
    """Redis or Valkey is there and takes no writes: its memory, its disk or its replicas are at their
    end."""

    code = "coordination_full"
    retryable = True


class RateLimited(TenantryError):
    """A rate limit is used up for now."""

    code = "rate_limited"
    names: list[str]
    limit: int
    #: Seconds.
    retry_after: float

    def __init__(self, names: Sequence[str], *, limit: int, retry_after: float) -> None:
        super().__init__(
            f"No more than {limit} is allowed by the limit {', '.join(names)}.",
            hint=f"Try again in {retry_after:.1f} s.",
            names=list(names),
            limit=limit,
            retry_after=retry_after,
        )


class LockNotAcquired(TenantryError):
    """Somebody else held the lock for as long as one was ready to wait."""

    code = "lock_not_acquired"
    retryable = True
    name: str
    waited_s: float

    def __init__(self, name: str, waited_s: float) -> None:
        super().__init__(
            f"The lock {name!r} is held by another.",
            hint="Try again later, or wait longer.",
            name=name,
            waited_s=round(waited_s, 3),
        )


class LockLost(TenantryError):
    """The lock was held no longer while the work under it went on."""

    code = "lock_lost"
    name: str

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The lock {name!r} was lost: another may have held it since.",
            hint="What was written without showing its fence may be in conflict with another's.",
            name=name,
        )


class StaleFence(TenantryError):
    """Someone who came to hold the lock later has written already: this writes no more."""

    code = "stale_fence"
    table: str
    #: What was shown, and what the row has seen.
    fence: int | None
    newest: int


# ---- migrations -----------------------------------------------------------------------------


class MigrationError(TenantryError):
    """A migration failed, was refused, or is in conflict with the database."""

    code = "migration"


class SchemaBehind(MigrationError):
    """The database is not at the revision this program needs."""

    code = "schema_behind"
    current: str
    head: str


class FeatureUnavailable(TenantryError):
    """An optional feature is not enabled, or the server cannot offer it."""

    code = "feature_unavailable"
    feature: str
