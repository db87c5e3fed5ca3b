from __future__ import annotations

from pathlib import Path

from tenantry.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_what_the_commands_say() -> None:
    generated = PAGE.read_text("utf-8").partition("<!-- generated: cli -->")[2]
    assert generated.partition("<!-- end -->")[0].strip() == reference().strip(), "run: make docs"
