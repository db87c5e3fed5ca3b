"""Whether the database is at the revision that this program needs."""

from __future__ import annotations

from tenantry.endpoints import url_for
from tenantry.migrations.apply import load_models
from tenantry.migrations.runner import Migrator
from tenantry.models import metadata

from ..check import Check, Patient
from ..finding import Advice, Finding


async def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    load_models(settings.models)
    own = settings.migrations
    migrator = Migrator(
        url_for(settings, "owner"), metadata, locations=(own,) if own and own.is_dir() else ()
    )
    missing = sorted(set(migrator.heads()) - set(await migrator.current()))
    if not missing:
        return []
    return [
        Finding(
            CHECK.name,
            "critical",
            "revision",
            f"The database is behind this program: it lacks {', '.join(missing)}.",
            "In production the program refuses to start on it; elsewhere it meets tables that are not there.",
            Advice(
                "See what it would lock with `tenantry migrate plan`, then:",
                shell=("tenantry migrate up",),
            ),
        )
    ]


CHECK = Check(
    "migrations",
    "A database that is behind the program's revisions",
    _look,
    why="In production the program refuses to start; elsewhere it meets tables that are not there.",
    mend="`tenantry migrate up`",
)
