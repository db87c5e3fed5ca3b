"""What `squawk` says of the statements: what no rehearsal on the database's side can see, as that
programs of the release before still use what goes. Asked where it is installed."""

from __future__ import annotations

import asyncio
import json
import shutil
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .statements import Statement

#: Its rules that are about programs, types and names. The rehearsal knows better which statement reads
#: or writes how much; and the runner sets the time limits.
ASKED: Final = frozenset(
    {
        "adding-required-field",
        "ban-char-field",
        "ban-drop-column",
        "ban-drop-database",
        "ban-drop-not-null",
        "ban-drop-table",
        "ban-truncate-cascade",
        "changing-column-type",
        "identifier-too-long",
        "prefer-timestamp-tz",
        "renaming-column",
        "renaming-table",
        "syntax-error",
    }
)


async def lint(
    revisions: Mapping[str, Sequence[Statement]],
) -> dict[tuple[str, int], list[str]] | None:
    """Remarks on each statement, by revision and number; None where no `squawk` answers."""
    program = shutil.which("squawk", path=sysconfig.get_path("scripts")) or shutil.which("squawk")
    if program is None:
        return None
    found: dict[tuple[str, int], list[str]] = {}
    for revision, statements in revisions.items():
        lines, texts = [0], ""
        for statement in statements:
            texts += statement.text.rstrip("; \n") + "\n;\n"
            lines.append(texts.count("\n"))
        remarks = await _ask(program, texts)
        if remarks is None:
            return None
        for remark in remarks:
            if remark.get("rule_name") in ASKED:
                number = sum(1 for line in lines if line <= int(str(remark["line"]))) - 1
                text = " ".join(
                    filter(None, (str(remark["message"]), str(remark.get("help") or "")))
                )
                found.setdefault((revision, number), []).append(f"{remark['rule_name']}: {text}")
    return found


async def _ask(program: str, text: str) -> list[dict[str, object]] | None:
    with tempfile.TemporaryDirectory(prefix="tenantry-plan-") as folder:
        file = Path(folder, "revision.sql")
        await asyncio.to_thread(file.write_text, text, "utf-8")
        process = await asyncio.create_subprocess_exec(
            program, "--reporter", "json", "--assume-in-transaction", str(file),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        out, _ = await process.communicate()
    try:
        answer = json.loads(out)
    except ValueError:
        return None
    return answer if isinstance(answer, list) else None
