"""Whether the server lets in as many connections as the settings allow the application."""

from __future__ import annotations

from tenantry.ops.config import postgres
from tenantry.ops.config.machine import Load, Machine

from ..check import Check, Patient
from ..finding import Advice, Finding
from ..mending import alter_system, restart, shown


async def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    if settings.pgbouncer == "yes":
        return []  # its own limits hold: `tenantry config pgbouncer` works them out
    # How many processes there will be nobody can ask the server; one is the least.
    load = Load.of(settings, processes=1)
    wanted = postgres.Plan(machine=Machine.here(), load=load).max_connections
    allowed = int(await shown(patient, "max_connections"))
    if wanted <= allowed:
        return []
    return [
        Finding(
            CHECK.name,
            "warning",
            "max_connections",
            f"One process of the application may ask for {load.connections} connections ({load.pools} pools of"
            f" {load.pool}), and with those for upkeep that is {wanted}; the server lets in {allowed}.",
            CHECK.why,
            Advice(
                "Lower TENANTRY_POOL_MAX, or put PgBouncer in between (`tenantry config pgbouncer`), or let in"
                " more, as a superuser:",
                sql=alter_system({"max_connections": str(wanted)}),
                shell=restart(patient),
            ),
        )
    ]


CHECK = Check(
    "pool-size",
    "Pools that are larger than the server's max_connections",
    _look,
    why="Under load connections are refused, those of the administrator among them.",
    mend="a smaller `TENANTRY_POOL_MAX`, `tenantry config pgbouncer`, or a larger `max_connections`",
)
