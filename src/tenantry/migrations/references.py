"""Foreign keys of tenants' tables, held against the rows that were there before them.

PostgreSQL looks at those by a query of the tables' owner, to whom forced row security shows none: anything
would pass. The role that moves whole tenants sees them all, so it looks again, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from alembic import op
from sqlalchemy import text

from tenantry.errors import MigrationError
from tenantry.schema.roles import OWNER, TRANSFER

from .planning.rehearsal import REHEARSAL

_BEFORE: Final = """
    SELECT ARRAY(SELECT oid::bigint FROM pg_constraint WHERE contype = 'f' AND convalidated),
           ARRAY(SELECT oid::bigint FROM pg_class WHERE relkind IN ('r', 'p'))"""
#: New, or valid only now, of tables that were there; the others had no rows to look at.
_NEW: Final = """
    SELECT count(*) FROM pg_constraint
    WHERE contype = 'f' AND convalidated AND conparentid = 0 AND connamespace = to_regnamespace('tenantry')
      AND oid <> ALL (CAST(:constraints AS bigint[])) AND conrelid = ANY (CAST(:tables AS bigint[]))"""
_WHICH: Final = """
    SELECT r.name, r.child::text AS child, r.parent::text AS parent, r.given, r.equal
    FROM tenantry.tenant_references() AS r
    JOIN pg_constraint AS c ON c.conrelid = r.child AND c.conname = r.name AND c.convalidated
    WHERE c.oid <> ALL (CAST(:constraints AS bigint[])) AND c.conrelid = ANY (CAST(:tables AS bigint[]))
      AND has_table_privilege(r.child, 'SELECT') AND has_table_privilege(r.parent, 'SELECT')"""


@contextmanager
def checked_references() -> Iterator[None]:
    """`MigrationError` where a foreign key that came meanwhile does not hold for a row."""
    context = op.get_context()
    if context.as_sql or REHEARSAL in context.opts:
        yield
        return
    connection = op.get_bind()
    constraints, tables = connection.execute(text(_BEFORE)).one()
    known = {"constraints": constraints, "tables": tables}
    yield
    if not connection.execute(text(_NEW), known).scalar_one():
        return
    connection.exec_driver_sql(f"SET ROLE {TRANSFER}")
    broken = {}
    for key in connection.execute(text(_WHICH), known).all():
        rows = connection.exec_driver_sql(
            f"SELECT count(*) FROM {key.child} AS r WHERE {key.given}"
            f" AND NOT EXISTS (SELECT FROM {key.parent} AS p WHERE {key.equal})"
        ).scalar_one()
        if rows:
            broken[key.name] = f"{rows} rows of {key.child} refer to none of {key.parent}"
    connection.exec_driver_sql(f"SET ROLE {OWNER}")
    if broken:
        raise MigrationError(
            f"{'; '.join(broken.values())} of the same tenant.",
            hint="Mend or empty those rows first, then run the migration again.",
            constraints=sorted(broken),
        )
