"""Sealed contexts: SQL that is not the kernel's cannot name a tenant, whatever it sets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

import tenantry
from tenantry import Database, Settings
from tenantry.config import InvalidSettings
from tenantry.errors import (
    ConfigurationError,
    ContextMismatch,
    ContextNotSealed,
    PermissionDenied,
)
from tenantry.kernel.context import Actor
from tenantry.kernel.seal import LIFETIME, Sealer
from tenantry.keyring import new_key
from tenantry.migrations.apply import bring_to_head
from tenantry.migrations.runner import Migrator
from tenantry.migrations.sealing import seal, sealing, unseal
from tenantry.models import Project, Tenant, metadata
from tenantry.schema.sealing import as_called
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import Pooler

KEY, OTHER_KEY = new_key(), new_key()
UNSEALED = "TN009"


def settings(place: Place, *keys: str, **more: Any) -> Settings:
    return place.settings(
        context="sealed", seal_keys=tuple(SecretStr(key) for key in keys or (KEY,)), **more
    )


@pytest.fixture
async def sealed(place: Place) -> AsyncIterator[Database]:
    await seal(settings(place), only=True)
    async with await tenantry.connect(settings=settings(place)) as db:
        yield db


@pytest.fixture
async def acme(sealed: Database) -> Tenant:
    return await make_tenant(sealed, "acme")


@pytest.fixture
async def beta(sealed: Database) -> Tenant:
    return await make_tenant(sealed, "beta")


async def test_work_goes_on_as_it_did(sealed: Database, acme: Tenant, beta: Tenant) -> None:
    made = await sealed.tenant(acme.id).projects.create(name="Apollo")
    assert (await sealed.tenant(acme.id).projects.get(made.id)).name == "Apollo"
    assert await sealed.tenant(beta.id).projects.find(made.id) is None
    async with sealed.tenant(acme.id, actor=Actor(kind="agent", agent_id=uuid4())) as t:
        await t.projects.update(made.id, name="Apollo 2")
        assert (await t.audit.list(limit=1))[0].actor_kind == "agent"
    async with sealed.session(acme.id) as session:
        assert await session.get(Project, (acme.id, made.id)) is not None
    async with sealed.session(beta.id) as session:
        assert await session.get(Project, (acme.id, made.id)) is None
    async with sealed.tenant(acme.id) as t:
        task = await t.tasks.create(title="Find me", project_id=made.id)
        assert [found.id for found in await t.tasks.search("find")] == [task.id]


@pytest.mark.parametrize(
    "injected",
    [
        "SELECT set_config('app.tenant_id', '{other}', true)",
        "SET LOCAL app.tenant_id = '{other}'",
        "SELECT tenantry.set_tenant_context('{other}')",
        "SELECT set_config('app.user_id', '{other}', true)",
        "SELECT set_config('app.actor', 'eyJraW5kIjoic2VydmljZSJ9', true)",
        "SET LOCAL app.seal = ''",
        "RESET app.seal",
    ],
)
async def test_injected_sql_gains_nothing(
    sealed: Database, acme: Tenant, beta: Tenant, injected: str
) -> None:
    await sealed.tenant(beta.id).projects.create(name="beta's")
    with pytest.raises(ContextNotSealed):
        async with sealed.tenant(acme.id) as t:
            await t.execute(injected.format(other=beta.id))
            await t.fetch("SELECT * FROM tenantry.projects")


_NAME = "set_config('app.tenant_id', '{other}', true)"
_EMPTY = "set_config('app.tenant_id', '', true), set_config('app.user_id', '', true), set_config('app.actor', '', true)"


@pytest.mark.parametrize(
    "midway",
    [
        f"WITH s AS MATERIALIZED (SELECT {_NAME}) SELECT p.name FROM s, tenantry.projects AS p",
        f"SELECT p.name FROM tenantry.projects AS p, LATERAL (SELECT p.id, {_NAME}) AS s",
        f"SELECT p.name, {_NAME}, (SELECT string_agg(name, ',') FROM tenantry.projects) FROM tenantry.projects AS p",
        f"SELECT t.* FROM (SELECT {_NAME} OFFSET 0) AS s, LATERAL tenantry.search_tasks('theirs', 10) AS t",
        f"SELECT t.*, {_NAME} FROM tenantry.search_tasks('theirs', 10) AS t",
        "SELECT content FROM tenantry.messages_newest('{other}', NULL, 5)",
        f"SELECT m.content FROM (SELECT {_EMPTY} OFFSET 0) AS s, LATERAL tenantry.messages_newest('{{other}}', NULL, 5) AS m",
        f"SELECT tenantry.record_event('forged', 'things') FROM (SELECT {_NAME} OFFSET 0) AS s",
        f"INSERT INTO tenantry.projects (tenant_id, name, slug) SELECT '{{other}}', 'n', 'n' FROM (SELECT {_NAME} OFFSET 0) AS s",
        f"UPDATE tenantry.projects SET name = {_NAME}",
    ],
)
async def test_a_context_that_changes_within_a_statement_gains_nothing(
    sealed: Database, acme: Tenant, beta: Tenant, midway: str
) -> None:
    theirs = sealed.tenant(beta.id)
    await sealed.tenant(acme.id).projects.create(name="mine")
    project = await theirs.projects.create(name="theirs")
    task = await theirs.tasks.create(title="theirs", project_id=project.id)
    talk = await theirs.conversations.create(title="theirs")
    await theirs.messages.append(conversation_id=talk.id, role="user", content="theirs")
    before = len(await theirs.audit.list(limit=100))
    got: list[Any] = []
    with suppress(ContextNotSealed, ContextMismatch):
        async with sealed.tenant(acme.id) as t:
            got = await t.fetch(midway.format(other=beta.id))
    seen = str([tuple(row) for row in got])
    assert "theirs" not in seen
    assert str(task.id) not in seen
    assert len(await theirs.audit.list(limit=100)) == before
    assert [p.name for p in await theirs.projects.list()] == ["theirs"]


async def test_who_acts_cannot_be_erased_midway(
    sealed: Database, acme: Tenant, place: Place
) -> None:
    erasing = (
        "INSERT INTO tenantry.projects (tenant_id, name, slug) VALUES ($1, 'n', 'n')"
        " RETURNING set_config('app.tenant_id', '', true), set_config('app.actor', '', true)"
    )
    with pytest.raises(PermissionDenied, match="needs a context"):
        async with sealed.tenant(acme.id, actor=Actor(kind="agent", agent_id=uuid4())) as t:
            await t.fetch(erasing, acme.id)


async def test_a_suspended_tenant_does_not_write_by_looking_away(
    sealed: Database, acme: Tenant
) -> None:
    async with sealed.service("suspending") as s:
        await s.tenants.update(acme.id, status="suspended")
    with pytest.raises(PermissionDenied, match="needs a context"):
        async with sealed.tenant(acme.id) as t:
            await t.execute("SELECT set_config('app.tenant_id', '', true)")
            await t.execute(
                "INSERT INTO tenantry.projects (tenant_id, name, slug) SELECT $1, 'n', 'n'"
                " FROM (SELECT set_config('app.tenant_id', $1::uuid::text, true) OFFSET 0) AS x",
                acme.id,
            )


@pytest.mark.parametrize(
    "condition",
    [
        "(tenant_id = tenantry.current_tenant_id())",
        "(tenant_id IN ( SELECT tenantry.current_tenant_id() AS current_tenant_id))",
        "(tenant_id = ANY (ARRAY( SELECT tenantry.current_tenant_id() AS current_tenant_id)))",
        "(EXISTS ( SELECT tenantry.current_tenant_id() AS current_tenant_id))",
    ],
)
def test_a_condition_keeps_its_meaning(condition: str) -> None:
    once = as_called(condition, once=True)
    assert as_called(once, once=True) == once
    assert as_called(once, once=False) == condition
    assert ("= ( SELECT" in once) is ("= tenantry" in condition)


async def test_a_key_that_was_taken_away_stays_away(sealed: Database, place: Place) -> None:
    both = settings(place, OTHER_KEY, KEY)
    await seal(settings(place, OTHER_KEY), only=True)
    await bring_to_head(both)
    assert len((await sealing(both)).accepted) == 1


@pytest.mark.parametrize("role", ["tenantry_app", "tenantry_readonly"])
async def test_where_the_application_sees_others_statements_there_is_no_seal(
    place: Place, role: str
) -> None:
    admin = await place.connection("superuser")
    try:
        await admin.execute(f"GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO {role}")
        with pytest.raises(ConfigurationError, match="seals of others"):
            await seal(settings(place), only=True)
    finally:
        await admin.close()
    assert not (await sealing(settings(place))).sealed


async def test_a_seal_is_for_all_of_its_context(
    sealed: Database, place: Place, acme: Tenant, beta: Tenant
) -> None:
    await sealed.tenant(acme.id).projects.create(name="acme's")
    mine, other = str(acme.id), str(beta.id)
    good = Sealer([KEY]).seal(mine, "", "")
    key, expiry, mac = good.split(".")
    false = {
        "another tenant's": (other, good),
        "under another key": (mine, Sealer([OTHER_KEY]).seal(mine, "", "")),
        "under another key's name": (mine, f"{key}.{Sealer([OTHER_KEY]).seal(mine, '', '')[13:]}"),
        "with a later expiry": (mine, f"{key}.{int(expiry) + 1}.{mac}"),
        "cut short": (mine, good[:-2]),
        "with no mac": (mine, f"{key}.{expiry}."),
        "garbage": (mine, "x"),
        "empty": (mine, ""),
        "none": (mine, None),
    }
    connection = await place.connection("app")
    try:
        assert len(await _seen(connection, mine, good)) == 1
        for why, (tenant, given) in false.items():
            with pytest.raises(asyncpg.PostgresError) as refused:
                await _seen(connection, tenant, given)
            assert refused.value.sqlstate == UNSEALED, why
    finally:
        await connection.close()


async def test_an_expired_seal_begins_nothing(
    sealed: Database, place: Place, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await place.connection("app")
    try:
        monkeypatch.setattr("tenantry.kernel.seal.time", lambda: 1_700_000_000)
        old = Sealer([KEY]).seal(str(acme.id), "", "")
        with pytest.raises(asyncpg.PostgresError, match="expired"):
            await _seen(connection, str(acme.id), old)
    finally:
        await connection.close()
    assert LIFETIME > 60


async def test_nobody_but_its_function_reads_a_key(sealed: Database, place: Place) -> None:
    for role in ("app", "readonly", "service", "owner"):
        connection = await place.connection(role)
        try:
            try:
                rows = await connection.fetch("SELECT * FROM tenantry.seal_keys")
            except asyncpg.InsufficientPrivilegeError:
                rows = []
            assert rows == [], role
        finally:
            await connection.close()


async def test_a_key_is_changed_while_work_goes_on(sealed: Database, place: Place) -> None:
    acme = await make_tenant(sealed, "acme")
    await seal(settings(place, OTHER_KEY, KEY), only=False)
    async with await tenantry.connect(settings=settings(place, OTHER_KEY, KEY)) as newer:
        await newer.tenant(acme.id).projects.create(name="by the new key")
        await sealed.tenant(acme.id).projects.create(name="by the old key")
        await seal(settings(place, OTHER_KEY), only=True)
        assert await newer.tenant(acme.id).projects.count() == 2
        with pytest.raises(ContextNotSealed) as refused:
            await sealed.tenant(acme.id).projects.count()
        assert "TENANTRY_SEAL_KEYS" in refused.value.hint
    assert len((await sealing(settings(place))).accepted) == 1


async def test_what_the_settings_say_must_be_what_the_database_asks(
    sealed: Database, place: Place
) -> None:
    with pytest.raises(ConfigurationError, match="sealed"):
        await tenantry.connect(settings=place.settings())
    await unseal(settings(place))
    for migrate in ("check", "off"):
        with pytest.raises(ConfigurationError, match="plain"):
            await tenantry.connect(settings=settings(place, migrate=migrate))
    async with await tenantry.connect(settings=place.settings()) as db:
        acme = await make_tenant(db, "acme")
        await db.tenant(acme.id).projects.create(name="plain again")
    with pytest.raises(InvalidSettings, match="must hold a key"):
        place.settings(context="sealed")


async def test_the_schema_is_what_the_models_mean_in_either_kind(place: Place) -> None:
    migrator = Migrator(place.url("owner"), metadata)
    await seal(settings(place), only=True)
    assert [str(c) for c in (await migrator.check()).changes] == []
    await unseal(settings(place))
    assert [str(c) for c in (await migrator.check()).changes] == []


async def test_policies_ask_once_for_a_statement(sealed: Database, acme: Tenant) -> None:
    async with sealed.tenant(acme.id) as t:
        plan = await t.fetch_value("EXPLAIN (FORMAT JSON) SELECT * FROM tenantry.projects")
    assert "InitPlan" in str(plan)
    async with sealed.service("looking at policies") as s:
        inlined = await s.fetch_value(
            "SELECT count(*) FROM pg_policies WHERE schemaname = 'tenantry'"
            " AND (qual ~ '(?<!SELECT )tenantry.current_' OR with_check ~ '(?<!SELECT )tenantry.current_')"
        )
    assert inlined == 0


async def test_through_a_pooler(
    sealed: Database, place: Place, acme: Tenant, pgbouncer: Callable[..., Pooler]
) -> None:
    password = place.server.password("tenantry_app")
    pooler = pgbouncer(place.server, {"tenantry_app": password}, {"default_pool_size": "1"})
    url = pooler.url("tenantry_app", place.name)
    async with await tenantry.connect(settings=settings(place, database_url=url)) as db:
        made = await db.tenant(acme.id).projects.create(name="through the pooler")
        assert (await db.tenant(acme.id).projects.get(made.id)).id == made.id


async def _seen(connection: Any, tenant: str, given: str | None) -> list[Any]:
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant)
        if given is not None:
            await connection.execute("SELECT set_config('app.seal', $1, true)", given)
        rows: list[Any] = await connection.fetch("SELECT * FROM tenantry.projects")
        return rows


@pytest.fixture
async def worker(place: Place) -> AsyncIterator[str]:
    """A service login of one's own, and what leads there."""
    name = f"worker_{uuid4().hex[:12]}"
    admin = await place.connection("superuser")
    await admin.execute(
        f"CREATE ROLE {name} LOGIN PASSWORD '{place.server.password(name)}' IN ROLE tenantry_service;"
        f" GRANT CONNECT ON DATABASE {place.name} TO {name}"
    )
    yield name
    await admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    await admin.close()


async def test_a_service_login_of_ones_own(
    sealed: Database, place: Place, acme: Tenant, worker: str
) -> None:
    """Whoever works across tenants is told by membership, wherever it matters."""
    url = place.server.url(worker, place.name)
    async with (
        await tenantry.connect(settings=settings(place, service_url=url)) as db,
        db.service("nightly") as s,
    ):
        # A context that the service role sets for one call is under no seal of the kernel's.
        event = await s.tenant(acme.id).audit.record("checked", "projects")
        assert (await s.tenant(acme.id).audit.get(event)).actor_kind == "service"
        task = await s.tenant(acme.id).tasks.create(title="By the worker")
        assert [t.id for t in await s.tenant(acme.id).tasks.search("worker")] == [task.id]
    raw = await asyncpg.connect(url)
    try:
        assert await raw.fetchval("SELECT tenantry.is_service()")
        async with raw.transaction():
            await raw.execute("SELECT set_config('app.tenant_id', $1, true)", str(acme.id))
            assert (await raw.fetchrow("SELECT * FROM tenantry.acting()"))["kind"] == "service"  # type: ignore[index]
    finally:
        await raw.close()


@pytest.mark.parametrize("also", ["tenantry_app", "tenantry_readonly"])
async def test_who_is_the_application_s_too_needs_a_seal(
    sealed: Database, place: Place, acme: Tenant, worker: str, also: str
) -> None:
    admin = await place.connection("superuser")
    await admin.execute(f"GRANT {also} TO {worker}")
    await admin.close()
    connection = await asyncpg.connect(place.server.url(worker, place.name))
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await _seen(connection, str(acme.id), None)
        assert refused.value.sqlstate == UNSEALED
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app.user_id", "01a1ff28-4efa-767a-92f6-15529b4c9ebc"),
        ("app.actor", "eyJraW5kIjoic2VydmljZSJ9"),
    ],
)
@pytest.mark.parametrize(
    "asks", ["SELECT * FROM tenantry.acting()",
             "SELECT * FROM tenantry.my_identities()", "SELECT tenantry.current_user_id()"],
)  # fmt: skip
async def test_a_context_without_a_tenant_is_under_a_seal_too(
    sealed: Database, place: Place, name: str, value: str, asks: str
) -> None:
    connection = await place.connection("app")
    user, actor = (value, "") if name == "app.user_id" else ("", value)
    try:
        for given, expected in ((None, UNSEALED), (Sealer([KEY]).seal("", user, actor), None)):
            async with connection.transaction():
                await connection.execute("SELECT set_config($1, $2, true)", name, value)
                if given:
                    await connection.execute("SELECT set_config('app.seal', $1, true)", given)
                try:
                    async with connection.transaction():
                        await connection.fetch(asks)
                    state = None
                except asyncpg.PostgresError as error:
                    state = error.sqlstate
            assert state == expected, asks
    finally:
        await connection.close()


@pytest.mark.parametrize("half", ["tenant", "user"])
async def test_half_a_seal_is_none_and_is_mended(place: Place, half: str) -> None:
    await seal(settings(place), only=True)
    assert (await sealing(settings(place))).sealed
    owner = await place.connection("owner")
    await owner.execute(
        f"CREATE OR REPLACE FUNCTION tenantry.current_{half}_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE"
        f" RETURN nullif(pg_catalog.current_setting('app.{half}_id', true), '')::uuid"
    )
    await owner.close()
    assert not (await sealing(settings(place))).sealed
    with pytest.raises(ConfigurationError, match="plain"):
        await tenantry.connect(settings=settings(place))
    await seal(settings(place), only=False)
    assert (await sealing(settings(place))).sealed
    async with await tenantry.connect(settings=settings(place)):
        pass
