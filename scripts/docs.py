"""Write the generated parts of docs/ again: what stands between two `generated` marks."""

from __future__ import annotations

from pathlib import Path

from tenantry.cli.reference import reference as commands
from tenantry.config import reference as settings
from tenantry.graph import reference as graph
from tenantry.isolation.mutations import table as mutations
from tenantry.models import metadata
from tenantry.observing.metrics import PROGRAM, SERVER, table
from tenantry.ops.config import alerts
from tenantry.ops.doctor.reference import reference as doctor
from tenantry.schema.reference import describe, markdown

DOCS = Path(__file__).parent.parent / "docs"
#: Page, what is between its marks, and who writes it.
GENERATED = (
    ("cli", "cli", commands),
    ("doctor", "checks", doctor),
    ("graph", "elements", graph.elements),
    ("graph", "builtin", graph.builtin),
    ("graph", "grammar", graph.grammar),
    ("isolation", "mutations", mutations),
    ("metrics", "program", lambda: table(PROGRAM)),
    ("metrics", "server", lambda: table(SERVER)),
    ("metrics", "alerts", alerts.table),
    ("schema", "schema", lambda: markdown(describe(metadata))),
    ("settings", "settings", settings),
)


def main() -> None:
    """Rewrite each part in the page of its name."""
    for name, part, write in GENERATED:
        page = DOCS / f"{name}.md"
        before, mark, rest = page.read_text("utf-8").partition(f"<!-- generated: {part} -->\n")
        after = rest.partition("<!-- end -->")[2]
        page.write_text(f"{before}{mark}\n{write()}\n<!-- end -->{after}", "utf-8")


if __name__ == "__main__":
    main()
