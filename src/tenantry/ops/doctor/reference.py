"""The table of every check, for docs/doctor.md."""

from __future__ import annotations

from .checks import CHECKS


def reference() -> str:
    """Every check as Markdown, generated from what the doctor runs."""
    rows = ["| Check | Finds | Why it matters | What mends it |", "|---|---|---|---|"]
    for check in CHECKS:
        about = check.about + (" (with `--production`)" if check.production else "")
        rows.append(f"| `{check.name}` | {about} | {check.why} | {check.mend} |")
    return "\n".join(rows)
