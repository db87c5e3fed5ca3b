"""What holds for every command: help, errors, codes, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenantry import errors
from tenantry.cli import exits, main
from tenantry.cli.app import parser

from .helpers import Cli, command


@pytest.fixture
def bare(project: Path) -> Cli:
    return Cli(project)


def test_help_is_quick_and_lists_every_command(bare: Cli) -> None:
    started = time.perf_counter()
    text = bare.process("--help").out
    # Far above what it takes, far below what importing SQLAlchemy would.
    assert time.perf_counter() - started < 2
    assert set(parser().commands) <= set(text.split())
    assert bare("tenant", "-h").out.startswith("Usage: tenantry tenant")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from tenantry.cli import main; main(['--help']);"
        "print(sorted({'sqlalchemy', 'alembic', 'asyncpg', 'rich'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.endswith("[]\n")


def test_every_command_has_json_and_a_word_of_help() -> None:
    def leaves(group: object, path: str) -> list[tuple[str, object]]:
        below = getattr(group, "commands", None)
        if below is None:
            return [(path, group)]
        return [leaf for name, one in below.items() for leaf in leaves(one, f"{path} {name}")]

    found = leaves(parser(), "tenantry")
    assert len(found) > 25
    for path, leaf in found:
        assert getattr(leaf, "help", None), path
        options = [o for p in getattr(leaf, "params", []) for o in p.opts]
        assert ("--json" in options) is not path.endswith(" psql"), path


def test_version(bare: Cli) -> None:
    assert bare("version").out.startswith("tenantry 0.")
    assert set(bare.json("version")) == {"version", "schema", "python"}


def test_usage_errors(bare: Cli) -> None:
    assert "No such command" in bare("fly", code=2).err
    assert bare.json("fly", code=2)["error"] == "usage"
    assert "No such option" in bare("status", "--fly", code=2).err
    assert bare("tenant", code=2).err.startswith("Usage:")


def test_no_traceback_unless_asked_for(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr("platform.python_version", broken)
    said = bare("version", code=exits.INTERNAL)
    assert "RuntimeError" in said.err
    assert "secret" not in said.err
    assert "TENANTRY_DEBUG=1" in said.err
    assert bare.json("version", code=exits.INTERNAL)["error"] == "internal"
    monkeypatch.setenv("TENANTRY_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["version"])


def test_a_mistyped_variable_is_a_warning(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_POOL_MAXX", "3")
    said = bare("down")
    assert said.err.startswith("Warning: TENANTRY_POOL_MAXX is no setting")
    assert said.out == "Nothing was running.\n"


def test_a_faulty_setting(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_POOL_MAX", "many")
    error = bare.json("status", code=3)
    assert error["setting"] == "pool_max"


def test_a_reader_that_goes_away(bare: Cli) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", f"{' '.join(command('migrate', 'sql'))}; echo $? >code"], check=True,
        stdout=_closed_pipe(), stderr=subprocess.PIPE, text=True, cwd=bare.folder,
    )  # fmt: skip
    assert ran.stderr == ""
    assert (bare.folder / "code").read_text() == "141\n"


def _closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def test_every_error_has_an_exit_code() -> None:
    def all_below(kind: type[errors.TenantryError]) -> set[type[errors.TenantryError]]:
        return {kind}.union(*map(all_below, kind.__subclasses__()))

    for kind in all_below(errors.TenantryError):
        assert exits.code_of(kind._bare("", "", {})) in exits.MEANING


def test_the_module_runs_too(bare: Cli) -> None:
    assert bare.process("version").out == bare("version").out
