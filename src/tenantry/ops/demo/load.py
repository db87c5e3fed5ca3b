"""Telling the story to a database: what is missing of it, all or nothing, and the same every time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Table

from tenantry import models as m
from tenantry.database import Database
from tenantry.endpoints import url_for
from tenantry.errors import ConfigurationError, InvalidInput
from tenantry.handles import ServiceTransaction
from tenantry.kernel.codecs import dumps
from tenantry.models import Base
from tenantry.ops import partitions

from . import company
from .plot import tell
from .story import LENGTH, TENANTS, Demo, Row, Story

#: One demo at a time in a database; any number will do as long as it stays the same.
_LOCK = 0x7E4A_4774

#: In the order in which they refer to each other. A session's expense comes before the session: what
#: triggers add up then lands in it.
_ORDER: tuple[type[Base], ...] = (
    m.ModelPrice, m.Membership, m.Project, m.Agent, m.Desk, m.Task, m.TaskDependency,
    m.TaskCheckpoint, m.Delegation, m.Approval, m.TaskComment, m.TaskAttachment, m.QaReview,
    m.Evidence, m.CostEntry, m.AgentSession, m.AgentExecution, m.Artifact, m.SelfReview, m.Lesson,
    m.Pattern, m.EvidenceLink, m.Business, m.Conversation, m.Message, m.KnowledgeBase, m.DataSource,
    m.Document, m.Chunk, m.Activity,
)  # fmt: skip
#: Rows that triggers completed have changed now; in the story they did with what was added to them last.
_LAST_CHANGED = (
    "UPDATE tenantry.desks SET updated_at = created_at WHERE updated_at = now()",
    "UPDATE tenantry.conversations SET updated_at = tenantry.time_of(last_message_id)"
    " WHERE updated_at = now() AND last_message_id IS NOT NULL",
    "UPDATE tenantry.agent_sessions SET updated_at = greatest("
    "coalesce(ended_at, started_at), tenantry.time_of(last_message_id)) WHERE updated_at = now()",
    "UPDATE tenantry.agents AS a SET updated_at = e.ended FROM ("
    " SELECT tenant_id, agent_id, max(coalesce(completed_at, started_at)) AS ended"
    " FROM tenantry.agent_executions GROUP BY 1, 2) AS e"
    " WHERE e.tenant_id = a.tenant_id AND e.agent_id = a.id AND a.updated_at = now()",
)
_PAST = ("messages", "agent_executions", "cost_entries", "activity_feed")


async def seed(db: Database, *, as_of: date | None = None) -> Demo:
    """Make the demo, or what is missing of it; all of it or nothing."""
    async with db.service("demo data") as s:
        await s.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        demo = Demo(await _settle_date(s, as_of))
        await _make_partitions(db, demo)
        story = Story(demo)
        company.people(story)
        company.tenants(story)
        await _write(s, story, m.User)
        await _write(s, story, m.Tenant)
        for slug, quotas in company.QUOTAS.items():
            if demo.created["tenants"]:
                await s.tenants.set_quotas(demo.tenant(slug), **quotas)
        # All that is read for the story: the presets' ids are the database's own.
        tell(story, {slug: await _workflows(s, demo.tenant(slug)) for slug in demo.tenants})
        for model in _ORDER:
            await _write(s, story, model)
        for statement in _LAST_CHANGED:
            await s.execute(statement)
    return demo


async def _settle_date(s: ServiceTransaction, asked: date | None) -> date:
    """The date the first run chose, else the one asked for, else today."""
    for tenant in await s.tenants.list(slug=list(TENANTS)):
        remembered = tenant.settings.get(company.SETTING)
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


async def _make_partitions(db: Database, demo: Demo) -> None:
    """For the past that the story tells. Without the owner's URL it goes to the default partitions,
    which `partitions.drain` empties."""
    try:
        owner = url_for(db.settings, "owner")
    except ConfigurationError:
        return
    await partitions.ensure(owner, demo.at(LENGTH), demo.ago(0), tables=_PAST)


async def _workflows(s: ServiceTransaction, tenant: UUID) -> dict[str, UUID]:
    rows = await s.tenant(tenant).workflows.list(is_builtin=True, limit=100)
    return {workflow.name: workflow.id for workflow in rows}


async def _write(s: ServiceTransaction, story: Story, model: type[Base]) -> None:
    """The rows that are not there yet, in one statement for each set of columns."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - a mapped class has one
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in story.rows[model]:
        if "updated_at" in table.columns:
            row.setdefault("updated_at", row["created_at"])
        groups.setdefault(tuple(row), []).append(row)
    made = 0
    for columns, rows in groups.items():
        made += await s.execute(_insert(table, columns), dumps(rows).decode())
    story.demo.created[table.name] = made


def _insert(table: Table, columns: tuple[str, ...]) -> str:
    """Not `ON CONFLICT`: rows that are there shall not so much as reach a trigger."""
    unknown = set(columns) - {c.name for c in table.columns}
    if unknown:
        raise ValueError(f"{table.name} has no {', '.join(unknown)}")
    listed = ", ".join(columns)
    keys = [c.name for c in table.primary_key.columns]
    if table.name == m.ModelPrice.__tablename__:
        keys = ["provider", "model"]  # prices of one's own stay as they are
    same = " AND ".join(f"t.{key} = r.{key}" for key in keys)
    return (
        f"INSERT INTO tenantry.{table.name} ({listed})"  # noqa: S608 - names of the models
        f" SELECT {', '.join(f'r.{column}' for column in columns)}"
        f" FROM jsonb_populate_recordset(NULL::tenantry.{table.name}, $1::text::jsonb) AS r"
        f" WHERE NOT EXISTS (SELECT FROM tenantry.{table.name} AS t WHERE {same})"
    )
