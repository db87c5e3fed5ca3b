"""The audit trigger's function, generated for each audited table."""

from __future__ import annotations

from sqlalchemy import Table

from tenantry.models.base import TenantRow, Totalled, model_of

_ACTOR = (
    "actor_kind, user_id, agent_id, api_key_id, request_id, ip_address, user_agent, reason",
    "a.kind, a.user_id, a.agent_id, a.api_key_id, a.request_id, a.ip_address, a.user_agent, a.reason",
)


def audit_function(table: Table) -> str:
    """One set-based insert a statement (one a row for updates of rows with totals); the comparison
    is spelt out for the table's own columns.

    An update is recorded as the columns that changed, before and after. Keys and secrets never
    are, and a change of nothing but quiet columns leaves no line.
    """
    scoped = issubclass(model_of(table), TenantRow)
    target = "audit_logs" if scoped else "platform_log"
    keys = [c.name for c in table.primary_key.columns]
    key = "id" if "id" in keys else keys[0]
    tenant = (
        "tenant_id" if "tenant_id" in table.columns else "id" if table.name == "tenants" else None
    )
    hidden, secrets = _hidden(table), _marked(table, "secret")
    compared = _compared(table)

    def entry(
        action: str, row: str, old: str, new: str, source: str, *, details: str = "NULL"
    ) -> str:
        owner = f"{row}.{tenant}" if tenant else "NULL"
        return f"""INSERT INTO tenantry.{target} (
            tenant_id, action, resource_type, resource_id, old_values, new_values, details,
            {_ACTOR[0]})
        SELECT {owner}, '{action}', '{table.name}', {row}.{key}, {old}, {new}, {details},
            {_ACTOR[1]}
        FROM {source} CROSS JOIN tenantry.acting() AS a"""

    hide = "ARRAY[" + ", ".join(f"'{name}'" for name in hidden) + "]"
    unchanged = ",\n                ".join(
        f"CASE WHEN o.{c} IS NOT DISTINCT FROM n.{c} THEN '{c}' END" for c in compared
    )
    changed = " OR ".join(f"o.{c} IS DISTINCT FROM n.{c}" for c in [*compared, *secrets])
    told = "NULL"
    if secrets:
        pairs = ", ".join(f"CASE WHEN o.{c} IS DISTINCT FROM n.{c} THEN '{c}' END" for c in secrets)
        told = (
            f"CASE WHEN {' OR '.join(f'o.{c} IS DISTINCT FROM n.{c}' for c in secrets)} THEN "
            f"jsonb_build_object('secrets_changed', to_jsonb(array_remove(ARRAY[{pairs}], NULL))) END"
        )
    join = " AND ".join(f"n.{k} = o.{k}" for k in keys)
    by_row = issubclass(model_of(table), Totalled)
    both = f"old_rows AS o\n        JOIN new_rows AS n ON {join}"
    if by_row:
        both = "(SELECT OLD.*) AS o\n        CROSS JOIN (SELECT NEW.*) AS n"
    update_source = f"""{both}
        CROSS JOIN LATERAL (SELECT {hide} || ARRAY['created_at',
                {unchanged}] AS names) AS same"""
    leave_early = ""
    if len(hidden) > len(keys) + 1 and not by_row:
        # What is not on record may change far more often than what is.
        leave_early = f"""
        IF NOT EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON {join} WHERE {changed}) THEN
            RETURN NULL;
        END IF;"""
    return f"""CREATE FUNCTION tenantry.audit_{table.name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {entry("create", "n", "NULL", f"to_jsonb(n) - {hide}", "new_rows AS n")};
    ELSIF TG_OP = 'UPDATE' THEN{leave_early}
        {entry("update", "n", "to_jsonb(o) - same.names", "to_jsonb(n) - same.names", update_source, details=told)}
        WHERE {changed};
    ELSE
        {entry("delete", "o", f"to_jsonb(o) - {hide}", "NULL", "old_rows AS o")};
    END IF;
    RETURN NULL;
END
$$"""


def recorded(table: Table) -> list[str]:
    """The columns whose changes are on record."""
    return [*_compared(table), *_marked(table, "secret")]


def _compared(table: Table) -> list[str]:
    left_out = {*_hidden(table), "created_at"}
    return [c.name for c in table.columns if c.name not in left_out]


def _hidden(table: Table) -> list[str]:
    marked = (name for mark in ("secret", "quiet", "kept") for name in _marked(table, mark))
    return ["updated_at", *(c.name for c in table.primary_key.columns), *marked]


def _marked(table: Table, mark: str) -> list[str]:
    return [c.name for c in table.columns if c.info.get(mark)]
