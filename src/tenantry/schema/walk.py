"""Pages of a partitioned table within a parent: the messages of a conversation, by their ids.

Asked plainly, every partition would be looked into. The parent's row knows its first and last id and
how many lie between, so that a page is sought in a window of time that should hold it, and in wider
ones after that while rows are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlalchemy import Table

from tenantry.models.base import TenantRow, Walked, model_of

from .oneshot import columns_read, in_context
from .roles import SERVICE, TENANT_ROLES
from .statements import Statement, one_shot_call, readable

_PARAMETERS = "uuid, uuid, uuid, integer, boolean"
_VARIABLES = """
    total bigint;
    first_id uuid;
    last_id uuid;
    near uuid;
    far uuid;
    span bigint;
    width bigint;
    wanted integer := many;
    got integer;"""


@cache
def walk(model: type[TenantRow], reference: str) -> Statement:
    """A page: `$1` the tenant, `$2` the parent, `$3` the id to start beyond (or null), `$4` how
    many, `$5` whether the oldest come first."""
    call = one_shot_call(model, f"by_{reference.removesuffix('_id')}", 5)
    return Statement(call, (), {}, call)


def walks(table: Table) -> Iterator[str]:
    model = model_of(table)
    if issubclass(model, Walked) and issubclass(model, TenantRow):
        for reference, parent in model.__walks__.items():
            name = f"tenantry.{table.name}_by_{reference.removesuffix('_id')}"
            yield _walk(name, model, reference, parent)
            grantees = ", ".join((*TENANT_ROLES, SERVICE))
            yield f"GRANT EXECUTE ON FUNCTION {name}({_PARAMETERS}) TO {grantees}"


def _walk(name: str, model: type[TenantRow], reference: str, parent: str) -> str:
    names = ", ".join(f"m.{c.name}" for c in readable(model))

    def page(bounds: str, order: str) -> str:
        return f"""RETURN QUERY SELECT {names} FROM tenantry.{model.__tablename__} AS m
                WHERE m.tenant_id = $1 AND m.{reference} = $2 AND {bounds}
                ORDER BY m.id {order} LIMIT wanted"""

    body = f"""SELECT p.message_count, p.first_message_id, p.last_message_id INTO total, first_id, last_id
    FROM tenantry.{parent} AS p WHERE p.tenant_id = $1 AND p.id = $2;
    -- A third more than the time in which as many rows fall on average: each partition has its price.
    span := tenantry.milliseconds_of(last_id) - tenantry.milliseconds_of(first_id) + 1;
    width := least(span, span * 1.3 * many / total + 1);
    near := CASE WHEN oldest_first THEN greatest(first_id, beyond) ELSE least(last_id, beyond) END;
    WHILE wanted > 0 AND CASE WHEN oldest_first THEN near <= last_id ELSE near >= first_id END LOOP
        IF oldest_first THEN
            far := least(last_id, tenantry.uuid_of(tenantry.milliseconds_of(near) + width));
            {page("m.id >= near AND m.id <= far AND m.id IS DISTINCT FROM beyond", "ASC")};
            EXIT WHEN far >= last_id;
        ELSE
            far := greatest(first_id, tenantry.uuid_of(tenantry.milliseconds_of(near) - width));
            {page("m.id <= near AND m.id >= far AND m.id IS DISTINCT FROM beyond", "DESC")};
            EXIT WHEN far <= first_id;
        END IF;
        GET DIAGNOSTICS got = ROW_COUNT;
        wanted := wanted - got;
        near := far;
        beyond := far;
        width := least(span, width * 4);
    END LOOP;"""
    parameters = "tenant uuid, parent uuid, beyond uuid, many integer, oldest_first boolean"
    return in_context(name, parameters, columns_read(model), body, variables=_VARIABLES)
