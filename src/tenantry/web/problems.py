"""What a caller is told of an error: problem+json (RFC 9457).

Each class of error has its decision here. What is said is for whoever calls the platform, not for
those who run it: a 5xx says nothing of its cause, and a 4xx only what the caller knows or may know.
The cause stands in the log, under the request's id.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from tenantry import errors
from tenantry.errors import TenantryError

from .asgi import Header, Send

#: Seconds until another attempt makes sense: after a clash of two, and while a server is away.
SOON: Final = 1
LATER: Final = 5
#: What comes free when work ends, so that waiting helps; the others need another plan.
COMES_FREE: Final = frozenset(("max_concurrent_agents",))

TYPE: Final = "application/problem+json"
_LOG: Final = logging.getLogger("tenantry.web")
_LONGEST_DETAIL: Final = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is an error."""

    status: int
    #: Of the error: what a program goes by. Its type is made from it.
    code: str
    title: str
    detail: str = ""
    headers: tuple[Header, ...] = ()
    #: Facts of the error beside RFC 9457's own.
    members: Mapping[str, Any] = field(default_factory=dict)

    def body(self, request_id: str = "") -> bytes:
        said: dict[str, Any] = {
            # RFC 9457: of what says no more than its status.
            "type": "about:blank"
            if self.code == "internal"
            else f"urn:tenantry:problem:{self.code}",
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            said["detail"] = self.detail
        if request_id:
            said["instance"] = f"urn:tenantry:request:{request_id}"
        return json.dumps({**said, "code": self.code, **self.members}).encode()

    def with_headers(self, *more: Header) -> Problem:
        return replace(self, headers=self.headers + more)


#: For all that is nobody's business, as for an error that is not one of ours.
INTERNAL: Final = Problem(500, "internal", "Internal Server Error")


async def send_problem(
    send: Send, problem: Problem, request_id: str, *, to: Literal["http", "websocket"] = "http"
) -> None:
    """Answer a request, or a WebSocket's handshake where the server knows how to."""
    kind = "http.response" if to == "http" else "websocket.http.response"
    body = problem.body(request_id)
    headers = [
        (b"content-type", TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode()),
        *problem.headers,
    ]
    await send({"type": f"{kind}.start", "status": problem.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


def answer_to(error: TenantryError) -> Problem:
    """What is said of an error. A class of your own is answered like the one it is made from."""
    decision = next(DECISIONS[kind] for kind in type(error).__mro__ if kind in DECISIONS)
    return decision(error)


def log(problem: Problem, error: TenantryError, request_id: str) -> None:
    """What the caller is not told. Never what he showed."""
    if isinstance(error, errors.NotAuthenticated):
        _LOG.info("request %s: not authenticated (%s)", request_id, error.reason)
    elif problem.status == 503:
        # One for each request, while a server is away: no news after the first.
        _LOG.warning("request %s: %s", request_id, error)
    elif problem.status >= 500:
        _LOG.error("request %s: %s", request_id, error, exc_info=problem.status == 500)


# ---- the forms a decision takes -------------------------------------------------------------

Decision = Callable[[Any], Problem]


def _internal(_: TenantryError) -> Problem:
    return INTERNAL


def _told(status: int, title: str, *fields: str) -> Decision:
    """The error's own words, where they are worded for a caller, and some of its fields."""

    def answer(error: TenantryError) -> Problem:
        facts = error.to_dict()
        members = {name: facts[name] for name in fields if facts.get(name) not in (None, "")}
        return Problem(status, error.code, title, error.message[:_LONGEST_DETAIL], members=members)

    return answer


def _fixed(status: int, title: str, *, headers: tuple[Header, ...] = ()) -> Decision:
    """The same for each error of the class: its words may name other tenants, locks or hosts."""
    return lambda error: Problem(status, error.code, title, headers=headers)


def _away(title: str, seconds: int) -> Decision:
    return _fixed(503, title, headers=(_retry_after(seconds),))


def _retry_after(seconds: float) -> Header:
    # Rounded up: whoever comes at that moment shall not come in vain.
    whole = max(1, math.ceil(seconds)) if math.isfinite(seconds) else LATER
    return b"retry-after", b"%d" % whole


def _unauthenticated(error: errors.NotAuthenticated) -> Problem:
    # From a message of its own making, not the error's: nobody learns which part was wrong.
    return Problem(
        401,
        error.code,
        "Not authenticated",
        errors.NotAuthenticated().message,
        headers=((b"www-authenticate", b"Bearer"),),
    )


def _over_quota(error: errors.QuotaExceeded) -> Problem:
    facts = {"quota": error.quota, "limit": error.limit, "used": error.used}
    detail = f"The quota {error.quota} is used up: {error.used} of {error.limit}."
    status = 429 if error.quota in COMES_FREE else 402
    return Problem(status, error.code, "A quota is used up", detail, members=facts)


def _too_many(error: errors.RateLimited) -> Problem:
    # Without the names of its limits: they may be made from somebody's address.
    name, seconds = _retry_after(error.retry_after)
    return Problem(
        429,
        error.code,
        "Too many requests",
        f"No more than {error.limit} are allowed. Try again in {seconds.decode()} s.",
        headers=((name, seconds),),
        members={"limit": error.limit},
    )


# ---- the decisions --------------------------------------------------------------------------

_CONFLICT: Final = "In conflict with what is there"
_UNUSABLE: Final = "The input cannot be used"
_REFUSED: Final = "Not allowed"
_BUSY: Final = "In conflict with other work"
_DATABASE_AWAY: Final = "The service is not available"

DECISIONS: Final[dict[type[TenantryError], Decision]] = {
    errors.NotAuthenticated: _unauthenticated,
    errors.NotAllowed: _told(403, _REFUSED, "scope", "role"),
    errors.PermissionDenied: _fixed(403, _REFUSED),
    errors.ContextMismatch: _fixed(403, _REFUSED),
    errors.TenantSuspended: _told(403, "The tenant is suspended"),
    errors.OriginRefused: _told(403, _REFUSED),
    # The browser is at fault, or the user has said no: which of them, he sees by beginning anew.
    errors.SignInRefused: _fixed(400, "The sign-in came to nothing"),
    errors.TenantNotWritable: _fixed(403, "The tenant is suspended or deleted"),
    errors.NotFound: _told(404, "Not found", "resource", "id"),
    errors.UnknownGraphQuery: _told(404, "Not found", "name"),
    errors.AlreadyExists: _told(409, _CONFLICT, "table", "constraint"),
    errors.StillReferenced: _told(409, _CONFLICT, "table", "constraint"),
    errors.StageChanged: _told(409, _CONFLICT, "expected", "stage"),
    errors.InvalidTransition: _told(409, _CONFLICT, "stage", "to", "allowed"),
    errors.ReviewsMissing: _told(409, _CONFLICT, "stage", "to", "missing"),
    errors.AlreadyDecided: _told(409, _CONFLICT, "decision"),
    errors.InvitationClosed: _told(409, _CONFLICT, "reason"),
    errors.LastOwner: _told(409, _CONFLICT),
    errors.LastWayIn: _told(409, _CONFLICT),
    errors.AppendOnly: _fixed(409, "The record cannot be changed or removed"),
    errors.KeyNotReplaceable: _told(409, _CONFLICT, "reason"),
    errors.LockNotAcquired: _fixed(409, _BUSY),
    errors.LockLost: _fixed(409, _BUSY),
    errors.StaleFence: _fixed(409, _BUSY),
    errors.TransferRefused: _fixed(409, _CONFLICT),
    errors.InvalidInput: _told(422, _UNUSABLE, "field"),
    errors.InvalidRows: _told(422, _UNUSABLE, "errors"),
    errors.CypherRefused: _told(422, _UNUSABLE, "field", "position", "found"),
    errors.ReferenceNotFound: _told(422, _UNUSABLE, "table", "constraint"),
    errors.RuleViolated: _told(422, _UNUSABLE, "table", "constraint", "column"),
    errors.CircularReference: _told(422, _UNUSABLE, "table", "constraint"),
    errors.QuotaExceeded: _over_quota,
    errors.RateLimited: _too_many,
    **dict.fromkeys(
        (
            errors.SerializationFailure,
            errors.DeadlockDetected,
            errors.LockTimeout,
            errors.SchemaChanged,
        ),
        _away(_BUSY, SOON),
    ),
    errors.PasswordsBusy: _away("Too many sign in at this moment", SOON),
    **dict.fromkeys((errors.PoolExhausted, errors.ConnectionLost), _away(_DATABASE_AWAY, SOON)),
    **dict.fromkeys(
        (
            errors.DatabaseUnavailable,
            errors.TlsFailed,
            errors.ReadOnlyServer,
            errors.AuthenticationFailed,
            errors.PoolClosed,
            errors.CoordinationUnavailable,
            errors.CoordinationFull,
            errors.IdentityProviderUnavailable,
        ),
        _away(_DATABASE_AWAY, LATER),
    ),
    # Without a time to come back: the same again would take as long.
    errors.StatementTimeout: _fixed(504, "This took too long"),
    # It must not be done again unseen, which its code says and "internal" would not.
    errors.CommitOutcomeUnknown: _fixed(500, "It is not known whether this was done"),
    **dict.fromkeys(
        (
            TenantryError,
            errors.AnswerUnreadable,
            errors.BackupDamaged,
            errors.BackupError,
            errors.BackupNotFound,
            errors.BackupProgramFailed,
            errors.ConfigurationError,
            errors.ContextNotSealed,
            errors.CoordinationError,
            errors.DangerousMigration,
            errors.FeatureUnavailable,
            errors.GraphUnavailable,
            errors.LocalDiskFull,
            errors.LocalFolderUnusable,
            errors.LocalPortTaken,
            errors.LocalServerError,
            errors.LocalServerMissing,
            errors.LocalVersionMismatch,
            errors.MigrationError,
            errors.NotOneRow,
            errors.QueryError,
            errors.RecoveryTargetMissed,
            errors.SchemaBehind,
            errors.SecretUnreadable,
            errors.TransactionAborted,
            errors.TransactionClosed,
            errors.TransactionError,
            errors.UnsafeTable,
            errors.VisitOver,
        ),
        _internal,
    ),
}
