"""What callers are told of errors, and what they are not."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from tenantry import errors
from tenantry.errors import TenantryError
from tenantry.web.problems import DECISIONS, INTERNAL, Problem, answer_to, send_problem

SECRET = "hunter2 SELECT * FROM tenantry.users"
KINDS = sorted(
    (getattr(errors, name) for name in errors.__all__), key=lambda kind: str(kind.__name__)
)
#: Whose fields say more than that they are there.
FIELDS: dict[type[TenantryError], dict[str, Any]] = {
    errors.QuotaExceeded: {"quota": "max_projects", "limit": 3, "used": 3},
    errors.RateLimited: {"names": ["login&ip=192.0.2.1"], "limit": 5, "retry_after": 2.01},
}

STATUS = {
    400: "SignInRefused",
    401: "NotAuthenticated",
    402: "QuotaExceeded",
    403: "NotAllowed PermissionDenied ContextMismatch TenantNotWritable TenantSuspended OriginRefused",
    404: "NotFound UnknownGraphQuery",
    409: "AlreadyExists StillReferenced StageChanged InvalidTransition ReviewsMissing AlreadyDecided"
    " InvitationClosed KeyNotReplaceable LastOwner LastWayIn AppendOnly LockNotAcquired LockLost StaleFence TransferRefused",
    422: "InvalidInput InvalidRows CypherRefused ReferenceNotFound RuleViolated CircularReference",
    429: "RateLimited",
    500: "TenantryError AnswerUnreadable BackupDamaged BackupError BackupNotFound BackupProgramFailed"
    " CommitOutcomeUnknown ConfigurationError ContextNotSealed CoordinationError DangerousMigration"
    " FeatureUnavailable GraphUnavailable LocalDiskFull LocalFolderUnusable LocalPortTaken"
    " LocalServerError LocalServerMissing LocalVersionMismatch MigrationError NotOneRow QueryError"
    " RecoveryTargetMissed SchemaBehind SecretUnreadable TransactionAborted TransactionClosed"
    " TransactionError UnsafeTable VisitOver",
    503: "AuthenticationFailed ConnectionLost CoordinationFull CoordinationUnavailable"
    " DatabaseUnavailable DeadlockDetected IdentityProviderUnavailable LockTimeout PasswordsBusy PoolClosed PoolExhausted ReadOnlyServer"
    " SchemaChanged SerializationFailure TlsFailed",
    504: "StatementTimeout",
}
EXPECTED = {name: status for status, names in STATUS.items() for name in names.split()}


def made(kind: type[TenantryError], message: str = SECRET, **fields: Any) -> TenantryError:
    """As it comes out of a task queue, which knows no constructors."""
    return kind._bare(message, SECRET, FIELDS.get(kind, {}) | fields)


def body(problem: Problem) -> dict[str, Any]:
    said = json.loads(problem.body("r-1"))
    assert isinstance(said, dict)
    return said


def headers(problem: Problem) -> dict[bytes, bytes]:
    return dict(problem.headers)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_its_decision(kind: type[TenantryError]) -> None:
    assert kind in DECISIONS, f"decide in web/problems.py what a caller is told of {kind.__name__}"
    assert answer_to(made(kind)).status == EXPECTED[kind.__name__]


def test_a_platforms_own_error_is_answered_like_its_kin() -> None:
    class SeatsTaken(errors.AlreadyExists):
        code = "seats_taken"

    assert answer_to(SeatsTaken("All seats are taken.")).status == 409
    assert answer_to(SeatsTaken("All seats are taken.")).code == "seats_taken"


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_is_that_of_rfc_9457(kind: type[TenantryError]) -> None:
    problem = answer_to(made(kind))
    said = body(problem)
    assert said["status"] == problem.status
    assert said["title"]
    assert said["instance"] == "urn:tenantry:request:r-1"
    assert said["type"] in ("about:blank", f"urn:tenantry:problem:{said['code']}")
    assert said["code"] in (kind.code, "internal")
    assert "instance" not in json.loads(problem.body())


@pytest.mark.parametrize("kind", [k for k in KINDS if EXPECTED[k.__name__] >= 500])
def test_nothing_of_our_own_trouble_is_told(kind: type[TenantryError]) -> None:
    problem = answer_to(made(kind, store=SECRET, sqlstate=SECRET, text=SECRET))
    assert "hunter2" not in problem.body("r-1").decode()
    assert "detail" not in body(problem)
    assert problem.members == {}


@pytest.mark.parametrize("kind", [k for k in KINDS if EXPECTED[k.__name__] == 503])
def test_those_that_pass_say_when_to_come_back(kind: type[TenantryError]) -> None:
    assert int(headers(answer_to(made(kind)))[b"retry-after"]) >= 1


def test_only_what_may_succeed_when_repeated_is_said_to_be_so() -> None:
    for kind in KINDS:
        if kind.retryable and kind is not errors.LockNotAcquired:
            assert EXPECTED[kind.__name__] == 503
    assert b"retry-after" not in headers(answer_to(made(errors.CommitOutcomeUnknown)))
    assert answer_to(made(errors.CommitOutcomeUnknown)).code == "commit_outcome_unknown"


@pytest.mark.parametrize(
    "kind",
    [
        errors.PermissionDenied,
        errors.ContextMismatch,
        errors.TenantNotWritable,
        errors.AppendOnly,
        errors.LockNotAcquired,
        errors.StaleFence,
        errors.QuotaExceeded,
        errors.RateLimited,
        errors.NotAuthenticated,
    ],
)
def test_words_that_may_name_others_are_not_repeated(kind: type[TenantryError]) -> None:
    assert "hunter2" not in answer_to(made(kind, name=SECRET, reason=SECRET)).body("r").decode()


def test_a_refused_login_says_the_same_whatever_was_wrong() -> None:
    reasons = ("", "several", "characters", "revoked", "unknown_key")
    bodies = {answer_to(errors.NotAuthenticated(r)).body("r-1") for r in reasons}
    assert len(bodies) == 1
    assert answer_to(errors.NotAuthenticated()).headers == ((b"www-authenticate", b"Bearer"),)


def test_what_would_have_been_needed_is_said() -> None:
    assert body(answer_to(errors.NotAllowed(scope="tasks:write")))["scope"] == "tasks:write"
    assert body(answer_to(errors.NotAllowed(role="admin")))["role"] == "admin"
    assert "scope" not in body(answer_to(errors.NotAllowed(role="admin")))


def test_a_suspended_tenant_is_told_apart() -> None:
    said = body(answer_to(made(errors.TenantNotWritable)))
    assert (said["status"], said["code"]) == (403, "tenant_not_writable")


def test_facts_of_the_callers_own_come_along() -> None:
    found = body(answer_to(errors.NotFound("tasks", "7")))
    assert (found["resource"], found["id"]) == ("tasks", "7")
    moved = errors.InvalidTransition(
        "No.", stage="todo", to="done", allowed=["doing"], table="t", constraint="c", column=""
    )
    assert body(answer_to(moved))["allowed"] == ["doing"]
    rows = errors.InvalidRows([{"index": 3, "reason": "no name"}], of=5)
    assert body(answer_to(rows))["errors"] == [{"index": 3, "reason": "no name"}]
    wrong = body(answer_to(errors.InvalidInput("Too long.", field="name", hint="Ask Bob.")))
    assert (wrong["detail"], wrong["field"]) == ("Too long.", "name")
    assert "Bob" not in str(wrong)


def test_a_quota_that_comes_free_is_waited_for_and_others_are_paid_for() -> None:
    def status(quota: str) -> int:
        return answer_to(made(errors.QuotaExceeded, quota=quota)).status

    assert [status("max_concurrent_agents"), status("max_projects"), status("")] == [429, 402, 402]
    said = body(answer_to(made(errors.QuotaExceeded)))
    assert (said["quota"], said["limit"], said["used"]) == ("max_projects", 3, 3)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, b"1"), (0.2, b"1"), (2.0, b"2"), (2.01, b"3"), (float("inf"), b"5")]
)
def test_waiting_is_in_whole_seconds_and_never_too_short(seconds: float, said: bytes) -> None:
    refused = errors.RateLimited(["x"], limit=1, retry_after=seconds)
    assert headers(answer_to(refused))[b"retry-after"] == said


@pytest.mark.parametrize(
    ("to", "kind"), [("http", "http.response"), ("websocket", "websocket.http.response")]
)
async def test_it_is_sent_whole(to: Any, kind: str) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    problem = answer_to(errors.NotAuthenticated()).with_headers((b"ratelimit", b'"x";r=0'))
    await send_problem(send, problem, "r-1", to=to)
    start, content = sent
    assert (start["type"], start["status"]) == (f"{kind}.start", 401)
    assert (content["type"], content["body"]) == (f"{kind}.body", problem.body("r-1"))
    said = dict(start["headers"])
    assert said[b"content-type"] == b"application/problem+json"
    assert said[b"content-length"] == b"%d" % len(content["body"])
    assert said[b"cache-control"] == b"no-store"
    assert said[b"x-request-id"] == b"r-1"
    assert said[b"www-authenticate"] == b"Bearer"
    assert said[b"ratelimit"] == b'"x";r=0'
    assert len(said) == len(start["headers"])


def test_any_text_can_be_said() -> None:
    said = body(answer_to(errors.InvalidInput("\ud800\x00é" * 1000, field="\udcff")))
    assert len(said["detail"]) == 1000
    assert body(INTERNAL)["type"] == "about:blank"
