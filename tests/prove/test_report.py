"""What a report says of a database whose objects are named to mislead its reader."""

from __future__ import annotations

import re
from dataclasses import replace

from tenantry.isolation.proof import prove
from tenantry.isolation.report import as_page
from tenantry.models import metadata
from tests.fixtures.database import Place

_NAME = "x\n## Nothing\n\n\\| all is well | <!-- [read](//x.y) `\x1b[2J\u202e"


async def test_no_name_becomes_a_part_of_the_page(proved: Place) -> None:
    made = f'CREATE TABLE tenantry."{_NAME}" (tenant_id uuid NOT NULL, id int)'
    proof = await prove(proved.url("superuser"), metadata, prepare=made, attacks=False)
    page = as_page(replace(proof, database=_NAME))
    assert any(_NAME in f.object for f in proof.findings)
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == ["# Tenant isolation of a database", "## Attacks", "## Exceptions"]
    told = [line for line in page.splitlines() if "all is well" in line]
    rows = [line for line in told if line.startswith("| ")]
    # A mark counts where no backslash stands before it that is not one itself.
    bare = [re.sub(r"\\.", "", line) for line in rows]
    assert rows and all(line.count("|") == 6 for line in bare)
    assert not any(mark in line for line in bare for mark in "<[")
    (database,) = (line for line in told if line.startswith("Database"))
    assert database.count("`") == 2
    assert not {"\x1b", "\u202e"} & {*page}
