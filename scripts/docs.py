"""Write the generated parts of docs/ again: what stands between two `generated` marks."""

from __future__ import annotations

from pathlib import Path

from tenantry.cli.reference import reference as commands
from tenantry.config import reference as settings
from tenantry.models import metadata
from tenantry.schema.reference import describe, markdown

DOCS = Path(__file__).parent.parent / "docs"
GENERATED = {"cli": commands, "schema": lambda: markdown(describe(metadata)), "settings": settings}


def main() -> None:
    """Rewrite each part in the page of its name."""
    for name, write in GENERATED.items():
        page = DOCS / f"{name}.md"
        before, mark, rest = page.read_text("utf-8").partition(f"<!-- generated: {name} -->\n")
        after = rest.partition("<!-- end -->")[2]
        page.write_text(f"{before}{mark}\n{write()}\n<!-- end -->{after}", "utf-8")


if __name__ == "__main__":
    main()
