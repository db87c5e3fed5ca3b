"""The README's example runs as printed."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import tenantry
from tests.fixtures.database import Place, make_tenant

_ROOT = Path(__file__).parents[1]


async def test_the_example_runs_as_printed(place: Place, tmp_path: Path) -> None:
    async with await tenantry.connect(settings=place.settings()) as db:
        await make_tenant(db, "acme")
    blocks = re.findall(r"```python\n(.*?)```", (_ROOT / "README.md").read_text(), re.DOTALL)
    example = tmp_path / "example.py"
    example.write_text(blocks[0])
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(example)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={
            **os.environ,
            "TENANTRY_DATABASE_URL": place.url("app"),
            "TENANTRY_SERVICE_URL": place.url("service"),
        },
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "name='Apollo'" in run.stdout
    assert run.stderr == ""


def test_every_page_it_points_to_is_there() -> None:
    pages = re.findall(r"\]\(([\w./-]+\.md)\)", (_ROOT / "README.md").read_text())
    assert pages
    assert [p for p in pages if not (_ROOT / p).exists()] == []
