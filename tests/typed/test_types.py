"""Completions and checks in a user's editor stay right: mypy reads sample code as a user would."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_SAMPLE = Path(__file__).with_name("sample.py")


def test_mypy_accepts_what_is_right_and_refuses_what_is_not() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent", str(_SAMPLE)],
        capture_output=True, text=True, check=False, cwd=_SAMPLE.parents[2],
    )  # fmt: skip
    found = {
        (int(line), code)
        for line, code in re.findall(r"sample\.py:(\d+): error: .*\[([\w-]+)\]", run.stdout)
    }
    expected = {
        (number, code)
        for number, text in enumerate(_SAMPLE.read_text().splitlines(), 1)
        for code in re.findall(r"# error: ([\w-]+)$", text)
    }
    assert expected
    assert found == expected, run.stdout + run.stderr
