"""`migrate`, also with an application's own models."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tenantry import migrations
from tests.fixtures.database import Place

from .conftest import use
from .helpers import Cli, read_until, terminal

HEAD = migrations.head()


async def _run(place: Place, sql: str) -> object:
    owner = await place.connection("owner")
    try:
        return await owner.fetchval(sql)
    finally:
        await owner.close()


_MODELS = """
from uuid import UUID
from sqlalchemy.orm import Mapped
from tenantry import Audited, TenantScoped, column, reference

class Invoice(TenantScoped, Audited):
    __tablename__ = "invoices"
    number: Mapped[str] = column()
    project_id: Mapped[UUID | None] = reference("projects", on_delete="set null", default=None)
"""


@pytest.fixture
def empty(project: Path, empty_place: Place, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """On a database with roles and schema only."""
    use(empty_place, monkeypatch)
    return Cli(project)


@pytest.mark.postgres("wheel")
def test_up_check_and_down(empty: Cli) -> None:
    assert empty("migrate", "current").out == "none\n"
    behind = empty.json("migrate", "check", code=1)
    assert (behind["ok"], behind["at_head"], behind["current"]) == (False, False, [])
    assert "run `tenantry migrate up`" in empty("migrate", "check", code=1).out
    refused = empty.json("tenant", "list", code=1)
    assert (refused["error"], refused["head"]) == ("schema_behind", HEAD)
    assert empty.json("health", code=1)["ok"] is False
    assert empty.json("status", code=1)["database"]["revision"] is None

    assert "Applied" in empty("migrate", "up").out
    assert empty("migrate", "up").out == "Nothing to apply.\n"
    assert empty.json("migrate", "current")["current"] == [HEAD]
    assert all(r["applied"] for r in empty.json("migrate", "history")["revisions"])
    assert empty("migrate", "check").out.endswith("It is what the models mean.\n")

    assert empty.json("migrate", "down", "base", "--yes")["current"] == []
    assert empty("migrate", "down", "base", "--yes").out == "Nothing to undo.\n"


@pytest.mark.postgres("wheel")
def test_check_finds_drift(cli: Cli, place: Place) -> None:
    asyncio.run(_run(place, "DROP INDEX tenantry.projects_status_idx"))
    found = cli.json("migrate", "check", code=1)
    assert (found["ok"], found["at_head"]) == (False, True)
    assert found["changes"] == ["missing: index projects.projects_status_idx"]
    assert "It differs from the models:" in cli("migrate", "check", code=1).out


@pytest.mark.postgres("wheel")
def test_down_asks(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--yes" in cli("migrate", "down", code=2).err
    for answer, code in ((b"n\n", 1), (signal.SIGINT, 130)):
        with terminal(cli.folder, "migrate", "down") as (process, screen):
            assert "with all their rows" in read_until(screen, "[y/N]: ")
            if isinstance(answer, bytes):
                os.write(screen, answer)
            else:
                time.sleep(0.3)  # the prompt is shown a moment before it is read
                process.send_signal(answer)
            assert process.wait(10) == code
            assert "Traceback" not in read_until(screen, "Traceback")
    assert cli.json("migrate", "current")["current"] == [HEAD]
    with terminal(cli.folder, "migrate", "down", "base") as (process, screen):
        read_until(screen, "[y/N]: ")
        os.write(screen, b"y\n")
        assert "Undid" in read_until(screen, "Undid")
    assert cli.json("migrate", "current")["current"] == []


@pytest.mark.postgres("wheel")
def test_production_never_asks(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_PROFILE", "production")
    with terminal(cli.folder, "migrate", "down") as (process, screen):
        assert "In production this needs --yes" in read_until(screen, "--yes")
        assert process.wait(10) == 2
    cli("migrate", "down", "base", "--yes")


@pytest.mark.postgres("wheel")
def test_production_settings_are_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_PROFILE", "production")
    monkeypatch.setenv("TENANTRY_DATABASE_URL", "postgresql://tenantry_app:password@db.example/t")
    refused = cli.json("migrate", "current", code=3)
    assert refused["error"] == "configuration"
    assert len(refused["problems"]) == 2


@pytest.mark.postgres("wheel")
def test_revisions_that_do_not_exist(cli: Cli) -> None:
    for words in (("up", "nope"), ("down", "nope", "--yes"), ("sql", "nope")):
        error = cli.json("migrate", *words, code=1)
        assert error["error"] == "migration", words


@pytest.mark.postgres("wheel")
def test_sql_asks_no_server(project: Path) -> None:
    cli = Cli(project)
    text = cli("migrate", "sql").out
    assert "CREATE TABLE tenantry.tenants" in text
    assert cli.json("migrate", "sql", f"{HEAD}:{HEAD}")["sql"].count("CREATE TABLE") == 0


@pytest.mark.postgres("wheel")
def test_an_applications_own_models(cli: Cli, place: Place) -> None:
    """In processes of their own: a model that is imported belongs to the schema from then on."""
    (cli.folder / "shop").mkdir()
    (cli.folder / "shop" / "__init__.py").touch()
    (cli.folder / "shop" / "models.py").write_text(_MODELS)
    (cli.folder / "tenantry.toml").write_text('models = ["shop.models"]\n')

    nowhere = cli.process("migrate", "generate", "invoices", "--json", code=3)
    assert nowhere.json["setting"] == "migrations"
    (cli.folder / "tenantry.toml").write_text(
        'models = ["shop.models"]\nmigrations = "revisions"\n'
    )
    assert "table invoices" in cli.process("migrate", "check", code=1).out

    wrote = cli.process("migrate", "generate", "Add invoices", "--json").json
    assert wrote["paths"] == [str(cli.folder / "revisions" / "0001_add_invoices.py")]
    text = Path(*wrote["paths"]).read_text()
    assert "ENABLE ROW LEVEL SECURITY" in text
    assert cli.process("migrate", "up").out == "Applied app_0001.\n"
    assert cli.process("migrate", "check", "--json").json["ok"] is True
    protected = "SELECT relrowsecurity FROM pg_class WHERE relname = 'invoices'"
    assert asyncio.run(_run(place, protected)) is True
    assert "app_0001" in cli.process("migrate", "history").out
    assert cli.process("migrate", "down", "1", "--yes").out == "Undid app_0001.\n"

    (cli.folder / "tenantry.toml").write_text('models = ["shop.nothing"]\n')
    missing = cli.process("migrate", "check", "--json", code=3)
    assert "shop.nothing" in missing.json["message"]


@pytest.mark.postgres("wheel")
def test_generate_needs_models_and_a_message(cli: Cli) -> None:
    assert cli.json("migrate", "generate", "x", code=3)["setting"] == "models"
    assert cli.json("migrate", "generate", " ", code=2)["field"] == "message"


def test_the_plan_tells_of_what_is_pending(cli: Cli) -> None:
    assert cli.json("migrate", "plan")["revisions"] == []
    assert cli("migrate", "plan").out == "Nothing is pending.\n"
    draft = cli.folder / "draft.py"
    draft.write_text(
        "from tenantry.migrations import run\nrevision = 'app_0001'\n"
        "def upgrade():\n    run(['ALTER TABLE tenantry.projects ADD COLUMN x int', 'LOCK nothing'])\n"
    )
    found = cli.json("migrate", "plan", str(draft), code=1)
    first, second = found["steps"]
    assert [(t["table"], t["lock"], t["rewritten"]) for t in first["tables"]] == [
        ("projects", "ACCESS EXCLUSIVE", False)
    ]
    assert [d["kind"] for d in second["dangers"]] == ["unknown"]
    shown = cli("migrate", "plan", str(draft), "--big-rows", "10", code=1)
    assert "ACCESS EXCLUSIVE" in shown.out
    assert "unknown" in shown.err
    assert cli.json("migrate", "plan", "nothing.py", code=2)["field"] == "revision"
