"""docs/metrics.md says what is so."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

import tenantry
from tenantry.cli.app import parser
from tenantry.observing.metrics import PROGRAM, SERVER, table
from tenantry.ops.config import alerts
from tests.fixtures.database import Place, make_tenant

from .conftest import Traced, attributes

PAGE = (Path(__file__).parents[2] / "docs/metrics.md").read_text("utf-8")


@pytest.mark.postgres("wheel")
async def test_the_examples_run(
    place: Place, monkeypatch: pytest.MonkeyPatch, traced: Traced
) -> None:
    registry = CollectorRegistry()
    monkeypatch.setattr("prometheus_client.REGISTRY", registry)
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", traced.provider)
    for name, role in (("DATABASE", "app"), ("SERVICE", "service")):
        monkeypatch.setenv(f"TENANTRY_{name}_URL", place.url(role))
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        code = compile(block, "metrics.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running: Any = eval(code, names)  # noqa: S307 - our own page
        if running is not None:
            await running
    db: tenantry.Database = names["db"]
    tenant = (await make_tenant(db, "acme")).id
    traced.clear()
    await db.tenant(tenant).fetch("SELECT 1")
    await db.close()
    at = {"kind": "statement", "role": "app", "server": "primary", "outcome": "ok"}
    assert registry.get_sample_value("tenantry_operation_seconds_count", at) == 1
    assert [span.name for span in traced.spans] == ["SELECT", "transaction"]
    for name in (name for span in traced.spans for name in attributes(span)):
        assert name in PAGE or name.startswith("server.")


def test_its_commands_are_commands() -> None:
    lines = [
        shlex.split(line.partition("#")[0])[2:]
        for line in re.findall(r"^\$ tenantry .*$", PAGE, re.MULTILINE)
    ]
    assert len(lines) >= 3
    for line in lines:
        command, words = parser(), list(line)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        with command.make_context("tenantry", words):
            pass


@pytest.mark.parametrize(
    ("part", "made"),
    [("program", table(PROGRAM)), ("server", table(SERVER)), ("alerts", alerts.table())],
)
def test_its_tables_are_those_of_the_code(part: str, made: str) -> None:
    written = PAGE.partition(f"<!-- generated: {part} -->\n")[2].partition("<!-- end -->")[0]
    assert written.strip() == made, "run: make docs"
