"""Alembic environment, revisions, and the comparison of a database with the models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backfilling import Filled


def revisions() -> tuple[str, ...]:
    """Those of Tenantry's own schema, oldest first. Does not import Alembic: `connect` asks this."""
    names = (f.name for f in files(__package__).joinpath("versions").iterdir())
    return tuple(sorted(n.split("_")[0] for n in names if re.match(r"\d{4}_.*\.py$", n)))


def head() -> str:
    """The newest of them."""
    return revisions()[-1]


def newest(applied: Iterable[str]) -> str | None:
    """The newest of them that a database has."""
    return max((name for name in applied if name.isdigit()), default=None)


def run(statements: Iterable[str]) -> None:
    """Run a revision's statements, as they are: nothing in them is a parameter. Foreign keys that they
    add are held against the rows of all tenants: see `references.py`."""
    from alembic import op
    from sqlalchemy import text

    from .references import checked_references

    with checked_references():
        for statement in statements:
            op.execute(text(re.sub(r"(?<![:\\]):(?=\w)", r"\:", statement)))


def build_indexes(statements: Iterable[str]) -> None:
    """Build indexes while their tables are written to: see `indexes.py`."""
    from .indexes import build_indexes

    build_indexes(statements)


def backfill(table: str, set: str, where: str = "true", **options: Any) -> Filled:
    """Change the rows of a big table in batches that resume: see `backfilling.py`."""
    from .backfilling import backfill

    return backfill(table, set, where, **options)
