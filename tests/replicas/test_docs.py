"""The page's examples run as printed."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from tenantry import Database
from tenantry.models import Tenant

_PAGE = Path(__file__).parents[2] / "docs/replicas.md"


async def test_the_examples_run_as_printed(db: Database, acme: Tenant) -> None:
    blocks = re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        names: dict[str, Any] = {"db": db, "tenant_id": acme.id}
        code = f"async def example():\n{textwrap.indent(block, '    ')}    return locals()\n"
        exec(code, names)  # noqa: S102 - it is ours
        found = await names["example"]()
    assert found["project"].name == "Apollo"
