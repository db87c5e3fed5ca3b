"""Promises of the seeds that hold for every table, not for one: read from the catalog."""

from __future__ import annotations

from tenantry import Database

from .live import Live
from .things import Things

#: What belongs to no tenant.
_GLOBAL = {
    "tenants",
    "users",
    "user_identities",
    "model_prices",
    "platform_log",
    "platform_seals",
    "graph_queries",
    "schema_version",
    "seal_keys",
    "sign_in_attempts",
}
#: Of tenants, and seen by none of them: written through a function.
_UNSEEN = {"outbox_events", "tenant_holds"}
#: A session's entry in the accounts has the session's id, so its key is given; prices alike.
_KEYS_OF_OTHERS = {"tenant_quotas", "tenant_usage", "schema_version"}


def test_every_table_of_tenants_is_held_to_its_tenant(live: Live) -> None:
    things = Things(live)
    tenants = {t for t, columns in live.columns.items() if "tenant_id" in columns} - _GLOBAL
    assert not [fault for t in tenants - _UNSEEN for fault in things.isolated(t)]
    assert live.columns.keys() - tenants == _GLOBAL


async def test_a_tenant_begins_pending_and_free(db: Database) -> None:
    async with db.service("a tenant of name and slug alone") as s:
        made = await s.tenants.create(name="Acme", slug="acme")
    assert made.id
    assert (made.status, made.plan, made.settings) == ("pending", "free", {})


def test_the_database_makes_ids(live: Live) -> None:
    keyed = {t: columns["id"] for t, columns in live.columns.items() if "id" in columns}
    assert live.columns.keys() - keyed == _KEYS_OF_OTHERS
    assert {(c.type, c.default) for c in keyed.values()} == {("uuid", "tenantry.uuidv7()")}


def test_every_reference_has_an_index(live: Live) -> None:
    missing = [
        f"{table}({', '.join(reference.columns)})"
        for table, references in live.references.items()
        for reference in references
        if not any(
            index.columns[:1] == (reference.columns[-1],) or reference.columns == ("tenant_id",)
            for index in live.indexes[table]
        )
    ]
    assert not missing


def test_states_and_times_have_indexes(live: Live) -> None:
    flags = [(t, c) for t in ("users", "agents") for c in ("is_active",)]
    states = [(t, "status") for t in ("tenants", "projects", "tasks", "agent_executions")]
    for table, column in (*flags, *states):
        assert any(i.columns[:1] == (column,) for i in live.indexes[table]), (table, column)
    # Ids carry their time and are part of every key, so any range of time is one of ids.
    for table, columns in live.columns.items():
        if "created_at" in columns and table not in _KEYS_OF_OTHERS:
            assert any(i.primary and i.columns == ("id",) for i in live.indexes[table]), table


def test_extension_columns_are_jsonb(live: Live) -> None:
    types = {c.type for columns in live.columns.values() for c in columns.values()}
    assert "jsonb" in types
    assert "json" not in types
    for place in (
        "users.metadata",
        "users.preferences",
        "tasks.ai_analysis",
        "agents.capabilities",
    ):
        table, _, column = place.partition(".")
        assert live.columns[table][column].type == "jsonb"


def test_tables_could_be_sharded_by_tenant(live: Live) -> None:
    """Every reference between tenants' tables carries the tenant, so related rows stay together."""
    scoped = {t for t, columns in live.columns.items() if {"tenant_id", "id"} <= columns.keys()}
    astray = [
        f"{table} -> {reference.target}"
        for table in scoped - _GLOBAL
        for reference in live.references[table]
        if reference.target in scoped and reference.columns[0] != "tenant_id"
    ]
    assert not astray
