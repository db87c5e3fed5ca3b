"""A database that Tenantry did not make: found out by its column, its grants and its policies."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from tenantry.errors import InvalidInput
from tenantry.isolation.attacks import Verdict
from tenantry.isolation.proof import Options, Proof, prove
from tenantry.models import metadata
from tests.fixtures.database import Place, _drop
from tests.fixtures.servers import Server

_MINE = "org_id = current_setting('shop.org', true)::uuid"


@dataclass
class Shop:
    place: Place
    role: str

    async def run(self, *statements: str) -> None:
        admin = await self.place.connection("superuser")
        try:
            for statement in statements:
                await admin.execute(statement.replace("SHOP", self.role))
        finally:
            await admin.close()

    async def prove(self, *, attacks: bool = True, **options: object) -> Proof:
        chosen = Options(**options)  # type: ignore[arg-type]
        return await prove(self.place.url("superuser"), metadata, chosen, attacks=attacks)


_TABLES = (
    "REVOKE ALL ON DATABASE {} FROM PUBLIC",
    "CREATE TYPE status AS ENUM ('open', 'paid')",
    "CREATE TABLE orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, plan text DEFAULT 'free')",
    "CREATE TABLE customers (org_id uuid NOT NULL REFERENCES orgs, id uuid DEFAULT gen_random_uuid(),"
    " email text NOT NULL CHECK (email LIKE '%@%'), UNIQUE (org_id, email), PRIMARY KEY (org_id, id))",
    "CREATE TABLE orders (org_id uuid NOT NULL, id uuid DEFAULT gen_random_uuid(), customer_id uuid NOT NULL,"
    " state status NOT NULL, total numeric(10, 2) NOT NULL CHECK (total >= 0), placed date NOT NULL,"
    " PRIMARY KEY (org_id, id), FOREIGN KEY (org_id, customer_id) REFERENCES customers ON DELETE CASCADE)",
    "CREATE TABLE countries (code text PRIMARY KEY)",
    "GRANT SELECT ON countries TO SHOP",
)


def _protected(table: str, column: str = "org_id") -> tuple[str, ...]:
    mine = _MINE.replace("org_id", column, 1)
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own ON {table} TO SHOP USING ({mine}) WITH CHECK ({mine})",
        f"CREATE POLICY floor ON {table} AS RESTRICTIVE TO SHOP USING ({mine}) WITH CHECK ({mine})",
    )


@pytest.fixture
async def shop(postgres_server: Server) -> AsyncIterator[Shop]:
    name = uuid.uuid4().hex[:12]
    shop = Shop(Place(postgres_server, f"shop_{name}"), f"shop_{name}")
    admin = await asyncpg.connect(postgres_server.superuser_url)
    try:
        await admin.execute(f"CREATE ROLE {shop.role} LOGIN")
        await admin.execute(f"CREATE DATABASE {shop.place.name} TEMPLATE template0")
        await shop.run(*(s.replace("{}", shop.place.name) for s in _TABLES))
        for table, column in (("orgs", "id"), ("customers", "org_id"), ("orders", "org_id")):
            await shop.run(*_protected(table, column))
        await shop.run("GRANT SELECT, INSERT, UPDATE, DELETE ON customers, orders TO SHOP")
        await shop.run("GRANT SELECT, UPDATE (name) ON orgs TO SHOP", _WITHOUT_SERVER_FUNCTIONS)
        yield shop
    finally:
        await _drop(shop.place)
        await admin.execute(f"DROP ROLE {shop.role}")
        await admin.close()


#: What `tenantry init` would have revoked.
_WITHOUT_SERVER_FUNCTIONS = """
    DO $$ DECLARE f regprocedure; BEGIN
        FOR f IN SELECT oid FROM pg_proc WHERE proname ~ '^(lo_|loread|lowrite|pg_cancel_backend|pg_terminate_backend)'
                 OR proname IN ('pg_stat_get_activity', 'pg_stat_get_backend_activity') LOOP
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        END LOOP;
    END $$"""


async def test_it_is_recognised_and_found_safe(shop: Shop) -> None:
    proof = await shop.prove()
    assert not proof.subject.installed
    assert proof.subject.roles == (shop.role,)
    assert proof.subject.setting == "shop.org"
    assert {t.name: t.column for t in proof.subject.tables} == {
        "orgs": "id", "customers": "org_id", "orders": "org_id",
    }  # fmt: skip
    serious = [f for f in proof.findings if not f.check.startswith("pgrls-")]
    assert [(f.key, f.detail) for f in serious] == []
    tried = {a.number for a in proof.attacks if a.verdict is Verdict.FAILED}
    assert {1, 2, 3, 25, 26, 27, 28, 30, 34, 40, 41} <= tried


async def test_what_is_wrong_with_it_is_told(shop: Shop) -> None:
    await shop.run(
        "CREATE TABLE notes (org_id uuid NOT NULL, id serial PRIMARY KEY, body text)",
        "GRANT SELECT, INSERT ON notes TO SHOP",
        "ALTER TABLE orders DROP CONSTRAINT orders_org_id_customer_id_fkey",
        "CREATE UNIQUE INDEX ON customers (id)",
        "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id)",
        "DROP POLICY floor ON customers",
        "ALTER POLICY own ON customers USING (true)",
    )
    proof = await shop.prove()
    keys = {f.key for f in proof.findings}
    assert {
        "row-security:public.notes",
        "foreign-keys:public.orders.orders_customer_id_fkey",
        "policies-floor:public.customers",
        "policies-everything:public.customers.own",
        "attack-01:public.notes",
        "attack-01:public.customers",
        "attack-27:public.orders.orders_customer_id_fkey",
    } <= keys


async def test_an_application_that_logs_in_as_the_owner_has_to_be_named(shop: Shop) -> None:
    await shop.run("REVOKE ALL ON orgs, customers, orders FROM SHOP")
    assert "role:the application's role" in {f.key for f in (await shop.prove()).findings}
    await shop.run("ALTER TABLE orders OWNER TO SHOP")
    found = {f.key for f in (await shop.prove(roles=(shop.role,))).findings}
    assert f"ownership:{shop.role}" in found


async def test_policies_that_are_a_groups_bind_its_members(shop: Shop) -> None:
    await shop.run("CREATE ROLE SHOP_staff", "GRANT SHOP_staff TO SHOP")
    try:
        await shop.run(
            "CREATE POLICY more ON orders TO SHOP_staff USING (true)", "DROP POLICY floor ON orders"
        )
        found = {f.key for f in (await shop.prove(roles=(shop.role,), attacks=False)).findings}
        assert "proof-cross-tenant:public.orders" in found
    finally:
        await shop.run("DROP POLICY more ON orders", "DROP ROLE SHOP_staff")


@pytest.mark.parametrize(
    ("options", "field"),
    [({"roles": ("nobody_at_all",)}, "role"), ({"schemas": ("nowhere",)}, "schema")],
)
async def test_what_is_not_there_is_said(shop: Shop, options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await shop.prove(**options)
    assert caught.value.field == field
