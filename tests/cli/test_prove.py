from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest

from tests.fixtures.database import Place

from .helpers import Cli

pytestmark = pytest.mark.postgres("wheel")


@pytest.fixture
def as_administrator(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_ADMIN_URL", place.url("superuser"))


async def _break(place: Place) -> None:
    admin = await asyncpg.connect(place.url("superuser"))
    await admin.execute("GRANT TRUNCATE ON tenantry.tasks TO tenantry_app")
    await admin.close()


def test_everything_is_proved_in_words_and_as_json(cli: Cli, as_administrator: None) -> None:
    page = Path("proof.md")
    told = cli("prove", "--report", str(page), "--pgrls-config", "pgrls.toml").out
    assert "No findings" in told
    assert "open by design" in told
    assert "**0 findings.**" in page.read_text()
    assert "SHA-256 of all above" in page.read_text()
    # Whose exceptions are now the project's too.
    data = cli.json("prove", "--static")
    assert data["ok"]
    assert data["findings"] == data["attacks"] == []
    assert all(e["reason"] for e in data["exceptions"])


def test_a_finding_has_its_key_and_its_remedy(
    cli: Cli, place: Place, as_administrator: None
) -> None:
    asyncio.run(_break(place))
    (finding,) = cli.json("prove", "--static", code=1)["findings"]
    assert finding["key"] == "privileges:tenantry.tasks"
    assert finding["severity"] == "error"
    assert "REVOKE" in finding["remediation"]
    document = json.loads(cli("prove", "--static", "--sarif", code=1).out)
    (run,) = document["runs"]
    assert [r["ruleId"] for r in run["results"]] == ["privileges"]
    assert run["results"][0]["partialFingerprints"]
    assert "tenantry.tasks" in cli("prove", "--static", code=1).out


def test_without_an_administrator_it_says_what_it_leaves_out(cli: Cli) -> None:
    result = cli("prove")
    assert "No attacks were made" in result.err
    assert "No findings" in result.out


def test_two_formats_at_once_are_refused(cli: Cli) -> None:
    assert cli.json("prove", "--sarif", code=2)["field"] == "sarif"
