"""pgrls by itself, with the exceptions we write for it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tenantry.errors import InvalidInput
from tenantry.isolation.exceptions import Excepted, exceptions
from tenantry.isolation.proof import Options, prove
from tenantry.isolation.prover import pgrls_toml, prove_statically
from tenantry.isolation.subject import Subject
from tenantry.models import metadata
from tests.fixtures.database import Place

from .test_checks import Connection


@pytest.fixture
async def excepted(admin: Connection) -> list[Excepted]:
    return await exceptions(admin, metadata)


@pytest.fixture
def config(subject: Subject, excepted: list[Excepted], tmp_path: Path) -> Path:
    path = tmp_path / "pgrls.toml"
    path.write_text(pgrls_toml(subject.schemas, excepted))
    return path


def _pgrls(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pgrls", *arguments, "--database-url", place.url("owner")]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def test_lint_reports_nothing_at_warning_or_above(proved: Place, config: Path) -> None:
    ran = _pgrls(proved, "lint", "--config", str(config))
    assert ran.returncode == 0, ran.stdout
    assert not re.search(r"^\s+(WARNING|ERROR)", ran.stdout, re.MULTILINE)


def test_verify_proves_every_tenant_table(proved: Place, config: Path, subject: Subject) -> None:
    ran = _pgrls(proved, "verify", "--config", str(config))
    assert ran.returncode == 0, ran.stdout
    proven = set(re.findall(r"^(\S+)\s+PROVEN", ran.stdout, re.MULTILINE))
    assert {str(table) for table in subject.tables} <= proven


def test_each_exception_names_one_object_and_one_reason(config: Path) -> None:
    text = config.read_text()
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert lines
    assert all(re.fullmatch(r'  "[\w.]+",  ?# \S.{9,}', line) for line in lines)
    rules = tomllib.loads(text)["lint"]["rules"]
    assert sum(len(rule["allowlist"]) for rule in rules.values()) == len(lines)
    assert all(set(rule) == {"allowlist"} for rule in rules.values())


def test_each_exception_is_needed(
    proved: Place, subject: Subject, excepted: list[Excepted]
) -> None:
    reported = {
        (f.check.removeprefix("pgrls-"), f.object)
        for f in prove_statically(proved.url("superuser"), subject, [])
    }
    assert [e for e in excepted if (e.rule, e.object) not in reported] == []


def test_an_exception_excuses_nothing_else(
    proved: Place, subject: Subject, excepted: list[Excepted]
) -> None:
    open_to_all = (
        "CREATE POLICY more ON tenantry.tasks TO tenantry_app USING (true) WITH CHECK (true)"
    )
    found = prove_statically(proved.url("superuser"), subject, excepted, prepare=open_to_all)
    assert {"pgrls-SEC008", "pgrls-SEC028"} <= {
        f.check for f in found if f.object == "tenantry.tasks.more"
    }


async def test_what_the_project_silences_is_told(proved: Place, tmp_path: Path) -> None:
    path = tmp_path / "pgrls.toml"
    path.write_text(
        '[lint]\ndisable = ["SEC002", "HYG001"]\n'
        '[lint.rules.SEC001]\nallowlist = ["tenantry.leaflets"]\n'
        '[lint.rules.SEC005]\nseverity = "info"\n'
    )
    proof = await prove(
        proved.url("superuser"), metadata, Options(config=path), attacks=False,
        prepare="CREATE TABLE tenantry.leaflets (id int)",
    )  # fmt: skip
    theirs = {(e.rule, e.object) for e in proof.excepted if e.reason == "pgrls.toml of the project"}
    assert theirs == {
        ("SEC001", "tenantry.leaflets"), ("SEC002", "*"), ("SEC005", "*"), ("HYG001", "*"),
    }  # fmt: skip
    silenced = {f.object: f.severity for f in proof.findings if f.check == "silenced"}
    assert silenced == {"SEC002": "warning", "SEC005": "warning"}
    assert '"*"' not in pgrls_toml(proof.subject.schemas, proof.excepted)


async def test_whatever_else_the_project_tells_a_rule_is_told(
    proved: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_rules.py").write_text(_OUR_RULE)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "pgrls.toml"
    path.write_text(
        '[lint]\nextra_rules = ["our_rules"]\n[lint.rules.SEC044]\ngrantees = ["nobody"]\n'
    )
    proof = await prove(proved.url("superuser"), metadata, Options(config=path), attacks=False)
    theirs = [(e.rule, e.object) for e in proof.excepted if e.reason == "pgrls.toml of the project"]
    assert theirs == [("SEC044", 'grantees = ["nobody"]')]
    assert "grantees" not in pgrls_toml(proof.subject.schemas, proof.excepted)
    # Rules of the project's own are asked like the others.
    assert [(f.check, f.object) for f in proof.findings] == [("pgrls-OUR001", "tenantry.tasks")]


_OUR_RULE = """
from pgrls.violations import Violation

class Ours:
    id, severity, title = "OUR001", "warning", "ours"

    def check(self, schema, options):
        return [Violation(rule_id=self.id, severity=self.severity, title=self.title,
                          message="Said by ours. Do nothing.", location="tenantry.tasks")]

RULES = [Ours()]
"""


async def test_a_file_that_pgrls_refuses_is_refused(proved: Place, tmp_path: Path) -> None:
    path = tmp_path / "pgrls.toml"
    path.write_text('[lint]\ndisable = ["SEC999"]\n')
    with pytest.raises(InvalidInput, match="SEC999"):
        await prove(proved.url("superuser"), metadata, Options(config=path), attacks=False)
