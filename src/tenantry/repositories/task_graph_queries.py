"""What tasks wait for, however far: statements that go level by level, in breadth.

A level is one row that holds all its ids, so that each is one look into the index for all of them,
and an id that was seen is not gone into again: it ends on any graph, visits each task once, and
finds the nearest first. A join with one row for each task costs several times that.
"""

from __future__ import annotations

from functools import cache

#: As `LinkedTask` has them, before its depth.
_BRIEF = "t.id, t.title, t.type, t.status, t.state_category, t.priority, t.project_id"

#: `$1` the tenant. What is {found} next to a level's ids, each once, but was not seen. OFFSET 0: an
#: id is looked for among those seen (most of the work in a big graph) once for each level.
_REACHED = """
WITH RECURSIVE reached (depth, ids, seen) AS (
    SELECT 0, roots.ids, roots.ids FROM (SELECT {roots} AS ids) AS roots
    UNION ALL
    SELECT r.depth + 1, next.ids, r.seen || next.ids
    FROM reached AS r, LATERAL (
        SELECT array_agg(found.id) AS ids
        FROM ({found} OFFSET 0) AS found (id)
        WHERE found.id <> ALL (r.seen)
    ) AS next
    WHERE next.ids IS NOT NULL {within}
)"""

_LINKED = """
SELECT DISTINCT d.{to} FROM tenantry.task_dependencies AS d
WHERE d.tenant_id = $1 AND d.{start} = ANY (r.ids)"""

#: A task that is done is no longer waited for, nor is what it has waited for.
_UNFINISHED = """
SELECT t.id FROM tenantry.tasks AS t
WHERE t.tenant_id = $1 AND t.state_category <> 'done' AND t.id = ANY (ARRAY(
    SELECT d.depends_on_id FROM tenantry.task_dependencies AS d
    WHERE d.tenant_id = $1 AND d.task_id = ANY (r.ids)))"""

_NEEDS = """ARRAY(
    SELECT d.depends_on_id FROM tenantry.task_dependencies AS d
    WHERE d.tenant_id = $1 AND d.task_id = t.id) AS needs"""

# OFFSET 0 keeps a level's look-up one look-up.
_TASKS = """
SELECT found.*, r.depth
FROM reached AS r, LATERAL (
    SELECT {brief} FROM tenantry.tasks AS t
    WHERE t.tenant_id = $1 AND t.id = ANY (r.ids) OFFSET 0
) AS found
ORDER BY r.depth, found.id"""

_OF_THESE = """ARRAY(
    SELECT t.id FROM tenantry.tasks AS t
    WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[]) AND t.state_category <> 'done')"""

_OF_PROJECT = """ARRAY(
    SELECT t.id FROM tenantry.tasks AS t
    WHERE t.tenant_id = $1 AND t.project_id = $2 AND t.state_category NOT IN ('done', 'failed'))"""


@cache
def linked(*, waiting: bool) -> str:
    """`$2` the task: all that wait for it, or all it waits for; the task itself comes first."""
    to, start = ("task_id", "depends_on_id") if waiting else ("depends_on_id", "task_id")
    found = _LINKED.format(to=to, start=start)
    reached = _REACHED.format(roots="ARRAY[$2::uuid]", found=found, within="")
    return reached + _TASKS.format(brief=_BRIEF)


@cache
def closure(*, waiting: bool) -> str:
    """The same with what each waits for, `$3` steps far, and up to one task more than `$4`."""
    to, start = ("task_id", "depends_on_id") if waiting else ("depends_on_id", "task_id")
    found = _LINKED.format(to=to, start=start)
    within = "AND r.depth < $3::integer AND cardinality(r.seen) <= $4::integer"
    reached = _REACHED.format(roots="ARRAY[$2::uuid]", found=found, within=within)
    # The level that went beyond may be of any size.
    return f"{reached}{_with_needs()} LIMIT $4 + 1"


@cache
def plan(*, of_project: bool) -> str:
    """`$2` tasks, or a project for its open ones: those not done, with all that they wait for."""
    roots = _OF_PROJECT if of_project else _OF_THESE
    return _REACHED.format(roots=roots, found=_UNFINISHED, within="") + _with_needs()


def _with_needs() -> str:
    return _TASKS.format(brief=f"{_BRIEF}, {_NEEDS}")


#: `$2` ids: those there are.
KNOWN = "SELECT t.id FROM tenantry.tasks AS t WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])"


@cache
def runnable(columns: tuple[str, ...], *, of_project: bool) -> str:
    """`$2` how many (and `$3` a project): tasks to do that wait for nothing, most urgent first.

    One look for each priority reads the index of open tasks in its order, and stops when full.
    """
    of = "AND t.project_id = $3" if of_project else ""
    return f"""
SELECT {", ".join(f"found.{name}" for name in columns)}
FROM (VALUES (0, 'critical'), (1, 'high'), (2, 'medium'), (3, 'low')) AS p (place, priority),
LATERAL (
    SELECT t.* FROM tenantry.tasks AS t
    WHERE t.tenant_id = $1 AND t.state_category = 'todo' AND t.priority = p.priority {of}
      AND NOT EXISTS (
        SELECT FROM tenantry.task_dependencies AS d
        JOIN tenantry.tasks AS n ON n.tenant_id = d.tenant_id AND n.id = d.depends_on_id
        WHERE d.tenant_id = $1 AND d.task_id = t.id AND n.state_category <> 'done')
    ORDER BY t.id LIMIT $2
) AS found
ORDER BY p.place, found.id LIMIT $2"""  # noqa: S608 - the columns are the model's
