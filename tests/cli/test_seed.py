"""`tenantry seed`, as it is typed; what it loads is tested in `tests/ops`."""

from __future__ import annotations

from .helpers import Cli


def test_the_command(cli: Cli) -> None:
    assert cli("seed", "--as-of", "2026-03-01").out == (
        "Created 10 users, 2 tenants, 6 projects, 26 desks, 290 tasks, 822 messages,"
        " 6,307 rows about them. It is as of 2026-03-01.\n"
    )
    assert cli("seed").out == "The demo is there already. It is as of 2026-03-01.\n"
    assert cli.json("seed", "--as-of", "2026-03-01")["as_of"] == "2026-03-01"
    assert cli.json("seed", "--as-of", "2026-03-02", code=2)["field"] == "as_of"
    for wrong in ("soon", "1066-10-14", "2026-02-30"):
        cli("seed", "--as-of", wrong, code=2)
