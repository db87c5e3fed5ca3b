"""The statements about tasks that span more than one row or table, each compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import Integer, Select, Table, Text, column, false, func, literal_column, select

from tenantry.models import AgentExecution, Artifact, Task, TaskDependency, Workflow
from tenantry.models.base import Base
from tenantry.schema.statements import Statement, compile_statement, readable, slot

Row = asyncpg.Record


def _table(model: type[Base]) -> Table:
    table: Table = model.__table__  # type: ignore[assignment]
    return table


_tasks, _dependencies, _workflows = _table(Task), _table(TaskDependency), _table(Workflow)
_t, _d, _w = _tasks.c, _dependencies.c, _workflows.c
_TASK = readable(Task)
_MINE = _t.tenant_id == slot("tenant_id")
_THIS = _t.id == slot("task_id")
#: What a task's details hold, in this order.
_DETAILS: tuple[type[Base], ...] = (Task, AgentExecution, Artifact)


@cache
def allowed() -> Statement:
    """Where the workflow leads from the task's stage."""
    both = (_w.tenant_id == _t.tenant_id) & (_w.id == _t.workflow_id)
    rule = _w.transition_rules.op("->")(_t.status)
    return compile_statement(
        select(rule).select_from(_tasks.join(_workflows, both)).where(_MINE, _THIS)
    )


@cache
def linked(*, waiting: bool) -> Statement:
    """One step along the dependencies: those that wait for the task, or those it waits for."""
    to, start = (_d.task_id, _d.depends_on_id) if waiting else (_d.depends_on_id, _d.task_id)
    both = (_d.tenant_id == _t.tenant_id) & (to == _t.id)
    return compile_statement(
        select(*_TASK)
        .select_from(_tasks.join(_dependencies, both))
        .where(_MINE, _d.tenant_id == slot("tenant_id"), start == slot("task_id"))
        .order_by(_t.id)
    )


@cache
def tree() -> Statement:
    """The task and everything below it, from the top down."""
    top = select(_t.id, literal_column("0", Integer).label("depth")).where(_MINE, _THIS)
    found = top.cte("tree", recursive=True)
    deeper = found.c.depth + literal_column("1", Integer)
    below = select(_t.id, deeper).where(_MINE, _t.parent_id == found.c.id)
    found = found.union_all(below)
    return compile_statement(
        select(*_TASK)
        .select_from(_tasks.join(found, found.c.id == _t.id))
        .where(_MINE)
        .order_by(found.c.depth, _t.id)
    )


@cache
def details() -> Statement:
    """Three tables in one answer: each row is of one of them, and empty in the others' columns."""
    task, executions, artifacts = (_part(model).subquery() for model in _DETAILS)
    return compile_statement(
        select(*task.c, *executions.c, *artifacts.c).select_from(
            task.outerjoin(executions, false(), full=True).outerjoin(artifacts, false(), full=True)
        )
    )


def _part(model: type[Base]) -> Select[Any]:
    c = _table(model).c
    query: Select[Any] = select(*readable(model)).where(c.tenant_id == slot("tenant_id"))
    if model is Task:
        return query.where(_THIS)
    ours = query.where(c.task_id == slot("task_id"))
    return ours.order_by(c.id.desc()).limit(slot("many", Integer()))


def cut(row: Row) -> tuple[int, Sequence[Any]]:
    """Which of the three tables a row of `details` is of, and its values there."""
    start = 0
    for place, model in enumerate(_DETAILS):
        end = start + len(readable(model))
        # Every table's first column is its tenant's id, and never empty.
        if row[start] is not None:
            return place, row[start:end]
        start = end
    raise AssertionError("a row of none of the tables")


@cache
def search() -> Statement:
    found = func.tenantry.search_tasks(slot("query", Text()), slot("many", Integer()))
    ranked = found.table_valued(column("id"), column("rank"), name="found")
    return _found(ranked, ranked.c.rank.desc())


@cache
def labelled() -> Statement:
    found = func.tenantry.tasks_labelled(slot("label", Text()), slot("many", Integer()))
    return _found(found.table_valued(column("id"), name="found"))


def _found(function: Any, *order: Any) -> Statement:
    """The rows that a function names, in one round trip."""
    return compile_statement(
        select(*_TASK)
        .select_from(_tasks.join(function, function.c.id == _t.id))
        .where(_MINE)
        .order_by(*order, _t.id.desc())
    )
