"""Running `tenantry`: in this process where that is enough, as a real one where it is not."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tenantry.cli import main

#: What it is asked for is a secret.
_TELLING = ("url", "key")


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """`cli("tenant", "list")`. Checks, for every command, what holds for all."""

    folder: Path
    #: Passwords that no output may contain.
    secrets: Sequence[str] = ()

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> Result:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", io.StringIO(stdin)):
            found = main(list(arguments))
        return self._checked(arguments, Result(found, out.getvalue(), err.getvalue()), code)

    def json(self, *arguments: str, code: int = 0, stdin: str = "") -> Any:
        return self(*arguments, "--json", code=code, stdin=stdin).json

    def process(self, *arguments: str, code: int = 0, **environment: str) -> Result:
        """A process of its own, as a shell starts it."""
        ran = subprocess.run(
            command(*arguments), check=False, capture_output=True, text=True, cwd=self.folder,
            env={**os.environ, **environment}, stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        return self._checked(arguments, Result(ran.returncode, ran.stdout, ran.stderr), code)

    def _checked(self, arguments: Sequence[str], result: Result, code: int) -> Result:
        said = result.out + result.err
        assert result.code == code, f"{arguments}: {result}"
        assert "Traceback" not in said
        if "--json" in arguments:
            json.loads(result.out)
            assert not result.err
        if arguments[0] not in _TELLING:
            assert not [secret for secret in self.secrets if secret in said]
        return result


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tenantry", *arguments]


@contextmanager
def terminal(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process at a terminal of its own, and our end of that terminal."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"}, start_new_session=True,
        ) as process:  # fmt: skip
            os.close(theirs)
            try:
                yield process, ours
                process.wait(20)
            finally:
                process.kill()
    finally:
        os.close(ours)


def read_until(descriptor: int, words: str) -> str:
    """What the terminal shows up to these words, or up to the end."""
    seen = b""
    while words.encode() not in seen:
        if not select.select([descriptor], [], [], 20)[0]:
            raise TimeoutError(f"waited for {words!r}, saw {seen!r}")
        try:
            part = os.read(descriptor, 4096)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        seen += part
    return seen.decode(errors="replace")
