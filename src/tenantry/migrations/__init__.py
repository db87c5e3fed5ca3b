"""Alembic environment, revisions, and the comparison of a database with the models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files


def revisions() -> tuple[str, ...]:
    """Those of Tenantry's own schema, oldest first. Does not import Alembic: `connect` asks this."""
    names = (f.name for f in files(__package__).joinpath("versions").iterdir())
    return tuple(sorted(n.split("_")[0] for n in names if re.match(r"\d{4}_.*\.py$", n)))


def head() -> str:
    """The newest of them."""
    return revisions()[-1]


def run(statements: Iterable[str]) -> None:
    """Run a revision's statements, as they are: nothing in them is a parameter."""
    from alembic import op
    from sqlalchemy import text

    for statement in statements:
        op.execute(text(re.sub(r"(?<![:\\]):(?=\w)", r"\:", statement)))
