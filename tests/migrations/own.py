"""An application's own models, for the time of a test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from uuid import uuid4

from tenantry.models import metadata

INVOICES = """
from uuid import UUID

from sqlalchemy.orm import Mapped

from tenantry import Audited, TenantScoped, column, reference, unique, words
from typing import Literal

Status = Literal["draft", "sent", "paid"]


class Invoice(TenantScoped, Audited):
    __tablename__ = "invoices"
    __table_args__ = (unique("number"),)

    number: Mapped[str] = column(check="length(number) <= 20")
    status: Mapped[Status] = column(words(Status), default="draft")
    cents: Mapped[int] = column(default=0)
    project_id: Mapped[UUID | None] = reference("projects", on_delete="set null", default=None)


class InvoiceLine(TenantScoped):
    __tablename__ = "invoice_lines"

    invoice_id: Mapped[UUID] = reference("invoices")
    text: Mapped[str] = column()
"""


@contextmanager
def own_models(source: str = INVOICES) -> Iterator[ModuleType]:
    """A module made from `source`; its tables are part of the schema while the block lasts."""
    name = f"own_models_{uuid4().hex[:8]}"
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    known = set(metadata.tables)
    sys.modules[name] = module
    try:
        exec(compile(source, name, "exec"), module.__dict__)  # noqa: S102 - the test's own text
        yield module
    finally:
        for table in set(metadata.tables) - known:
            metadata.remove(metadata.tables[table])
        del sys.modules[name]
