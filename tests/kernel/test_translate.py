"""Each refusal of a real server becomes its own class, with names and without values."""

import errno
import json
import pickle
import sys
from uuid import UUID, uuid4

import pytest

from tenantry import errors as e
from tenantry.kernel import (
    CONSTRAINT_MESSAGES,
    Context,
    Pool,
    Transaction,
    set_partition_resolver,
    translate_connect,
)

from .conftest import Place
from .test_transaction import INSERT

SECRET = "row-value-nobody-may-log"


async def failure(pool: Pool, tenant: UUID | None, sql: str, *args: object) -> e.TenantryError:
    """The error of one statement, shown to survive a pickle and to keep values to itself."""
    with pytest.raises(e.TenantryError) as caught:
        async with Transaction(pool, Context(tenant)) as t:
            await t.execute(sql, *args)
    error = caught.value
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(copy) is type(error)
    assert (str(copy), copy.to_dict()) == (str(error), error.to_dict())
    json.dumps(error.to_dict())
    assert SECRET not in str(error) + repr(error) + json.dumps(error.to_dict())
    assert error.__cause__ is not None
    return error


async def raised(pool: Pool, state: str, extra: str = "") -> e.TenantryError:
    body = f"RAISE EXCEPTION 'told by the schema' USING ERRCODE = '{state}'{extra}"
    return await failure(pool, None, f"DO $$ BEGIN {body}; END $$")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("TN001", e.TenantNotWritable),
        ("TN002", e.ContextMismatch),
        ("TN004", e.RuleViolated),
        ("TN005", e.CircularReference),
        ("TN006", e.UnsafeTable),
        ("TN007", e.AppendOnly),
        ("TN008", e.PermissionDenied),
        ("TN010", e.StaleFence),
    ],
)
async def test_our_own_states(pool: Pool, state: str, kind: type[e.TenantryError]) -> None:
    error = await raised(pool, state, ", HINT = 'Do this.'")
    assert type(error) is kind
    assert str(error) == "told by the schema Do this."


@pytest.mark.parametrize(
    ("constraint", "kind", "facts"),
    [
        ("workflow_transition", e.InvalidTransition, {"stage": "a", "to": "b", "allowed": ["c"]}),
        (
            "workflow_review",
            e.ReviewsMissing,
            {"stage": "a", "to": "b", "missing": ["code_review"]},
        ),
        ("decided_once", e.AlreadyDecided, {"decision": "approved"}),
        ("workflow_rules", e.RuleViolated, {}),
    ],
)
async def test_a_rule_may_have_an_error_of_its_own(
    pool: Pool, constraint: str, kind: type[e.RuleViolated], facts: dict[str, object]
) -> None:
    detail = json.dumps(facts)
    error = await raised(pool, "TN004", f", CONSTRAINT = '{constraint}', DETAIL = '{detail}'")
    assert type(error) is kind
    assert error.fields == {"constraint": constraint, "table": "", "column": "", **facts}


async def test_a_quota_brings_its_numbers(pool: Pool) -> None:
    detail = json.dumps({"quota": "tasks", "limit": 5, "used": 5})
    error = await raised(pool, "TN003", f", DETAIL = '{detail}'")
    assert isinstance(error, e.QuotaExceeded)
    assert (error.quota, error.limit, error.used) == ("tasks", 5, 5)
    assert isinstance(await raised(pool, "TN003", ", DETAIL = 'not json'"), e.QuotaExceeded)


@pytest.mark.parametrize(
    ("state", "kind", "retryable"),
    [
        ("40001", e.SerializationFailure, True),
        ("40P01", e.DeadlockDetected, True),
        ("40003", e.CommitOutcomeUnknown, False),
        ("55P03", e.LockTimeout, True),
        ("57014", e.StatementTimeout, False),
        ("57P01", e.ConnectionLost, True),
        ("08006", e.ConnectionLost, True),
        ("25P02", e.TransactionAborted, False),
        ("42501", e.PermissionDenied, False),
        ("53100", e.DatabaseUnavailable, True),
        ("P0001", e.RuleViolated, False),
        ("22012", e.InvalidInput, False),
        ("26000", e.QueryError, False),
        ("XX000", e.QueryError, False),
    ],
)
async def test_the_servers_states(
    pool: Pool, state: str, kind: type[e.TenantryError], retryable: bool
) -> None:
    error = await raised(pool, state)
    assert type(error) is kind
    assert error.retryable is retryable


async def test_unique(pool: Pool, tenant: UUID) -> None:
    async with Transaction(pool, Context(tenant)) as t:
        await t.execute(INSERT, tenant, SECRET)
    error = await failure(pool, tenant, INSERT, tenant, SECRET)
    assert isinstance(error, e.AlreadyExists)
    assert (error.table, error.constraint) == ("notes", "notes_tenant_id_body_key")


async def test_the_two_sides_of_a_foreign_key(pool: Pool, tenant: UUID) -> None:
    add = "INSERT INTO notes (tenant_id, id, parent_id) VALUES ($1, $2, $3)"
    error = await failure(pool, tenant, add, tenant, uuid4(), uuid4())
    assert isinstance(error, e.ReferenceNotFound)
    assert (error.table, error.constraint) == ("notes", "notes_parent_fk")
    parent = uuid4()
    async with Transaction(pool, Context(tenant)) as t:
        await t.execute(add, tenant, parent, None)
        await t.execute(add, tenant, uuid4(), parent)
    for sql in (
        "DELETE FROM notes WHERE id = $1",
        "WITH gone AS (DELETE FROM notes WHERE id = $1 RETURNING 1) SELECT * FROM gone",
    ):
        error = await failure(pool, tenant, sql, parent)
        assert isinstance(error, e.StillReferenced)
        assert (error.table, error.constraint) == ("notes", "notes_parent_fk")
    dynamic = f"DO $$ BEGIN DELETE FROM notes WHERE id = '{parent}'; END $$"
    assert isinstance(await failure(pool, tenant, dynamic), e.StillReferenced)


async def test_rules(pool: Pool, tenant: UUID) -> None:
    error = await failure(pool, tenant, INSERT, tenant, "forbidden")
    assert isinstance(error, e.RuleViolated)
    assert (error.table, error.constraint) == ("notes", "notes_body_check")
    error = await failure(
        pool, tenant, "INSERT INTO notes (tenant_id, id) VALUES ($1, NULL)", tenant
    )
    assert isinstance(error, e.RuleViolated)
    assert (error.table, error.column) == ("notes", "id")


async def test_row_level_security(pool: Pool, tenant: UUID) -> None:
    error = await failure(pool, tenant, INSERT, uuid4(), SECRET)
    assert isinstance(error, e.PermissionDenied)
    assert "tenant" in str(error)
    assert isinstance(await failure(pool, None, INSERT, tenant, SECRET), e.PermissionDenied)


async def test_statements_that_make_no_sense(pool: Pool, tenant: UUID) -> None:
    for sql in ("SELEC 1", "SELECT nothing", "SELECT * FROM nowhere", "SELECT 1 +"):
        assert isinstance(await failure(pool, tenant, sql), e.QueryError)
    error = await failure(pool, tenant, "SELECT $1::text::uuid", SECRET)
    assert isinstance(error, e.InvalidInput)


async def test_wording_can_be_registered(
    pool: Pool, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONSTRAINT_MESSAGES, "notes_body_check", "A note may not say that.")
    error = await failure(pool, tenant, INSERT, tenant, "forbidden")
    assert str(error) == "A note may not say that."


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    # Undone by pytest: the repositories' own stays for the tests that follow.
    # (By name: the package has a function of the module's name.)
    module = sys.modules["tenantry.kernel.translate"]
    monkeypatch.setattr(module, "_resolve_partition", None)
    set_partition_resolver(lambda table, name: (table.split("_p")[0], name.replace("_p1", "")))


@pytest.mark.usefixtures("resolver")
async def test_a_partition_speaks_for_its_parent(pool: Pool, place: Place) -> None:
    admin = await place.admin()
    await admin.execute("""
        DROP TABLE IF EXISTS logs;
        CREATE TABLE logs (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE logs_p1 PARTITION OF logs FOR VALUES FROM (0) TO (9);
        GRANT INSERT ON logs TO kernel_app;
    """)
    await admin.close()
    error = await failure(pool, None, "INSERT INTO logs VALUES (1), (1)")
    assert isinstance(error, e.AlreadyExists)
    assert (error.table, error.constraint) == ("logs", "logs_pkey")


async def test_names_decide_not_words(pool: Pool) -> None:
    error = await raised(pool, "23503", ", TABLE = 't', CONSTRAINT = 'c'")
    assert isinstance(error, e.ReferenceNotFound)
    assert (error.table, error.constraint) == ("t", "c")


def test_a_process_without_files_left_is_told_so() -> None:
    error = translate_connect(OSError(errno.EMFILE, "Too many open files"))
    assert isinstance(error, e.DatabaseUnavailable)
    assert "ulimit" in error.hint
