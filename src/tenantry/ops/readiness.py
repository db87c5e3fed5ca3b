"""Whether a program can serve: what it stands on, asked all at once, within a time limit.

Only what is required decides. A replica that is away, a cache that is away or a partition that lacks
harms all processes of a platform alike: taking each of them out of service would make it an outage.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from tenantry import migrations
from tenantry.config import Settings
from tenantry.coordination.fitness import look
from tenantry.database import Database
from tenantry.endpoints import has_redis
from tenantry.errors import TenantryError
from tenantry.kernel import health
from tenantry.kernel.context import Context
from tenantry.kernel.oneshot import OneShot
from tenantry.models import metadata
from tenantry.schema.partitions import partitioned

from .partitions import REACH, reaches

#: What decides unless somebody says more. `valkey` and `partitions` may be added.
REQUIRED: Final = ("database", "migrations")
#: Coming periods that have a partition: as `tenantry partitions status` asks for.
AHEAD: Final = 1
#: Seconds that all may take together.
LIMIT_S: Final = 2.0
_REACH: Final = OneShot(REACH, silent=True)
_log = logging.getLogger("tenantry.readiness")


@dataclass(frozen=True, slots=True)
class Part:
    """`database`, `migrations`, `replica-1`, …, `valkey`, `valkey-cache` or `partitions`."""

    name: str
    ok: bool
    latency_ms: float | None = None
    #: What is wrong, in a word: an error's code, `no_answer`, `behind`, … It names no server.
    error: str = ""
    required: bool = False
    #: For those who run the servers: names, versions, counts. `to_dict()` tells them on request.
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self, *, facts: bool = False) -> dict[str, Any]:
        latency = None if self.latency_ms is None else round(self.latency_ms, 3)
        told = {"name": self.name, "ok": self.ok, "required": self.required}
        more = {"facts": dict(self.facts)} if facts else {}
        return {**told, "latency_ms": latency, "error": self.error, **more}


@dataclass(frozen=True, slots=True)
class Readiness:
    parts: tuple[Part, ...]

    @property
    def ok(self) -> bool:
        return all(part.ok for part in self.parts if part.required)

    def to_dict(self, *, facts: bool = False) -> dict[str, Any]:
        return {"ok": self.ok, "parts": [part.to_dict(facts=facts) for part in self.parts]}


async def readiness(
    db: Database,
    *,
    require: Collection[str] = REQUIRED,
    ahead: int = AHEAD,
    timeout: float = LIMIT_S,
) -> Readiness:
    """Never raises: what is away, hangs or lacks is an answer too.

    Replicas are told where there are some, Redis or Valkey where the settings name one, or where the
    embedded one is meant and was ever started. Partitions are those of the models that are imported.
    """
    asked: dict[str, Callable[[], Coroutine[Any, Any, list[Part]]]] = {
        "database": lambda: _database(db),
        "migrations": lambda: _migrations(db),
        "replicas": lambda: _replicas(db, timeout / 2),
        "valkey": lambda: _valkey(db),
        "partitions": lambda: _partitions(db, ahead),
    }
    tasks = {name: asyncio.create_task(_told(name, ask)) for name, ask in asked.items()}
    for task in tasks.values():
        # Nobody waits for one that comes too late; the pool does, when it is closed.
        db.pool.adopt(task)
    try:
        await asyncio.wait(tasks.values(), timeout=timeout)
    finally:
        late = {name for name, task in tasks.items() if not task.done() or task.cancelled()}
        for task in tasks.values():
            task.cancel()
    found = [
        part
        for name, task in tasks.items()
        for part in ([Part(name, False, error="no_answer")] if name in late else task.result())
    ]
    return Readiness(tuple(replace(part, required=part.name in require) for part in found))


async def _told(name: str, ask: Callable[[], Coroutine[Any, Any, list[Part]]]) -> list[Part]:
    began = perf_counter()
    try:
        parts = await ask()
    except TenantryError as error:
        return [Part(name, False, error=error.code)]
    except Exception:
        _log.exception("The %s could not be looked at", name)
        return [Part(name, False, error="internal_error")]
    took = (perf_counter() - began) * 1000
    return [
        replace(part, latency_ms=took) if part.ok and part.latency_ms is None else part
        for part in parts
    ]


async def _database(db: Database) -> list[Part]:
    found = await health.check(db.pool, timeout=None)
    facts = {
        "server_version": found.server_version,
        "standby": found.replica,
        "pooler": found.pooler,
        "connections": found.pool.to_dict(),
    }
    return [Part("database", found.ok, found.latency_ms, found.error, facts=facts)]


async def _migrations(db: Database) -> list[Part]:
    applied = await db.revisions()
    error = await asyncio.to_thread(_lacks, applied, db.settings.migrations)
    facts = {"revision": migrations.newest(applied), "head": migrations.head()}
    return [Part("migrations", not error, error=error, facts=facts)]


def _lacks(applied: frozenset[str], folder: Path | None) -> str:
    """A database that is ahead is none that lacks: in a rollout migrations come first, and the programs
    of before serve on."""
    newest = migrations.newest(applied)
    if newest is None:
        return "not_installed"
    if newest < migrations.head():
        return "behind"
    if folder is None or not folder.is_dir():
        return ""
    heads, known = _own(folder)
    is_known = all(name in known or name.isdigit() for name in applied)
    return "behind" if is_known and heads - applied else ""


@cache
def _own(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The application's newest revisions, and all that this program knows."""
    from tenantry.migrations.runner import Migrator  # noqa: PLC0415 - Alembic takes 0.3 s

    scripts = Migrator("", metadata, locations=(folder,)).scripts
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return frozenset(name for name in scripts.get_heads() if not name.isdigit()), known


async def _replicas(db: Database, patience: float) -> list[Part]:
    """As those who watch them know them: nobody is asked anything here."""
    if db.replicas is None:
        return []
    return [
        Part(
            f"replica-{number}",
            one.ok,
            one.latency_ms,
            one.error,
            facts={"place": one.name, "lag_s": one.lag_s},
        )
        for number, one in enumerate(await db.replicas.health(patience), 1)
    ]


def _has_redis(settings: Settings) -> bool:
    """In a thread: it looks into the embedded servers' folder, and importing a client takes a while."""
    if not has_redis(settings):
        return False
    import_module("tenantry.coordination.store")
    return True


async def _valkey(db: Database) -> list[Part]:
    if not await asyncio.to_thread(_has_redis, db.settings):
        return []
    return [
        Part(
            "valkey-cache" if one.use == "cache" else "valkey",
            one.ok,
            one.latency_ms,
            # It answers, and is set up to throw away what must stay.
            one.code or ("" if one.ok else "unfit"),
            facts={"server": one.server, "faults": [fault.detail for fault in one.faults]},
        )
        for one in await look(db.coordination)
    ]


async def _partitions(db: Database, ahead: int) -> list[Part]:
    tables = list(partitioned(metadata))
    found = reaches(await _REACH.fetch(db.pool, Context(), tables))
    lacking = set(tables) - {one.table for one in found}
    short = [one for one in found if one.ahead < ahead]
    strays = [one for one in found if one.strays]
    if lacking:
        error = "not_installed"
    elif any(one.ahead < 0 for one in short):
        error = "no_current_partition"
    elif short:
        error = "partitions_run_out"
    else:
        error = "rows_in_default" if strays else ""
    facts = {
        "ahead": min((one.ahead for one in found), default=None),
        "strays": sum(one.strays for one in strays),
        "tables": sorted(lacking | {one.table for one in (*short, *strays)}),
    }
    return [Part("partitions", not error, error=error, facts=facts)]
