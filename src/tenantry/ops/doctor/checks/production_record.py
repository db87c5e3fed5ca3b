"""Whether everything that is done is on record, and the record sealed."""

from __future__ import annotations

from tenantry.models import metadata
from tenantry.models.base import Audited, model_of
from tenantry.schema.roles import OWNER
from tenantry.schema.triggers import triggers

from ..check import Check, Patient
from ..finding import Advice, Finding

_TRIGGERS = """
    SELECT c.relname AS table_name, t.tgname AS name, t.tgenabled IN ('O', 'A') AS enabled
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'tenantry'::regnamespace AND t.tgname ~ '^audit_'"""
#: The first entry of the platform's log that no seal is on: it is sealed after every tenant's record.
_UNSEALED = """
    SELECT created_at FROM tenantry.platform_log
    WHERE id >= coalesce((SELECT to_id FROM tenantry.platform_seals ORDER BY sequence DESC LIMIT 1),
                         '00000000-0000-0000-0000-000000000000')
    ORDER BY id LIMIT 1"""


async def _look(patient: Patient) -> list[Finding]:
    there = {
        (row["table_name"], row["name"]): row["enabled"]
        for row in await patient.server.fetch(_TRIGGERS)
    }
    found = []
    for table in metadata.sorted_tables:
        if not issubclass(model_of(table), Audited):
            continue
        made = [line for line in triggers(table) if line.startswith("CREATE TRIGGER audit_")]
        for statement in made:
            name = statement.split()[2]
            if not there.get((table.name, name)):
                found.append(
                    _missing(table.name, name, statement, is_there=(table.name, name) in there)
                )
    async with patient.login("service") as service:
        unsealed = await service.fetchval(_UNSEALED)
    if unsealed is not None and patient.now() - unsealed > patient.limits.seal:
        found.append(
            Finding(
                CHECK.name,
                "warning",
                "seals",
                f"The record is not sealed since {unsealed:%Y-%m-%d %H:%M} UTC.",
                "What is not sealed a superuser can rewrite without its showing.",
                Advice(
                    "`tenantry maintain` does so whenever it runs; let a timer run it:",
                    shell=("tenantry audit seal",),
                ),
            )
        )
    return found


def _missing(table: str, name: str, statement: str, *, is_there: bool) -> Finding:
    mended = f"ALTER TABLE tenantry.{table} ENABLE TRIGGER {name}" if is_there else statement
    return Finding(
        CHECK.name,
        "critical",
        f"{table}.{name}",
        f"The trigger {name}, which records what is done to {table}, is {'disabled' if is_there else 'gone'}.",
        "Nobody can say later who changed what.",
        Advice("As the owner:", sql=(f"SET ROLE {OWNER}", mended, "RESET ROLE")),
    )


CHECK = Check(
    "production-record",
    "Changes that are not recorded, and a record that is not sealed",
    _look,
    production=True,
    why="Nobody can say later who changed what, and what is not sealed a superuser can rewrite without its showing.",
    mend="`ALTER TABLE … ENABLE TRIGGER`; `tenantry audit seal`",
)
