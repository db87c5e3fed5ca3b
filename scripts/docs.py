"""Write the generated parts of docs/ again: what stands between two `generated` marks."""

from __future__ import annotations

import re
from pathlib import Path

from tenantry.config import reference

DOCS = Path(__file__).parent.parent / "docs"
GENERATED = {"settings": reference}


def main() -> None:
    """Rewrite each part in the file of its name."""
    for name, write in GENERATED.items():
        page = DOCS / f"{name}.md"
        marks = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
        text = re.sub(
            marks,
            lambda m, write=write: f"{m[1]}\n{write()}\n{m[2]}",
            page.read_text("utf-8"),
            flags=re.DOTALL,
        )
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
