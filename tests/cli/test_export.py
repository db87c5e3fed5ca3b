from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tenantry.cli import exits
from tenantry.models import metadata
from tenantry.schema.reference import describe, markdown, mermaid

from .helpers import Cli

#: What is tested here is our own program's; the servers' differences are tested elsewhere.
pytestmark = pytest.mark.postgres("wheel")

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def offline(project: Path) -> Cli:
    """It asks no server."""
    return Cli(project)


def test_the_page_is_what_the_models_mean() -> None:
    assert markdown(describe(metadata)).strip() in (DOCS / "schema.md").read_text(), "run make docs"


def test_every_table_column_rule_and_function_is_told(offline: Cli) -> None:
    page = offline("export", "schema").out
    for table in metadata.tables.values():
        assert f"### {table.name}\n" in page
        usual = {"tenant_id", "id", "created_at", "updated_at"}
        assert all(f"| `{c.name}` |" in page for c in table.columns if c.name not in usual)
        assert all(f"| `{i.name}` |" in page for i in table.indexes)
    assert "`govern_task`, before insert or update" in page
    assert "| `search_tasks(text, integer)` | app, readonly, service |" in page
    assert "* `desk_performance`, one row for each tenant_id, desk_id" in page


def test_every_table_says_what_it_is_for() -> None:
    tables = [table for group in describe(metadata).groups for table in group.tables]
    assert [t.name for t in tables if not t.purpose] == []
    assert {i.serves for t in tables for i in t.indexes} & {"", "by "} == set()


def test_facts_of_a_column(offline: Cli) -> None:
    groups = json.loads(offline("export", "schema", "--format", "json").out)["groups"]
    (tasks,) = [t for g in groups for t in g["tables"] if t["name"] == "tasks"]
    columns = {c["name"]: c for c in tasks["columns"]}
    assert columns["priority"]["words"] == ["critical", "high", "medium", "low"]
    assert columns["priority"]["default"] == "medium"
    assert columns["project_id"]["references"] == "projects.id"
    assert columns["creator_id"]["on_delete"] == "set null"
    assert columns["state_category"]["kept"]
    assert columns["metadata"]["default"] == "{}"
    assert offline.json("export", "schema")["groups"] == groups


def test_diagrams_name_only_tables_that_there_are(offline: Cli) -> None:
    drawn = offline("export", "schema", "--format", "mermaid").out
    assert drawn.strip() == mermaid(describe(metadata))
    known = {table.name for table in metadata.tables.values()}
    relation = re.compile(r'    (\w+) (?:\|\||\|o)--(?:o\||o\{) (\w+) : "\w+"')
    for line in drawn.splitlines():
        if "--" in line and not line.startswith("---"):
            match = relation.fullmatch(line)
            assert match, line
            assert {match[1], match[2]} <= known
    assert '    projects |o--o{ tasks : "project_id"' in drawn
    assert '    tenants ||--o| tenant_quotas : "tenant_id"' in drawn


def test_a_file_is_written_and_checked(offline: Cli) -> None:
    page = offline.folder / "schema.md"
    offline("export", "schema", "--output", str(page), "--check", code=exits.FAILED)
    offline("export", "schema", "--output", str(page))
    page.write_text(f"# Ours\n\n{page.read_text()}\nThat is all.\n")
    assert offline.json("export", "schema", "--output", str(page), "--check")["ok"]
    page.write_text(page.read_text().replace("### tasks", "### chores"))
    offline("export", "schema", "--output", str(page), "--check", code=exits.FAILED)
    offline("export", "schema", "--check", code=exits.USAGE)
    refused = offline.json("export", "schema", "--output", "no/such/folder", code=exits.USAGE)
    assert refused["field"] == "output"


def test_an_applications_own_tables_are_told_too(offline: Cli) -> None:
    (offline.folder / "shop.py").write_text(
        "from sqlalchemy.orm import Mapped\n"
        "from tenantry.models import TenantScoped, column, reference\n"
        "class Invoice(TenantScoped):\n"
        '    """What a customer owes."""\n'
        '    __tablename__ = "invoices"\n'
        "    number: Mapped[str] = column()\n"
    )
    (offline.folder / "tenantry.toml").write_text('models = ["shop"]\n')
    page = offline.process("export", "schema").out
    assert "## Shop" in page
    assert "### invoices\n\nWhat a customer owes." in page
