"""What is examined: which tables hold tenants' rows, and which roles must see only some of them.

In a database of ours the roles and tables are known. In another, the tenant's column is found by its
name and the application's roles by what they are granted, unless the caller says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import MetaData, Table

from tenantry.errors import InvalidInput
from tenantry.models.base import AppendOnly, Base, model_of
from tenantry.schema.access import insertable, updatable
from tenantry.schema.catalog import VERSION_TABLE
from tenantry.schema.graph import ENTRANCES
from tenantry.schema.roles import APP, DEFINERS, OWNER, READONLY, SERVICE, TENANT_ROLES
from tenantry.schema.sealing import IS_SEALED

#: Names of the tenant's column, the likeliest first.
TENANT_COLUMNS = (
    "tenant_id", "organization_id", "organisation_id", "org_id", "account_id", "workspace_id",
    "company_id", "customer_id", "team_id",
)  # fmt: skip
#: The settings that the kernel carries a context in.
OUR_SETTINGS = ("app.tenant_id", "app.user_id", "app.actor", "app.seal")


class Connection(Protocol):
    async def fetch(self, query: str, /, *args: object) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A table with rows of tenants, or a partition of one."""

    oid: int
    schema: str
    name: str
    #: The column that tells the tenant, and its number.
    column: str
    attnum: int
    is_partition: bool

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A database, as far as its isolation goes."""

    #: Whether Tenantry made it, so that its models say what should be there.
    installed: bool
    schemas: tuple[str, ...]
    tables: tuple[TenantTable, ...]
    #: The roles that work for one tenant at a time.
    roles: tuple[str, ...]
    #: Those that work across tenants by design, and must not be able to do more.
    service_roles: tuple[str, ...]
    #: The setting that tells the tenant, and every setting a policy may read.
    setting: str
    settings: tuple[str, ...]
    metadata: MetaData | None = field(repr=False)
    #: Whether it asks for contexts under a seal.
    sealed: bool = False

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What every check is given."""
        return (
            [table.oid for table in self.tables],
            [table.attnum for table in self.tables],
            [*self.roles],
            [*self.service_roles],
            [*self.schemas],
            json.dumps(self._facts()),
        )

    def models(self) -> Iterable[tuple[Table, type[Base]]]:
        for table in self.metadata.sorted_tables if self.metadata is not None else ():
            yield table, model_of(table)

    def _facts(self) -> dict[str, Any]:
        models = list(self.models())
        return {
            "installed": self.installed,
            "sealed": self.sealed,
            "settings": list(self.settings),
            "owner": OWNER if self.installed else None,
            "known_tables": [VERSION_TABLE] if self.installed else [],
            "append_only": [t.name for t, model in models if issubclass(model, AppendOnly)],
            "graph_entrances": [name.partition("(")[0] for name in ENTRANCES],
            "privileges": {table.name: _privileges(table) for table, _ in models},
        }


def _privileges(table: Table) -> dict[str, dict[str, list[str]]]:
    """Privilege -> role -> columns that the model means it to have."""
    access = model_of(table).__access__
    every = [c.name for c in table.columns]
    public = [c.name for c in table.columns if not c.info.get("secret")]

    def chosen(allowed: bool | tuple[str, ...], default: Sequence[str]) -> list[str]:
        return list(allowed) if isinstance(allowed, tuple) else list(default) if allowed else []

    read = public if access.select else []
    service = {p: {SERVICE: every} for p in access.service if p != "DELETE"}
    granted: dict[str, dict[str, list[str]]] = {
        "SELECT": {APP: read, READONLY: read},
        "INSERT": {APP: chosen(access.insert, insertable(table))},
        "UPDATE": {APP: chosen(access.update, updatable(table))},
        # Of a whole row; any word stands for it.
        "DELETE": {APP: every if access.delete else []},
    }
    for privilege, roles in service.items():
        granted[privilege] |= roles
    if "DELETE" in access.service:
        granted["DELETE"][SERVICE] = every
    return granted


async def recognise(
    connection: Connection,
    metadata: MetaData,
    *,
    tenant_column: str | None = None,
    roles: Sequence[str] = (),
    schemas: Sequence[str] = (),
    setting: str | None = None,
) -> Subject:
    """Find out what there is to examine; what the caller says goes first."""
    (facts,) = await connection.fetch(_INSTALLED, VERSION_TABLE)
    installed: bool = facts["installed"]
    found_schemas = [row["nspname"] for row in await connection.fetch(_SCHEMAS)]
    if unknown := set(schemas) - set(found_schemas):
        raise InvalidInput(f"There is no schema {min(unknown)} with tables in it.", field="schema")
    chosen = tuple(schemas or found_schemas)
    column = tenant_column or (
        "tenant_id" if installed else await _tenant_column(connection, chosen)
    )
    tables = tuple(
        TenantTable(**row) for row in await connection.fetch(_TABLES, list(chosen), column)
    )
    oids = [table.oid for table in tables]
    service = (SERVICE,) if installed else ()
    if roles:
        known = [row["rolname"] for row in await connection.fetch(_ROLES, list(roles))]
        if unknown := set(roles) - set(known):
            raise InvalidInput(f"There is no role {min(unknown)}.", field="role")
        examined = tuple(roles)
    else:
        ours = (*TENANT_ROLES, *service, *DEFINERS, OWNER) if installed else ()
        others = [r["rolname"] for r in await connection.fetch(_GRANTEES, oids, list(ours))]
        examined = (*(TENANT_ROLES if installed else ()), *others)
    found = setting or ("app.tenant_id" if installed else await _setting(connection, oids))
    settings = OUR_SETTINGS if installed else tuple(filter(None, [found]))
    return Subject(
        installed, chosen, tables, examined, service, found or "", settings,
        metadata if installed else None,
        sealed=bool(installed and (await connection.fetch(IS_SEALED))[0][0]),
    )  # fmt: skip


async def _tenant_column(connection: Connection, schemas: Sequence[str]) -> str:
    rows = await connection.fetch(_COLUMNS, list(schemas), list(TENANT_COLUMNS))
    if not rows:
        raise InvalidInput(
            "No table has a column that looks like a tenant's.",
            field="tenant_column",
            hint="Name it with --tenant-column.",
        )
    return str(rows[0]["attname"])


async def _setting(connection: Connection, oids: Sequence[int]) -> str | None:
    """The setting most policies read, themselves or through a function."""
    texts = await connection.fetch(_POLICY_TEXTS, list(oids))
    names: dict[str, int] = {}
    for row in texts:
        for name in set(re.findall(r"current_setting\('([^']+)'", row["text"])):
            names[name] = names.get(name, 0) + 1
    return max(names, key=lambda name: names[name], default=None)


_INSTALLED = "SELECT to_regclass('tenantry.' || $1::text) IS NOT NULL AS installed"

_SCHEMAS = """
    SELECT n.nspname FROM pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'ag_catalog')
      -- Graphs have checks of their own; there may be thousands, of twenty tables each.
      AND NOT (n.nspname ~ '^tg_[0-9a-f]{32}$' AND pg_get_userbyid(n.nspowner) = 'tenantry_graph')
      AND EXISTS (
        SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                          AND d.objid = c.oid AND d.deptype = 'e'))
    ORDER BY n.nspname"""

_COLUMNS = """
    SELECT a.attname FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = ANY ($1)
    WHERE a.attname = ANY ($2) AND NOT a.attisdropped
    GROUP BY a.attname ORDER BY count(*) DESC, array_position($2, a.attname::text) LIMIT 1"""

# The table of the tenants themselves tells them by the column that the others refer to.
_TABLES = """
    WITH of_tenants AS (
        SELECT c.oid, a.attname, a.attnum FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = ANY ($1)
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p')
    ), all_of_them AS (
        SELECT * FROM of_tenants
        UNION
        SELECT k.confrelid, a.attname, a.attnum FROM pg_constraint AS k
        JOIN of_tenants AS t ON t.oid = k.conrelid AND k.conkey = ARRAY[t.attnum]
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = k.confkey[1]
        WHERE k.contype = 'f' AND k.confrelid NOT IN (SELECT oid FROM of_tenants)
    )
    SELECT t.oid, n.nspname AS schema, c.relname AS name, t.attname AS column, t.attnum,
           c.relispartition AS is_partition
    FROM all_of_them AS t JOIN pg_class AS c ON c.oid = t.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace ORDER BY n.nspname, c.relname"""

_ROLES = "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)"

# Whoever logs in and is granted something of a tenant's: by name, through a group, or as everybody.
# The tables' owner and superusers are administrators, unless they are all there is.
_GRANTEES = """
    SELECT r.rolname FROM pg_roles AS r
    WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> ALL ($2) AND r.rolname !~ '^pg_'
      AND EXISTS (
        SELECT FROM unnest($1::oid[]) AS t (oid)
        WHERE has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE')
           OR has_table_privilege(r.oid, t.oid, 'DELETE, TRUNCATE'))
      AND NOT EXISTS (
        SELECT FROM pg_class AS c WHERE c.oid = ANY ($1) AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
    ORDER BY r.rolname"""

_POLICY_TEXTS = """
    SELECT concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
                     (SELECT string_agg(pg_get_functiondef(d.refobjid), ' ') FROM pg_depend AS d
                      JOIN pg_proc AS f ON f.oid = d.refobjid AND f.prokind = 'f'
                      WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                        AND d.refclassid = 'pg_proc'::regclass)) AS text
    FROM pg_policy AS p WHERE p.polrelid = ANY ($1)"""
