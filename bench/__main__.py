"""`python -m bench [NAME…]`: run them all, or those named, and print one table."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from pathlib import Path

from bench import benchmark, report, world
from bench.benchmark import Benchmark, Result


def main() -> int:
    known = benchmark.every()
    options = _options(list(known))
    if not options.cores:
        _stay_on_one_core()
    chosen = {name: known[name] for name in options.names or known}
    results, conditions = asyncio.run(_run(chosen, durable=options.durable))
    if options.json:
        print(json.dumps(report.as_json(results, conditions), indent=2))
    else:
        report.print_table(results, conditions)
    missed = any(result.ok is False for result in results)
    return 1 if options.check and missed else 0


def _options(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    parser.add_argument(
        "--cores", action="store_true", help="leave client and server to the scheduler"
    )
    parser.add_argument("--durable", action="store_true", help="with fsync, as in production")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in names]:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(names)}")
    return options


def _stay_on_one_core() -> None:
    """Client and server together, so that what is measured is their work.

    On cores of their own each waits for the other's core to wake up, as long as a statement takes,
    or not, as the scheduler decides from second to second: no ratio survives that.
    """
    if hasattr(os, "sched_setaffinity"):
        before = _idle()
        time.sleep(0.5)
        idlest = {core: ticks - before[core] for core, ticks in _idle().items()}
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0), key=idlest.__getitem__)})


def _idle() -> dict[int, int]:
    """How long each core has been idle."""
    lines = (line.split() for line in Path("/proc/stat").read_text().splitlines())
    return {int(line[0][3:]): int(line[4]) for line in lines if line[0][3:].isdigit()}


async def _run(chosen: dict[str, Benchmark], *, durable: bool) -> tuple[list[Result], str]:
    results = []
    print("Starting a server and filling it", file=sys.stderr)
    async with world.made(durable=durable) as made:
        for name, case in chosen.items():
            print(f"{name}: {case.what}", file=sys.stderr)
            results.append(Result(name, case, await case.measure(made)))
        health = await made.db.health()
    load = os.getloadavg()[0]
    conditions = (
        f"PostgreSQL {health.database.server_version} and Python {platform.python_version()},"
        f" client and server on {_cores()} of {os.cpu_count()} cores, local socket,"
        f" {'durable' if durable else 'fsync off'}."
        f" {world.TENANTS} tenants of {world.PROJECTS} projects, random keys; medians of rounds"
        f" run in turns, with their spread. Load at the end: {load:.1f}, of which the benchmark"
        " itself makes about 1."
    )
    return results, conditions


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
