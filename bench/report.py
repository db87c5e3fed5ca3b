"""Results for people and for programs."""

from __future__ import annotations

from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.benchmark import Result


def table(results: list[Result]) -> Table:
    shown = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("what", "ours", "limit or peer", "", "ratio", "spread", "bar", "ok"):
        shown.add_column(heading, justify="right" if heading in ("ours", "", "ratio") else "left")
    for result in results:
        benchmark, ratios = result.benchmark, result.ratios
        ours, other = (
            f"{value:,.0f} {result.comparison.unit}" for value in result.comparison.medians
        )
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}" if len(ratios) > 1 else ""
        ok = {None: "", True: "yes", False: "[bold red]NO[/]"}[result.ok]
        bar = str(benchmark.bar or "")
        shown.add_row(
            benchmark.what, ours, benchmark.against, other, f"{median(ratios):.2f}", spread, bar, ok
        )
    return shown


def print_table(results: list[Result], conditions: str) -> None:
    console = Console()
    # Where nobody watches (a log, a pipe), lines may be as long as they are.
    console = console if console.is_terminal else Console(width=200)
    console.print(table(results))
    console.print(f"\n{conditions}", style="dim", highlight=False)


def as_json(results: list[Result], conditions: str) -> dict[str, Any]:
    return {"conditions": conditions, "results": [_as_json(result) for result in results]}


def _as_json(result: Result) -> dict[str, Any]:
    ours, other = result.comparison.medians
    ratios = result.ratios
    return {
        "name": result.name,
        "what": result.benchmark.what,
        "against": result.benchmark.against,
        "unit": result.comparison.unit,
        "ours": ours,
        "other": other,
        "ratio": {"median": median(ratios), "min": min(ratios), "max": max(ratios)},
        "bar": str(result.benchmark.bar) if result.benchmark.bar else None,
        "ok": result.ok,
    }
