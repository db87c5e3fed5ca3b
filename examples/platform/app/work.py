"""Projects and tasks. Nothing here names a tenant: the handle has it, and the database insists."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tenantry import models
from tenantry.models.tasks import Priority
from tenantry.web.fastapi import CurrentCaller, Tenant, require_scope

router = APIRouter(prefix="/projects", tags=["work"])
read, write = [require_scope("tasks:read")], [require_scope("tasks:write")]


class NewProject(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=255)]


class Project(NewProject):
    id: UUID
    status: str
    created_at: datetime


class NewTask(BaseModel):
    prompt: Annotated[str, Field(min_length=1, max_length=20_000)]
    priority: Priority = "medium"


class Task(NewTask):
    id: UUID
    title: str
    status: str
    created_at: datetime


class Move(BaseModel):
    stage: str


@router.get("", response_model=list[Project], dependencies=read)
async def list_projects(t: Tenant, after: UUID | None = None) -> list[models.Project]:
    return await t.projects.list(after=after)


@router.post("", status_code=201, response_model=Project, dependencies=write)
async def make_project(new: NewProject, t: Tenant, caller: CurrentCaller) -> models.Project:
    return await t.projects.create(name=new.name, owner_id=caller.user_id)


@router.get("/{project_id}/tasks", response_model=list[Task], dependencies=read)
async def list_tasks(project_id: UUID, t: Tenant) -> list[models.Task]:
    return await t.tasks.list(project_id=project_id)


@router.post("/{project_id}/tasks", status_code=201, response_model=Task, dependencies=write)
async def make_task(project_id: UUID, new: NewTask, t: Tenant) -> models.Task:
    return await t.tasks.create(project_id=project_id, prompt=new.prompt, priority=new.priority)


@router.post("/tasks/{task_id}/move", response_model=Task, dependencies=write)
async def move_task(task_id: UUID, move: Move, t: Tenant) -> models.Task:
    return await t.tasks.transition(task_id, move.stage)
