"""A newcomer who follows a guide from top to bottom and does all that it shows, in its order.

| block | what the reader does |
|---|---|
| one whose first line is a comment with a file's name | saves it; a Python file is run too, at once or by a later command |
| `python` | types it into `python -m asyncio`, with what was typed before still there, and what the shell exports |
| `sh` | runs it in a shell that stays open; what is started with `&` goes on |
| `console` | runs each line after `$`, and compares what the page shows beneath it |
| `sql` | runs it as the database's administrator |
| `text` right after another | compares it with what that one printed |

In what a page shows, `…` stands for anything in a line, and a line of its own for any number of them.
A command ends with 0, unless the page says `# exit code 1` behind it. `tenantry prove` is asked to leave its
attacks out, which are tests of their own, unless TENANTRY_SOAK=1. A block that is none of these is
an error: what cannot be run is marked as a fragment, with the reason.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tenantry.local.processes import wait_until

from .blocks import Block, read

_CONSOLE = Path(__file__).with_name("console.py")
_BIN = Path(sys.executable).parent
_SHELL = shutil.which("bash") or "/bin/bash"
_EXIT = re.compile(r"\s+# exit code (\d)$")


class Reader:
    """Their folder, their shell and their Python, until the guide is read."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        administer: Callable[[str], str] | None = None,
        programs: Sequence[Path] = (),
    ) -> None:
        self.folder = folder
        own = {n: v for n, v in os.environ.items() if not n.startswith("TENANTRY_")}
        self.environment = {
            **own,
            "PATH": os.pathsep.join([*map(str, programs), str(_BIN), own["PATH"]]),
            "COLUMNS": "120",
            **environment,
        }
        self._administer = administer
        self._notes = folder.with_name(f"{folder.name}-notes")
        self._notes.mkdir()
        self._console: subprocess.Popen[str] | None = None
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console is not None:
            self._console.communicate(timeout=20)
        for shell in self._started:
            _end(shell.pid)
        if error is None and self._console is not None:
            assert self._console.returncode == 0
            assert (self._notes / "console").read_text() == ""

    def follow(self, page: Path) -> list[Block]:
        """Do all of it; returns the blocks that were done."""
        blocks = read(page)
        assert blocks, f"{page} shows nothing to do"
        printed = None
        for n, block in enumerate(blocks):
            if block.fragment is not None:
                printed = None
                continue
            if block.language == "text" and block.follows and printed is not None:
                compare(block.text, printed, block)
                continue
            printed = self._do(block, blocks[n + 1 :])
        return [block for block in blocks if block.fragment is None]

    def _do(self, block: Block, rest: Sequence[Block]) -> str:
        if block.file is not None:
            return self._save(block, block.file, rest)
        match block.language:
            case "python":
                return self._type(block)
            case "sh":
                return self._shell(block.text, block)
            case "console":
                return self._session(block)
            case "sql":
                assert self._administer, f"{block}: nobody administers the database here"
                return self._administer(block.text)
        raise AssertionError(f"{block}: nobody knows what to do with {block.language or 'this'!r}")

    def _save(self, block: Block, name: str, rest: Sequence[Block]) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        if path.suffix != ".py" or _is_run_by(name, rest):
            return ""
        return self._shell(f"python {name}", block)

    def _type(self, block: Block) -> str:
        if self._console is None:
            self._console = subprocess.Popen(
                [sys.executable, str(_CONSOLE)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                stderr=(self._notes / "console").open("w"),
                cwd=self.folder, env=self.environment,
            )  # fmt: skip
        console = self._console
        assert console.stdin is not None
        assert console.stdout is not None
        console.stdin.write(json.dumps([block.text, str(block), self.environment]) + "\n")
        console.stdin.flush()
        printed, error = json.loads(console.stdout.readline())
        assert not error, f"{block}:\n{printed}{error}"
        return str(printed)

    def _session(self, block: Block) -> str:
        commands: list[tuple[str, list[str]]] = []
        for line in block.text.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                assert commands, f"{block}: what is printed before the first command?"
                commands[-1][1].append(line)
        printed = ""
        for command, shown in commands:
            printed = self._shell(command, block)
            if shown:
                compare("\n".join(shown), printed, block)
        return printed

    def _shell(self, text: str, block: Block) -> str:
        """What it prints, on both ways; a newcomer sees them as one."""
        said = _EXIT.search(text)
        expected = int(said[1]) if said else 0
        if text == "tenantry prove" and os.environ.get("TENANTRY_SOAK") != "1":
            text += " --static"
        kept, output = self._notes / "environment", self._notes / "output"
        # What is exported stays for what comes next.
        script = f"trap 'env -0 > {kept}' EXIT\nset -e\n{text}\n"
        with output.open("wb") as file:
            shell = subprocess.Popen(
                [_SHELL, "-c", script], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
            self._started.append(shell)
            code = shell.wait(timeout=120)
        printed = output.read_text()
        output.rename(
            output.with_name(f"output-{len(self._started)}")
        )  # some may still write to it
        assert code == expected, f"{block}: {text}\nended with {code}:\n{printed}"
        pairs = (line.partition("=") for line in kept.read_text().split("\0") if line)
        self.environment = {name: value for name, _, value in pairs if name not in ("_", "SHLVL")}
        return printed


def _end(session: int) -> None:
    """What a shell left in the background is of its session."""
    with suppress(ProcessLookupError):
        os.killpg(session, signal.SIGTERM)
        if not wait_until(lambda: not _lives(session), timeout_s=3):
            os.killpg(session, signal.SIGKILL)


def _lives(session: int) -> bool:
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def _is_run_by(name: str, rest: Sequence[Block]) -> bool:
    """Whether something later runs the file, or imports the module that it is."""
    module = re.escape(name.removesuffix(".py").replace("/", "."))
    commands = re.compile(rf"(?<![\w./]){re.escape(name)}\b|(?<![\w.=]){module}(?![\w])")
    imports = re.compile(rf"^\s*(?:from|import) {module}\b", re.MULTILINE)
    seekers = {"sh": commands, "console": commands, "python": imports}
    return any(
        seekers[block.language].search(block.text)
        for block in rest
        if block.language in seekers and not block.fragment
    )


def compare(shown: str, printed: str, block: Block) -> None:
    """What the page shows is what was printed."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else _line(line) for line in _lines(shown)
    )
    found = "".join(f"{line}\n" for line in _lines(printed))
    assert re.fullmatch(pattern, found), f"{block} shows\n{shown}\nand there was\n{found}"


def _line(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("…"))) + r"\n"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
