"""Two tenants, ten people, and who is what where."""

from __future__ import annotations

from typing import Any

from tenantry.models import Membership, Tenant, User

from .story import Company, Story, born

#: Where a tenant remembers the date of its story.
SETTING = "demo_as_of"

# slug, name, plan, owner, settings
_TENANTS: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("acme", "Acme Robotics", "enterprise", "dana.whitfield",
     {"default_model": "claude-sonnet-4-5", "data_residency": "us",
      "compliance_frameworks": ["SOC 2"]}),
    ("globex", "Globex Logistics", "starter", "henrik.lund",
     {"default_model": "gpt-4o-mini", "data_residency": "eu", "compliance_frameworks": ["GDPR"]}),
)  # fmt: skip

QUOTAS: dict[str, dict[str, int]] = {"globex": {"max_users": 10, "max_projects": 5}}

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

_NAMES = {username: name for username, name, *_ in _PEOPLE}


def first_name(username: str) -> str:
    return _NAMES[username].split()[0]


def people(story: Story) -> None:
    for place, (username, name, kind, roles) in enumerate(_PEOPLE):
        at = story.demo.ago(390)
        story.rows[User].append(
            {
                "id": story.demo.person(username),
                "created_at": at,
                "email": f"{username}@{next(iter(roles))}.example",
                "username": username,
                "name": name,
                "kind": kind,
                "role": "service" if kind == "service" else "user",
                "preferences": {} if kind == "service" else {"digest": "daily"},
                "last_login_at": story.demo.at(0.2 + 0.17 * place),
            }
        )


def tenants(story: Story) -> None:
    for slug, name, plan, owner, settings in _TENANTS:
        story.rows[Tenant].append(
            {
                "id": story.demo.tenant(slug),
                "created_at": story.demo.ago(400),
                "slug": slug,
                "name": name,
                "plan": plan,
                "status": "active",
                "owner_user_id": story.demo.person(owner),
                "owner_email": f"{owner}@{slug}.example",
                "owner_name": _NAMES[owner],
                "settings": {**settings, SETTING: story.demo.as_of.isoformat()},
            }
        )


def memberships(company: Company) -> None:
    for place, (username, _, kind, roles) in enumerate(_PEOPLE):
        if company.slug not in roles:
            continue
        role = roles[company.slug]
        if kind == "human" and role != "viewer":
            company.people.append(username)
        at = company.story.demo.ago(389 - 7 * place)
        company.story.rows[Membership].append(
            {
                "tenant_id": company.id,
                "id": born(at, "memberships", company.slug, username),
                "created_at": at,
                "user_id": company.user(username),
                "role": role,
            }
        )
