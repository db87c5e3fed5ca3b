"""What must hold before a program works with a database."""

from __future__ import annotations

from tenantry import migrations
from tenantry.config import InvalidSettings, Problem, RoleFacts, Settings, role_problems
from tenantry.coordination import Coordination
from tenantry.coordination.fitness import look
from tenantry.errors import ConfigurationError, SchemaBehind
from tenantry.kernel.context import Context
from tenantry.kernel.oneshot import OneShot
from tenantry.kernel.pool import Pool
from tenantry.schema.catalog import VERSION_TABLE
from tenantry.schema.sealing import IS_SEALED

_REVISIONS = OneShot(f"SELECT version_num FROM tenantry.{VERSION_TABLE}", silent=True)  # noqa: S608
_INSTALLED = OneShot(f"SELECT to_regclass('tenantry.{VERSION_TABLE}') IS NOT NULL", silent=True)
_ROLE = OneShot(
    "SELECT r.rolname AS name, r.rolsuper AS superuser, r.rolbypassrls AS bypasses_rls,"
    " r.rolcreaterole AS creates_roles, EXISTS (SELECT FROM pg_class AS c"
    " WHERE c.relnamespace = to_regnamespace('tenantry') AND pg_has_role(c.relowner, 'MEMBER'))"
    " AS owns_tables"
    " FROM pg_roles AS r WHERE r.rolname = current_user"
)
_KIND = OneShot(
    f"SELECT ({IS_SEALED}) AS sealed,"  # noqa: S608
    " EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS distributed"
)
_NOBODY = Context()


async def revisions(pool: Pool) -> frozenset[str]:
    """The newest applied revision of each branch."""
    if not await _INSTALLED.fetch_value(pool, _NOBODY):
        return frozenset()
    return frozenset(row[0] for row in await _REVISIONS.fetch(pool, _NOBODY))


async def require(settings: Settings, pool: Pool, coordination: Coordination) -> None:
    """Raise what is wrong; and tell the pool whether the database is a distributed one."""
    if settings.profile == "production":
        (role,) = await _ROLE.fetch(pool, _NOBODY)
        problems = [*role_problems(RoleFacts(**dict(role))), *await _store_problems(coordination)]
        if problems:
            raise InvalidSettings(problems)
    if settings.migrate != "off":
        current, head = migrations.newest(await revisions(pool)), migrations.head()
        if current is None or current < head:
            raise SchemaBehind(
                f"The database is at revision {current or 'none'}, and this program needs {head}.",
                hint="Run `tenantry migrate up` with the owner's URL.",
                current=current or "",
                head=head,
            )
    # Also where the schema is nobody's business here: it is what isolation stands on.
    ((sealed, pool.distributed),) = await _KIND.fetch(pool, _NOBODY)
    if sealed != (settings.context == "sealed"):
        kinds = ("sealed", "plain") if sealed else ("plain", "sealed")
        raise ConfigurationError(
            f"The database asks for {kinds[0]} contexts, and TENANTRY_CONTEXT is {kinds[1]}.",
            setting="context",
            hint="Set TENANTRY_CONTEXT=sealed and the TENANTRY_SEAL_KEYS of this database."
            if sealed
            else "Run `tenantry migrate up` with the owner's URL and these settings.",
        )


async def _store_problems(coordination: Coordination) -> list[Problem]:
    """Of Redis or Valkey, where there is one. One that is away is for `health` to tell."""
    if coordination.settings.redis_url is None:
        return []
    return [
        Problem(f"{one.store}_url", fault.detail, fault.remedy)
        for one in await look(coordination)
        for fault in one.faults
        if fault.serious
    ]
