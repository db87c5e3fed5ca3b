"""Known holes of PgBouncer that clients can use, or somebody on their way, by its own changelog.

Those that take a false server or an unusual setting are left out: the releases are the same.
"""

from __future__ import annotations

from typing import NamedTuple

Release = tuple[int, ...]


class Hole(NamedTuple):
    cve: str
    what: str
    #: The first release that has it, and the first that has not.
    since: Release
    mended: Release


_HOLES = (
    Hole("CVE-2021-3935", "a man in the middle speaks before TLS begins, where certificates log in",
         (1, 7), (1, 16, 1)),
    Hole("CVE-2025-2291", "auth_query lets expired passwords in", (1, 6), (1, 24, 1)),
    Hole("CVE-2025-12819", "SQL without a login, where auth_query runs and search_path is tracked",
         (1, 20), (1, 25, 1)),
    Hole("CVE-2026-6664", "a crash without a login", (1, 11), (1, 25, 2)),
    Hole("CVE-2026-6667", "stats_users may end other clients", (1, 24), (1, 25, 2)),
    Hole("CVE-2026-6668", "an endless loop without a login", (1, 0), (1, 26, 0)),
    Hole("CVE-2026-19888", "another crash without a login", (1, 11), (1, 26, 0)),
    Hole("CVE-2026-107349", "a standstill without a login, where ignore_startup_parameters lacks options",
         (1, 20), (1, 26, 1)),
    Hole("CVE-2026-107350", "whoever knows one role's password logs in as any other, by SCRAM",
         (1, 17), (1, 26, 1)),
)  # fmt: skip


def holes(release: Release) -> str:
    """Those of this release, and the first one without any; empty where there are none."""
    found = [hole for hole in _HOLES if hole.since <= release < hole.mended]
    if not found:
        return ""
    mended = ".".join(map(str, max(hole.mended for hole in found)))
    return "; ".join(f"{h.cve} ({h.what})" for h in found) + f"; mended in {mended}"
