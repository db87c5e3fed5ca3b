"""Alert rules and the dashboard ask only for what is told, and say what explains it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tenantry.cli.app import parser
from tenantry.observing.metrics import METRICS, Metric
from tenantry.ops.config import alerts, grafana
from tenantry.ops.doctor.checks import CHECKS
from tests.cli.conftest import project  # noqa: F401
from tests.cli.helpers import Cli

_SAMPLES = {sample: metric for metric in METRICS.values() for sample in metric.samples}
_RULES = (*alerts.SERVER_RULES, *alerts.PROGRAM_RULES)
_PANELS = [panel for _, row in grafana.ROWS for panel in row]
_EXPRESSIONS = [rule.expr for rule in _RULES] + [e for p in _PANELS for e, _ in p.series]
_FUNCTIONS = {
    "absent", "histogram_quantile", "increase", "max", "or", "predict_linear", "rate", "sum", "time",
    "topk",
}  # fmt: skip


def _labels(metric: Metric) -> set[str]:
    return {*metric.labels, "le"} if metric.kind == "histogram" else set(metric.labels)


@pytest.mark.parametrize("expr", _EXPRESSIONS)
def test_an_expression_asks_for_what_there_is(expr: str) -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert expr.count(opening) == expr.count(closing)
    assert expr.count('"') % 2 == 0
    bare = re.sub(r'"[^"]*"', '""', expr)
    asked = [_SAMPLES[name] for name in re.findall(r"\btenantry_\w+", bare)]
    assert asked
    for name, matchers in re.findall(r"\b(tenantry_\w+)\{([^}]*)\}", bare):
        assert set(re.findall(r"(\w+)[!=~]", matchers)) <= _labels(_SAMPLES[name])
    # Those of the scrape itself are there always.
    everywhere = set.intersection(*map(_labels, asked)) | {"instance", "job"}
    for listed in re.findall(r"\b(?:by|on) \(([^)]*)\)", bare):
        assert {label.strip() for label in listed.split(",")} <= everywhere
    # Nothing else is in it but functions and numbers.
    rest = re.sub(r"\btenantry_\w+|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on) \([^)]*\)", " ", bare)
    assert set(re.findall(r"[a-z_]\w*", re.sub(r"\d+e\d+", "", rest))) <= _FUNCTIONS
    # A counter is asked for its rate; what is none never is.
    for name, within in re.findall(r"\b(tenantry_\w+)(?:\{[^}]*\})?(\[)?", bare):
        grows = _SAMPLES[name].kind in ("counter", "histogram")
        assert bool(within) == (grows or "predict_linear" in expr)


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.name)
def test_an_alert_names_what_explains_it(rule: alerts.Rule) -> None:
    program, *words = rule.runbook.split()
    assert program == "tenantry"
    command = parser()
    for number, word in enumerate(words):
        if not hasattr(command, "commands"):
            assert (words[0], number) == ("doctor", 1)
            assert word in {check.name for check in CHECKS}
            break
        command = command.commands[word]
    labels = set(re.findall(r"\$labels\.(\w+)", rule.summary))
    metrics = [_SAMPLES[name] for name in re.findall(r"\btenantry_\w+", rule.expr)]
    assert all(labels <= set(metric.labels) for metric in metrics)


def test_what_is_watched_over() -> None:
    """All that somebody must be told of."""
    names = {rule.name.removeprefix("Tenantry") for rule in _RULES}
    assert len(names) == len(_RULES)
    assert names >= {
        "Down", "ReplicationLag", "ArchiveFailing", "BackupOld", "PartitionsRunOut", "Wraparound",
        "ConnectionsNearLimit", "LongTransaction", "Errors", "PoolWaiting", "ValkeyMemory",
        "ValkeyEvicts", "DiskFull", "Unsealed",
    }  # fmt: skip


def test_the_rules_as_a_file(project: Path) -> None:  # noqa: F811
    cli = Cli(project)
    (file,) = cli.json("config", "alerts")["files"]
    assert file["name"] == "tenantry.rules.yml"
    body = [line for line in file["text"].splitlines() if line and not line.startswith("#")]
    assert body[0] == "groups:"
    exprs = [
        json.loads(line.partition(": ")[2]) for line in body if line.startswith("        expr")
    ]
    assert exprs == [rule.expr for rule in _RULES]
    # Two spaces a level and no tabs: nothing here is left to a reader of YAML.
    assert all(re.fullmatch(r"(  )*(- )?[a-z]+:( .+)?", line) for line in body)


def test_the_dashboard_as_a_file(project: Path) -> None:  # noqa: F811
    (file,) = Cli(project).json("config", "grafana")["files"]
    dashboard = json.loads(file["text"])
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert len({panel["title"] for panel in panels if panel["type"] != "row"}) >= 25
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + i, at["y"] + j) for i in range(at["w"]) for j in range(at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
    (variable,) = dashboard["templating"]["list"]
    for panel in panels:
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == f"${{{variable['name']}}}"
