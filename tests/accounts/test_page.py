"""docs/accounts.md says what is so: its examples run one after the other."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from tenantry import Database
from tenantry.accounts import attempts, invitations
from tenantry.accounts.accounts import Accounts

_TEXT = (Path(__file__).parents[2] / "docs/accounts.md").read_text("utf-8")


async def test_the_examples_run_as_printed(shared: Database) -> None:
    blocks = re.findall(r"```python\n(.*?)```", _TEXT, re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, Any] = {"db": shared}
    code = textwrap.indent("\n".join(blocks), "    ")
    exec(f"async def example():\n{code}\n    return locals()\n", names)  # noqa: S102 - it is ours
    found = await names["example"]()
    assert found["offer"].role == "manager"
    assert await shared.user_session(found["begun"].token)
    left = await shared.tenant(found["ann"].memberships[0].tenant_id).memberships.list()
    assert [m.user_id for m in left] == [found["ann"].user_id]


def test_the_page_names_every_call_and_reason() -> None:
    calls = {name for name in dir(Accounts) if not name.startswith("_")}
    assert [c for c in calls if c not in _TEXT] == []
    assert [r for r in invitations._SAYS if f"`{r}`" not in _TEXT] == []
    assert attempts.ALLOWED == 5
    assert attempts.LONGEST_LOCK_S == 15 * 60
