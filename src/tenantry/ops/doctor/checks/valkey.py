"""Redis or Valkey: whether it answers, keeps what must stay, and has room."""

from __future__ import annotations

from collections.abc import Iterator

from tenantry.config import RedisUrl
from tenantry.coordination import Coordination
from tenantry.coordination.fitness import Fitness, look
from tenantry.endpoints import cache_url, has_redis, is_embedded, redis_url

from ..check import Check, Patient
from ..finding import Advice, Finding

_WHY = {
    "version": "What is asked of it needs commands and rights that it does not know.",
    "maxmemory-policy": "Two may hold one lock, and people who are signed in are signed out.",
    "appendonly": "After a restart two may hold one lock, and what waited in streams is gone.",
    "maxmemory": "It grows until the machine has no memory left.",
}


async def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    if not has_redis(settings):
        return []  # a platform or a machine without it
    coordination = Coordination(settings)
    try:
        seen = await look(coordination)
    finally:
        await coordination.close()
    return [finding for one in seen for finding in _findings(patient, one)]


def _findings(patient: Patient, one: Fitness) -> Iterator[Finding]:
    settings = patient.settings
    url = RedisUrl.parse((cache_url if one.use == "cache" else redis_url)(settings))
    name = one.store
    if not one.reachable:
        start = "tenantry up" if is_embedded(settings) else "systemctl start valkey"
        yield Finding(
            CHECK.name,
            "critical",
            name,
            f"{url.redacted()} does not answer: {one.error}",
            "No lock is given, nobody signs in, and rate limits let all through or nothing.",
            Advice("Start it, where it runs:", shell=(start,)),
        )
        return
    for fault in one.faults:
        yield Finding(
            CHECK.name,
            "critical" if fault.serious else "notice",
            f"{name}: {fault.about}",
            fault.detail,
            _WHY[fault.about],
            Advice(
                f"{fault.remedy} In its configuration; and until its next start:",
                shell=tuple(f"{_client(url)} {command}" for command in fault.commands),
            ),
        )
    limit, used = one.memory_limit, one.memory_used
    full = limit and used and used > limit * patient.limits.valkey_memory
    if full and limit and used and one.memory_policy == "noeviction":
        yield Finding(
            CHECK.name,
            "warning",
            f"{name}: memory",
            f"{name} uses {used >> 20} MB of the {limit >> 20} MB it may.",
            "When it is full it refuses writes: no lock, no session, no event.",
            Advice(
                "Give it more, in its configuration too; or the cache a server of its own.",
                shell=(f"{_client(url)} CONFIG SET maxmemory {max(2 * limit, 2 * used)}",),
            ),
        )


def _client(url: RedisUrl) -> str:
    """The command line's, which asks for the password."""
    asked = " --askpass" if url.password else ""
    user = f" --user {url.user}" if url.user else ""
    if url.scheme == "unix":
        return f"valkey-cli -s {url.path}{user}{asked}"
    host, port = url.hosts[0]
    tls = " --tls" if url.tls else ""
    return f"valkey-cli -h {host} -p {port}{tls}{user}{asked}"


CHECK = Check(
    "valkey",
    "Redis or Valkey that is away, throws away what must stay, forgets or is full",
    _look,
    why="Two may hold one lock, people are signed out, what waited in streams is gone, or nothing goes on at all.",
    mend="start it; `CONFIG SET`",
)
