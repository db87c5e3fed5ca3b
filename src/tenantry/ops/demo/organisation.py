"""Projects, the eleven agents, the desks they sit at, and what their models cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tenantry.models import Agent, Desk, ModelPrice, Project

from .story import Company, Row, Story

# tenant, slug, name, what it is, who has it, stack, status, merge rate, coverage
_PROJECTS = (
    ("acme", "fleet-console", "Fleet console", "Operators watch and steer the warehouse robots.",
     "priya.raman", ["TypeScript", "React", "FastAPI"], "active", 0.91, 84.5),
    ("acme", "path-planner", "Path planner", "Routes for robots that share narrow aisles.",
     "tomas.havel", ["Rust", "Python"], "active", 0.87, 92.0),
    ("acme", "parts-forecast", "Parts forecast", "Says which spare parts a site will need, and when.",
     "june.park", ["Python", "PostgreSQL"], "active", 0.78, 71.2),
    ("acme", "telemetry-v1", "Telemetry v1", "The old event pipeline, replaced this quarter.",
     "marcus.oyelaran", ["Go", "Kafka"], "archived", None, 58.0),
    ("globex", "customs-desk", "Customs desk", "Reads freight papers and drafts declarations.",
     "sofia.marchetti", ["Python", "FastAPI", "PostgreSQL"], "active", 0.83, 79.9),
    ("globex", "dock-scheduler", "Dock scheduler", "Slots for trucks, agreed with carriers by mail.",
     "aiko.tanabe", ["Python", "Celery"], "active", 0.69, 66.4),
)  # fmt: skip

OWNERS = {slug: owner for _, slug, _, _, owner, *_ in _PROJECTS}

# type, name, what it does, whether it gets the large model
_AGENTS = (
    ("orchestrator", "Conductor", "Cuts work into steps and hands them out.", True),
    ("project_manager", "Planner", "Keeps order, dates and dependencies.", False),
    ("architect", "Draughtsman", "Compares designs and writes down the choice.", True),
    ("analyst", "Surveyor", "Looks at the data before anyone builds.", True),
    ("ui_designer", "Sketcher", "Draws what people will see.", True),
    ("frontend_dev", "Glazier", "Builds what people will see.", True),
    ("backend_dev", "Mason", "Builds what they will not.", True),
    ("tester", "Doubter", "Tries to break it.", False),
    ("bug_fixer", "Mender", "Reproduces, finds, fixes, pins with a test.", True),
    ("reviewer", "Reader", "Reads and runs every change.", True),
    ("git_agent", "Porter", "Branches, merges, releases.", False),
)

_MODELS = {
    "acme": ("anthropic", "claude-sonnet-4-5", "claude-haiku-4-5"),
    "globex": ("openai", "gpt-4o", "gpt-4o-mini"),
}

# provider, model, dollars for a million tokens in, out, cached
PRICES = {
    ("anthropic", "claude-sonnet-4-5"): (Decimal("3"), Decimal("15"), Decimal("0.3")),
    ("anthropic", "claude-haiku-4-5"): (Decimal("1"), Decimal("5"), Decimal("0.1")),
    ("openai", "gpt-4o"): (Decimal("2.5"), Decimal("10"), Decimal("1.25")),
    ("openai", "gpt-4o-mini"): (Decimal("0.15"), Decimal("0.6"), Decimal("0.075")),
    ("openai", "text-embedding-3-small"): (Decimal("0.02"), Decimal("0"), Decimal("0.02")),
}

# code, title, role, reports to, agent: four levels
_DESKS = {
    "acme": (
        ("direction", "Direction", "executive", None, "orchestrator"),
        ("delivery", "Delivery", "manager", "direction", "project_manager"),
        ("engineering", "Engineering", "manager", "direction", "architect"),
        ("quality", "Quality", "manager", "direction", "reviewer"),
        ("insight", "Insight", "lead", "delivery", "analyst"),
        ("release", "Release", "member", "delivery", "git_agent"),
        ("web", "Web", "lead", "engineering", "ui_designer"),
        ("platform", "Platform", "lead", "engineering", "backend_dev"),
        ("testing", "Testing", "lead", "quality", "tester"),
        ("fleet-ui", "Fleet screens", "member", "web", "frontend_dev"),
        ("field-ui", "Tablet screens", "member", "web", "frontend_dev"),
        ("gateway", "Gateway", "member", "platform", "backend_dev"),
        ("fixes", "Fixes", "member", "platform", "bug_fixer"),
        ("simulation", "Simulation", "member", "testing", "tester"),
        ("sites", "Site data", "member", "insight", "analyst"),
    ),
    "globex": (
        ("office", "Office", "executive", None, "orchestrator"),
        ("operations", "Operations", "manager", "office", "project_manager"),
        ("compliance", "Compliance", "manager", "office", "reviewer"),
        ("engineering", "Engineering", "manager", "office", "architect"),
        ("figures", "Figures", "lead", "operations", "analyst"),
        ("papers", "Papers", "lead", "engineering", "backend_dev"),
        ("screens", "Screens", "lead", "engineering", "ui_designer"),
        ("checking", "Checking", "lead", "compliance", "tester"),
        ("clerk-ui", "Clerk screens", "member", "screens", "frontend_dev"),
        ("repairs", "Repairs", "member", "papers", "bug_fixer"),
        ("shipping", "Shipping", "member", "papers", "git_agent"),
    ),
}


def prices(story: Story) -> None:
    for (provider, model), (dear, dearer, cheap) in PRICES.items():
        at = story.demo.ago(400)
        story.add(
            ModelPrice, provider, model, at=at, provider=provider, model=model, input_price=dear,
            output_price=dearer, cached_input_price=cheap, valid_from=at,
        )  # fmt: skip


def price(model: tuple[str, str], tokens_in: int, tokens_out: int) -> Decimal:
    dear, dearer, _ = PRICES[model]
    return round((tokens_in * dear + tokens_out * dearer) / 1_000_000, 6)


def model_of(agent: Row) -> tuple[str, str]:
    return agent["model_provider"], agent["model_name"]


def projects(company: Company) -> None:
    for place, (at, slug, name, description, owner, stack, status, merged, covered) in enumerate(
        _PROJECTS
    ):
        if at != company.slug:
            continue
        row = company.add(
            Project, slug, at=company.story.demo.ago(300 - 30 * place), slug=slug, name=name,
            description=description, status=status, owner_id=company.user(owner),
            repository_url=f"https://git.{at}.example/{slug}", path=slug, tech_stack=stack,
            config={"max_concurrent_agents": 3, "ai_model": _MODELS[at][1]}, pr_merge_rate=merged,
            test_coverage_percent=covered, archived_at=company.at(20) if status == "archived" else None,
        )  # fmt: skip
        company.projects[slug] = row["id"]


def agents(company: Company) -> None:
    provider, large, small = _MODELS[company.slug]
    for place, (kind, name, description, demanding) in enumerate(_AGENTS):
        capabilities: dict[str, Any] = {"tools": _tools(kind), "max_context_tokens": 128_000}
        company.agents[kind] = company.add(
            Agent, kind, at=company.story.demo.ago(280 - place), name=name, agent_type=kind,
            description=description, model_provider=provider,
            model_name=large if demanding else small, capabilities=capabilities,
            config={"temperature": 0.2}, tags=["core", kind.replace("_", "-")],
            version="1.4.0" if demanding else "1.2.1", is_experimental=kind == "ui_designer",
        )  # fmt: skip


def _tools(kind: str) -> list[str]:
    builders = {"frontend_dev", "backend_dev", "bug_fixer", "tester", "git_agent"}
    own = {"git_agent": ["merge", "tag"], "tester": ["run_tests"], "orchestrator": ["create_tasks"]}
    shared = ["read_file", "search"] + (["edit_file", "run"] if kind in builders else [])
    return shared + own.get(kind, [])


def desks(company: Company) -> None:
    for place, (code, title, role, above, kind) in enumerate(_DESKS[company.slug]):
        agent = company.agents[kind]
        company.desks[code] = company.add(
            Desk, code, at=company.story.demo.ago(260 - place), code=code, title=title, role=role,
            reports_to_id=company.desks[above]["id"] if above else None, agent_id=agent["id"],
            llm_provider=agent["model_provider"], llm_model=agent["model_name"],
            llm_config={"temperature": 0.2}, capabilities=_tools(kind),
            skills=[kind.replace("_", " ")],
        )  # fmt: skip
