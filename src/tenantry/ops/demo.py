"""A small company's worth of data to look around in: the same for everyone on the same date.

Ids come from names and from the demo's date, which the first run writes into the tenants'
settings. Each group of the domain is one function that adds what is missing, so a demo made by an
older version gains what a newer one brings, and running it again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from tenantry.database import Database
from tenantry.errors import InvalidInput
from tenantry.handles import ServiceTransaction
from tenantry.repositories import Repository

Row = Mapping[str, Any]

#: One demo at a time in a database; any number will do as long as it stays the same.
_LOCK = 0x7E4A_4774
_SETTING = "demo_as_of"

# slug, name, plan, owner, quotas, settings
_TENANTS: tuple[tuple[str, str, str, str, dict[str, int], dict[str, Any]], ...] = (
    ("acme", "Acme Robotics", "enterprise", "dana.whitfield", {},
     {"default_model": "claude-sonnet-4-5", "data_residency": "us",
      "compliance_frameworks": ["SOC 2"]}),
    ("globex", "Globex Logistics", "starter", "henrik.lund",
     {"max_users": 10, "max_projects": 5},
     {"default_model": "gpt-4o-mini", "data_residency": "eu", "compliance_frameworks": ["GDPR"]}),
)  # fmt: skip

# username, name, kind, and the role in each tenant
_PEOPLE = (
    ("dana.whitfield", "Dana Whitfield", "human", {"acme": "owner"}),
    ("marcus.oyelaran", "Marcus Oyelaran", "human", {"acme": "admin"}),
    ("priya.raman", "Priya Raman", "human", {"acme": "manager"}),
    ("tomas.havel", "Tomáš Havel", "human", {"acme": "member"}),
    ("june.park", "June Park", "human", {"acme": "member"}),
    ("acme.ci", "Acme build service", "service", {"acme": "member"}),
    ("henrik.lund", "Henrik Lund", "human", {"globex": "owner"}),
    ("sofia.marchetti", "Sofia Marchetti", "human", {"globex": "manager"}),
    ("aiko.tanabe", "Aiko Tanabe", "human", {"globex": "member"}),
    # A consultant: of both, and more to one than to the other.
    ("lena.fischer", "Lena Fischer", "human", {"acme": "viewer", "globex": "admin"}),
)

# tenant, slug, name, what it is, who has it, stack, status, merge rate, coverage
_PROJECTS = (
    ("acme", "fleet-console", "Fleet console", "Operators watch and steer the warehouse robots.",
     "priya.raman", ["TypeScript", "React", "FastAPI"], "active", 0.91, 84.5),
    ("acme", "path-planner", "Path planner", "Routes for robots that share narrow aisles.",
     "tomas.havel", ["Rust", "Python"], "active", 0.87, 92.0),
    ("acme", "parts-forecast", "Parts forecast", "Says which spare parts a site will need, and when.",
     "june.park", ["Python", "PostgreSQL"], "active", 0.78, 71.2),
    ("acme", "telemetry-v1", "Telemetry v1", "The old event pipeline, replaced in spring.",
     "marcus.oyelaran", ["Go", "Kafka"], "archived", None, 58.0),
    ("globex", "customs-desk", "Customs desk", "Reads freight papers and drafts declarations.",
     "sofia.marchetti", ["Python", "FastAPI", "PostgreSQL"], "active", 0.83, 79.9),
    ("globex", "dock-scheduler", "Dock scheduler", "Slots for trucks, agreed with carriers by mail.",
     "aiko.tanabe", ["Python", "Celery"], "active", 0.69, 66.4),
)  # fmt: skip


# How many days before the demo's date each began.
_FOUNDED = 400
_JOINED = {username: 390 - 7 * place for place, (username, *_) in enumerate(_PEOPLE)}


@dataclass(slots=True)
class Demo:
    """What a run of `seed` found and made."""

    as_of: date
    tenants: list[str] = field(default_factory=lambda: [slug for slug, *_ in _TENANTS])
    created: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        as_of = self.as_of.isoformat()
        return {"as_of": as_of, "tenants": self.tenants, "created": self.created}

    def ago(self, days: float) -> datetime:
        """A moment of the story, counted back from the evening of its date."""
        return datetime.combine(self.as_of, time(18), UTC) - timedelta(days=days)

    def born(self, *names: str, days: float) -> Row:
        """The id and the date of a row: a UUIDv7 whose random part comes from the names."""
        moment = self.ago(days)
        digest = hashlib.sha256("/".join(names).encode()).digest()
        high, low = int.from_bytes(digest[:2], "big") >> 4, int.from_bytes(digest[2:10], "big") >> 2
        milliseconds = int(moment.timestamp() * 1000)
        number = milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
        return {"id": UUID(int=number), "created_at": moment}

    def tenant(self, slug: str) -> UUID:
        return self._id("tenant", slug, days=_FOUNDED)

    def person(self, username: str) -> UUID:
        return self._id("user", username, days=_JOINED[username])

    def _id(self, *names: str, days: float) -> UUID:
        made: UUID = self.born(*names, days=days)["id"]
        return made


async def seed(db: Database, *, as_of: date | None = None) -> Demo:
    """Make the demo, or what is missing of it; all of it or nothing."""
    async with db.service("demo data") as s:
        await s.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        demo = Demo(await _settle_date(s, as_of))
        for group in (_people, _tenants, _memberships, _projects):
            await group(s, demo)
    return demo


async def _settle_date(s: ServiceTransaction, asked: date | None) -> date:
    """The date the first run chose, else the one asked for, else today."""
    slugs = [slug for slug, *_ in _TENANTS]
    for tenant in await s.tenants.list(slug=slugs):
        remembered = tenant.settings.get(_SETTING)
        if remembered is None:
            raise InvalidInput(
                f"There is a tenant {tenant.slug} that is not the demo's.",
                field="slug",
                hint="The demo needs a database without it.",
            )
        if asked not in (None, date.fromisoformat(remembered)):
            raise InvalidInput(
                f"The demo is there already, as of {remembered}.",
                field="as_of",
                hint="It keeps that date; another needs an empty database.",
            )
        return date.fromisoformat(remembered)
    return asked or datetime.now(UTC).date()


# ---- one function for each group of the domain ------------------------------------------------


async def _people(s: ServiceTransaction, demo: Demo) -> None:
    home = {name: next(iter(roles)) for name, _, _, roles in _PEOPLE}
    rows = [
        {
            **demo.born("user", username, days=_JOINED[username]),
            "email": f"{username}@{home[username]}.example",
            "username": username,
            "name": name,
            "kind": kind,
            "role": "service" if kind == "service" else "user",
        }
        for username, name, kind, _ in _PEOPLE
    ]
    await _add(demo, "users", s.users, rows)


async def _tenants(s: ServiceTransaction, demo: Demo) -> None:
    people = {username: name for username, name, *_ in _PEOPLE}
    rows = [
        {
            **demo.born("tenant", slug, days=_FOUNDED),
            "slug": slug,
            "name": name,
            "plan": plan,
            "status": "active",
            "owner_user_id": demo.person(owner),
            "owner_email": f"{owner}@{slug}.example",
            "owner_name": people[owner],
            "settings": {**settings, _SETTING: demo.as_of.isoformat()},
        }
        for slug, name, plan, owner, _, settings in _TENANTS
    ]
    made = await _add(demo, "tenants", s.tenants, rows)
    for slug, _, _, _, quotas, _ in _TENANTS:
        if quotas and demo.tenant(slug) in made:
            await s.tenants.set_quotas(demo.tenant(slug), **quotas)


async def _memberships(s: ServiceTransaction, demo: Demo) -> None:
    for tenant in demo.tenants:
        rows = [
            {
                **demo.born("membership", tenant, username, days=_JOINED[username] - 1),
                "user_id": demo.person(username),
                "role": roles[tenant],
            }
            for username, _, _, roles in _PEOPLE
            if tenant in roles
        ]
        await _add(demo, "memberships", s.tenant(demo.tenant(tenant)).memberships, rows)


async def _projects(s: ServiceTransaction, demo: Demo) -> None:
    for tenant in demo.tenants:
        rows = [
            {
                **demo.born("project", tenant, slug, days=300 - 30 * place),
                "slug": slug,
                "name": name,
                "description": description,
                "status": status,
                "owner_id": demo.person(owner),
                "repository_url": f"https://git.{tenant}.example/{slug}",
                "tech_stack": stack,
                "config": {"max_concurrent_agents": 3},
                "pr_merge_rate": merge_rate,
                "test_coverage_percent": coverage,
                "archived_at": demo.ago(20) if status == "archived" else None,
            }
            for place, (
                at, slug, name, description, owner, stack, status, merge_rate, coverage,
            ) in enumerate(_PROJECTS)
            if at == tenant
        ]  # fmt: skip
        await _add(demo, "projects", s.tenant(demo.tenant(tenant)).projects, rows)


async def _add(
    demo: Demo, what: str, repository: Repository[Any], rows: Sequence[Row]
) -> set[UUID]:
    """Create the rows that are not there yet; the ids of those."""
    known = {r.id for r in await repository.list(id=[row["id"] for row in rows], limit=10_000)}
    missing = [row for row in rows if row["id"] not in known]
    if missing:
        await repository.create_many(missing)
    demo.created[what] = demo.created.get(what, 0) + len(missing)
    return {row["id"] for row in missing}
