"""Alembic environment, revisions, and the comparison of a database with the models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files


def head() -> str:
    """The newest revision of Tenantry's own schema. Does not import Alembic: `connect` asks this."""
    names = (f.name for f in files(__package__).joinpath("versions").iterdir())
    return max(n.split("_")[0] for n in names if re.match(r"\d{4}_.*\.py$", n))


def run(statements: Iterable[str]) -> None:
    """Run a revision's statements, as they are: nothing in them is a parameter."""
    from alembic import op
    from sqlalchemy import text

    for statement in statements:
        op.execute(text(re.sub(r"(?<![:\\]):(?=\w)", r"\:", statement)))
