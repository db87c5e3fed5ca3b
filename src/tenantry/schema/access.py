"""Row security and grants of a table, from its model's `__access__`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table

from tenantry.models.base import model_of

from .roles import (
    APP,
    AUDIT,
    AUTH,
    GRAPH,
    GRAPH_READER,
    KEEPER,
    OWNER,
    READONLY,
    SEARCH,
    SERVICE,
    TRANSFER,
    VIEWS,
)

#: What the definer roles' functions need: table -> role -> privileges.
DEFINER_GRANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "tenants": {
        KEEPER: ("SELECT",),
        AUTH: ("SELECT",),
        AUDIT: ("SELECT",),
        GRAPH: ("SELECT",),
        # What FOR UPDATE needs.
        TRANSFER: ("UPDATE",),
    },
    "tenant_quotas": {KEEPER: ("SELECT", "INSERT")},
    "tenant_usage": {KEEPER: ("SELECT", "INSERT", "UPDATE")},
    "users": {AUTH: ("SELECT",), TRANSFER: ("SELECT",)},
    "user_identities": {AUTH: ("SELECT",)},
    "api_keys": {AUTH: ("SELECT",)},
    "memberships": {AUTH: ("SELECT",)},
    "seal_keys": {AUTH: ("SELECT", "INSERT", "DELETE")},
    "audit_logs": {AUDIT: ("SELECT", "INSERT")},
    "platform_log": {AUDIT: ("SELECT", "INSERT"), TRANSFER: ("SELECT",)},
    "audit_seals": {AUDIT: ("SELECT",)},
    "platform_seals": {AUDIT: ("SELECT",)},
    # UPDATE: what FOR SHARE needs.
    "workflows": {KEEPER: ("SELECT", "INSERT", "UPDATE")},
    "tasks": {KEEPER: ("SELECT",), SEARCH: ("SELECT",), VIEWS: ("SELECT",), GRAPH: ("SELECT",)},
    "task_dependencies": {KEEPER: ("SELECT",), GRAPH: ("SELECT",)},
    "qa_reviews": {KEEPER: ("SELECT",)},
    "agents": {KEEPER: ("SELECT", "UPDATE"), GRAPH: ("SELECT",)},
    "desks": {
        KEEPER: ("SELECT", "UPDATE"),
        SEARCH: ("SELECT",),
        VIEWS: ("SELECT",),
        GRAPH: ("SELECT",),
    },
    "conversations": {KEEPER: ("SELECT", "UPDATE")},
    "messages": {KEEPER: ("SELECT",)},
    "agent_sessions": {KEEPER: ("SELECT", "UPDATE"), VIEWS: ("SELECT",)},
    "agent_executions": {KEEPER: ("SELECT",), GRAPH: ("SELECT",)},
    "cost_entries": {KEEPER: ("SELECT", "INSERT", "UPDATE"), VIEWS: ("SELECT",)},
    "model_prices": {KEEPER: ("SELECT", "UPDATE")},
    "lessons": {KEEPER: ("SELECT", "UPDATE"), SEARCH: ("SELECT",)},
    "evidence": {SEARCH: ("SELECT",)},
    "documents": {SEARCH: ("SELECT",)},
    "chunks": {SEARCH: ("SELECT",)},
    "data_sources": {AUTH: ("SELECT",)},
    "outbox_events": {KEEPER: ("INSERT",)},
    "projects": {GRAPH: ("SELECT",)},
    "delegations": {GRAPH: ("SELECT",)},
    "graph_nodes": {GRAPH: ("SELECT",), KEEPER: ("SELECT",)},
    "graph_edges": {GRAPH: ("SELECT",), KEEPER: ("SELECT",)},
    "graph_queries": {GRAPH_READER: ("SELECT",)},
}


def row_security(table: Table) -> Iterator[str]:
    """RLS on and forced, one permissive policy and its floor for tenants, one for the service role."""
    name, access = f"tenantry.{table.name}", model_of(table).__access__
    yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    if access.select:
        roles = f"{APP}, {READONLY}"
        rows, writes = f"({access.rows})", f"({access.writes or access.rows})"
        if access.writes is None:
            yield f"CREATE POLICY tenant ON {name} TO {roles} USING {rows} WITH CHECK {rows}"
        else:
            yield f"CREATE POLICY tenant ON {name} FOR SELECT TO {roles} USING {rows}"
            yield f"CREATE POLICY tenant_write ON {name} FOR UPDATE TO {roles} USING {writes} WITH CHECK {writes}"
        # Permissive policies are OR-ed: whatever is added later, nothing passes this one. Where every
        # row is everybody's there is nothing to keep.
        if access.rows != "true":
            yield f"CREATE POLICY tenant_floor ON {name} AS RESTRICTIVE TO {roles} USING {rows} WITH CHECK {rows}"
    if access.service:
        command = "FOR SELECT " if access.service == ("SELECT",) else ""
        check = "" if command else " WITH CHECK (true)"
        yield f"CREATE POLICY service ON {name} {command}TO {SERVICE} USING (true){check}"
    definers = DEFINER_GRANTS.get(table.name, {})
    if moves(table):
        yield f"CREATE POLICY transfer ON {name} TO {TRANSFER} USING (true) WITH CHECK (true)"
    for role, privileges in definers.items():
        for privilege in privileges:
            rule = "WITH CHECK" if privilege == "INSERT" else "USING"
            policy = f"{role.removeprefix('tenantry_')}_{privilege.lower()}"
            # Nothing but `true`: any condition keeps operators that are not leakproof, as those of
            # full text, from their indexes.
            yield f"CREATE POLICY {policy} ON {name} FOR {privilege} TO {role} {rule} (true)"
    if definers or moves(table):
        # The owner, who hands functions over to these roles, is a member of them: what they may
        # see is not for it.
        yield f"CREATE POLICY owner_floor ON {name} AS RESTRICTIVE TO {OWNER} USING (false)"


def grants(table: Table) -> Iterator[str]:
    name, access = f"tenantry.{table.name}", model_of(table).__access__
    if access.select:
        yield f"GRANT SELECT{_readable(table)} ON {name} TO {APP}, {READONLY}"
    for privilege, allowed in (("INSERT", access.insert), ("UPDATE", access.update)):
        if allowed:
            chosen = insertable if privilege == "INSERT" else updatable
            columns = allowed if isinstance(allowed, tuple) else chosen(table)
            yield f"GRANT {privilege} ({', '.join(columns)}) ON {name} TO {APP}"
    if access.delete:
        yield f"GRANT DELETE ON {name} TO {APP}"
    if access.service:
        yield f"GRANT {', '.join(access.service)} ON {name} TO {SERVICE}"
    if moves(table):
        yield f"GRANT SELECT, INSERT, DELETE ON {name} TO {TRANSFER}"
    for role, privileges in DEFINER_GRANTS.get(table.name, {}).items():
        yield f"GRANT {', '.join(privileges)} ON {name} TO {role}"


def moves(table: Table) -> bool:
    """Whether a tenant that comes or goes takes rows of it along. The platform's log stays."""
    return table.name == "tenants" or (
        "tenant_id" in table.columns and table.name != "platform_log"
    )


def insertable(table: Table) -> list[str]:
    """All but what triggers keep."""
    return [c.name for c in table.columns if not c.info.get("kept")]


def updatable(table: Table) -> list[str]:
    """Never the key: a row does not move to another tenant, nor an id to another partition."""
    fixed = {"created_at", "updated_at", *(c.name for c in table.primary_key.columns)}
    return [name for name in insertable(table) if name not in fixed]


def _readable(table: Table) -> str:
    if not any(c.info.get("secret") for c in table.columns):
        return ""
    return f" ({', '.join(c.name for c in table.columns if not c.info.get('secret'))})"


def is_guarded(table: Table) -> bool:
    """Whether a suspended tenant's writes must be refused here: wherever the application writes."""
    access = model_of(table).__access__
    return bool(access.insert or access.update or access.delete)
