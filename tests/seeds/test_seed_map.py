"""Everything that five earlier systems name is here, or is said to be left out and why."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from .inventory import inventory
from .live import Live
from .resolve import Resolver
from .seedmap import SeedMap

KINDS = ("here", "later", "left out")


def test_every_item_is_answered(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = SeedMap()
    resolver = Resolver(seeds, live)
    counts: Counter[tuple[str, str]] = Counter()
    issues: Counter[int] = Counter()
    faults: list[str] = []
    for item in inventory():
        answer, wrong = resolver.resolve(item)
        counts[item.seed, answer.kind] += 1
        issues.update([answer.issue] if answer.issue is not None else [])
        faults += [f"{item.id}: {fault}" for fault in wrong]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *_summary(counts, issues), ""]))
    assert not faults, "\n".join(["", *faults])
    assert not seeds.unused(), "\n".join(["lines of the map that answer nothing:", *seeds.unused()])
    assert sum(counts[seed, "left out"] for seed, _ in counts) <= 60


def _summary(counts: Counter[tuple[str, str]], issues: Counter[int]) -> list[str]:
    seeds = sorted({seed for seed, _ in counts})
    lines = ["seed " + "".join(f"{kind:>10}" for kind in (*KINDS, "items"))]
    for seed in seeds:
        row = [counts[seed, kind] for kind in KINDS]
        lines.append(f"{seed:<5}" + "".join(f"{n:>10}" for n in (*row, sum(row))))
    total = [sum(counts[seed, kind] for seed in seeds) for kind in KINDS]
    lines.append("all  " + "".join(f"{n:>10}" for n in (*total, sum(total))))
    return [*lines, *(f"issue {n}: {many} items" for n, many in sorted(issues.items()))]
