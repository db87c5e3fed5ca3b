"""`task`: a tenant's work. Done as the tenant: row security holds here as everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from . import as_tenant, lookup
from .answer import Answer, View, facts, printable, row, table
from .command import command, group

if TYPE_CHECKING:
    from tenantry.handles import TenantTransaction
    from tenantry.models import Task
    from tenantry.repositories import TaskNode

app = group("Create, find and move a tenant's tasks.")

_Limit = Annotated[int, typer.Option(metavar="N", min=1, max=1000)]
_Project = Annotated[str | None, typer.Option(metavar="PROJECT", help="Its slug or id.")]
_Priority = Literal["critical", "high", "medium", "low"]
_Type = Literal["feature", "bugfix", "refactor", "docs", "config", "test", "chore", "task"]
_Category = Literal["todo", "active", "waiting", "review", "done", "failed"]


@command(app, "list")
async def list_(
    tenant: lookup.TenantName,
    *,
    status: Annotated[str | None, typer.Option(help="Only those on this stage.")] = None,
    category: Annotated[_Category | None, typer.Option(help="Only stages of this kind.")] = None,
    priority: Annotated[_Priority | None, typer.Option(help="Only these.")] = None,
    project: _Project = None,
    limit: _Limit = 50,
    after: Annotated[
        UUID | None, typer.Option(metavar="ID", help="Continue after this id.")
    ] = None,
) -> Answer:
    """List tasks, newest first."""
    given = {"status": status, "state_category": category, "priority": priority}
    filters: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    async with as_tenant.work(tenant, "task list") as t:
        if project is not None:
            filters["project_id"] = await _project(t, tenant, project)
        page = await t.tasks.list(limit=limit, after=after, **filters)
    note = f"More: --after {page.next}" if page.next else ""
    return Answer({"tasks": [row(x) for x in page], "next": page.next}, _table(page), note=note)


@command(app)
async def show(tenant: lookup.TenantName, task: lookup.TaskId) -> Answer:
    """Show a task: where it stands, what it waits for, and what was done for it."""
    async with as_tenant.work(tenant, "task show") as t:
        found = await t.tasks.with_executions(task)
        waits = await t.tasks.dependencies(task)
        allowed = await t.tasks.allowed_transitions(task)
    one = found.task
    data = {
        **row(one),
        "waits_for": [row(x) for x in waits],
        "allowed_transitions": allowed,
        "executions": [row(x) for x in found.executions],
        "artifacts": [row(x) for x in found.artifacts],
    }
    shown = {
        "Title": one.title, "Id": one.id, "Status": f"{one.status} ({one.state_category})",
        "May move to": allowed, "Type": one.type, "Priority": one.priority,
        "Project": one.project_id, "Part of": one.parent_id, "Labels": one.labels,
        "Waits for": [f"{x.title} ({x.status})" for x in waits], "Description": one.description,
        "Created": one.created_at, "Started": one.started_at, "Completed": one.completed_at,
        "Executions": len(found.executions), "Artifacts": [x.path for x in found.artifacts],
    }  # fmt: skip
    return Answer(data, facts(shown))


@command(app)
async def create(
    tenant: lookup.TenantName,
    title: Annotated[str, typer.Argument(metavar="TITLE")],
    *,
    description: Annotated[str | None, typer.Option()] = None,
    prompt: Annotated[str, typer.Option(help="What an agent is asked to do.")] = "",
    type: Annotated[_Type, typer.Option()] = "task",
    priority: Annotated[_Priority, typer.Option()] = "medium",
    project: _Project = None,
    workflow: Annotated[
        str | None, typer.Option(help="By name; else the tenant's default.")
    ] = None,
    parent: Annotated[UUID | None, typer.Option(metavar="TASK", help="It is a part of.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="May be given many times.")] = None,
    waits_for: Annotated[
        list[UUID] | None, typer.Option(metavar="TASK", help="May be given many times.")
    ] = None,
) -> Answer:
    """Create a task on the first stage of its workflow."""
    async with as_tenant.work(tenant, "task create") as t:
        values: dict[str, Any] = {
            "title": title, "description": description, "prompt": prompt, "type": type,
            "priority": priority, "parent_id": parent, "labels": label or [],
        }  # fmt: skip
        if project is not None:
            values["project_id"] = await _project(t, tenant, project)
        made = await (
            t.tasks.create(**values) if workflow is None else t.tasks.create_in(workflow, **values)
        )
        for other in waits_for or []:
            await t.tasks.add_dependency(made.id, on=other)
    return Answer(row(made), f"Created task {made.id}, {made.status}.")


@command(app)
async def move(
    tenant: lookup.TenantName,
    task: lookup.TaskId,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="Of its workflow.")],
    expected: Annotated[
        str | None, typer.Option(metavar="STAGE", help="Only if it still stands there.")
    ] = None,
) -> Answer:
    """Move a task to another stage, as its workflow allows."""
    async with as_tenant.work(tenant, "task move") as t:
        moved = await t.tasks.transition(task, stage, expected=expected)
    return Answer(row(moved), f"Task {moved.id} is {moved.status}.")


@command(app)
async def tree(tenant: lookup.TenantName, task: lookup.TaskId) -> Answer:
    """Show a task with all its parts."""
    async with as_tenant.work(tenant, "task tree") as t:
        top = await t.tasks.tree(task)
    return Answer(_nested(top), _drawn(top))


@command(app)
async def search(
    tenant: lookup.TenantName,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help='Words, "a phrase", or, and -without.')
    ],
    limit: _Limit = 20,
) -> Answer:
    """Find tasks by title and description, best match first."""
    async with as_tenant.work(tenant, "task search") as t:
        found = await t.tasks.search(text, limit=limit)
    return Answer({"tasks": [row(x) for x in found]}, _table(found))


async def _project(t: TenantTransaction, tenant: str, name: str) -> UUID:
    project_id = lookup.as_uuid(name)
    named = {"slug": name} if project_id is None else {"id": project_id}
    found = await t.projects.list(limit=1, **named)
    if not found:
        raise lookup.Unknown("project", name, f"stats {tenant}")
    return found[0].id


def _table(tasks: Sequence[Task]) -> View:
    rows = [(x.title, x.status, x.priority, x.type, x.id, x.created_at) for x in tasks]
    return table(("Title", "Status", "Priority", "Type", "Id", "Created"), rows, "No tasks.")


def _nested(node: TaskNode) -> dict[str, Any]:
    return {**row(node.task), "children": [_nested(child) for child in node.children]}


def _drawn(top: TaskNode) -> View:
    def build() -> Any:
        from rich.text import Text
        from rich.tree import Tree

        def grow(node: TaskNode, onto: Tree | None) -> Tree:
            text = Text(printable(f"{node.task.title} ({node.task.status})"))
            drawn = Tree(text) if onto is None else onto.add(text)
            for child in node.children:
                grow(child, drawn)
            return drawn

        return grow(top, None)

    return build
