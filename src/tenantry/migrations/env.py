"""What Alembic runs for every command; `runner.py` hands it the connection."""

from __future__ import annotations

from typing import Any

from alembic import context

from tenantry.migrations.backfilling import TELL
from tenantry.schema.catalog import VERSION_TABLE


def configure(**options: Any) -> None:
    context.configure(
        version_table=VERSION_TABLE,
        version_table_schema="tenantry",
        # A revision that fails takes nothing back of those before it, and leaves nothing behind.
        transaction_per_migration=True,
        **options,
    )


if context.is_offline_mode():
    # "named" leaves each % of a function's body as it is.
    configure(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"})
else:
    attributes = context.config.attributes
    configure(connection=attributes["connection"], **{TELL: attributes["tell"]})

with context.begin_transaction():
    context.run_migrations()
