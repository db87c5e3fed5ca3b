"""The resolver would notice: right answers turned wrong, one of each kind."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

from .inventory import Item
from .live import Index, Live
from .resolve import Resolver
from .seedmap import SeedMap

pytestmark = pytest.mark.postgres("wheel")

_NAMES = """
[names.S9.tables]
dossiers = "tasks"
[names.S9.columns]
"tasks.checklist" = "task_checkpoints"
"tasks.owner" = ".creator_id"
"tasks.spent" = [".retry_count", ".max_retries"]
[names.S9.enums]
kind_of_task = "tasks.type"
level = "tasks.analysis.complexity"
[names.S9.functions]
stamp = "touch_updated_at"
[names.S9.methods]
open = "tenantry.connect"
Store = "t.projects"
[defaults]
"gen_random_uuid()" = ["tenantry.uuidv7()"]
[references]
users = ["memberships"]
[words]
"tasks.type" = { bug = "bugfix", chat = "docs" }
[soft]
"outlives" = ["cost_entries.*"]
[differs]
"S9.excused" = "null: on purpose"
[serves]
"workflow basic" = ["S9.states*"]
"issue 7: later" = ["S9.later*"]
"left out: because" = ["S9.gone", "S9.later.gone"]
"index tasks(labels) gin" = ["S9.several"]
"command migrate up" = ["S9.several"]
"""
_BASIC = "pending, running, awaiting_approval, completed, failed, cancelled"


def _item(kind: str, name: str, detail: str, id: str = "S9.it") -> Item:
    return Item(id, "S9", kind, name, detail)


def _faults(live: Live, item: Item, names: str = _NAMES) -> list[str]:
    return Resolver(SeedMap(names), live).resolve(item)[1]


@pytest.mark.parametrize(
    ("kind", "name", "detail", "wrong_name", "wrong_detail"),
    [
        ("table", "dossiers", "", "folders", None),
        ("column", "tasks.prompt", "text, not null", "tasks.prompts", "integer, not null"),
        ("column", "tasks.description", "text, nullable", None, "text, not null"),
        ("column", "tasks.retry_count", "integer, nullable, default 0", None, "boolean"),
        ("column", "tasks.spent", "integer", "tasks.spend", "text"),
        ("column", "tasks.checklist", "list", "tasks.checked", None),
        ("column", "tasks.checklist[].state", "JSON key; text", "tasks.checklist[].mood", None),
        ("column", "tasks.analysis.requiresUI", "JSON key; boolean", "tasks.analysis.ui", None),
        ("default", "tasks.max_retries", "3", "tasks.github_pr_number", "4"),
        ("default", "tasks.id", "gen_random_uuid()", "tasks.search", "now()"),
        ("default", "tasks.labels", "[]", None, "{}"),
        ("default", "tasks.checklist", "[]", None, "5"),
        ("enum", "kind_of_task", "values: feature, bug", "kind_of_work", "values: feature, party"),
        ("enum", "kind_of_task", "values: bug; aliases count", None, "values: chat; if taken so"),
        ("enum", "level", "values: trivial, complex", None, "values: trivial, heroic"),
        ("enum", "desks.role", "values: executive; list open", None, "values: executive"),
        ("constraint", "tasks.id", "primary key on tasks(id)", "tasks.title", None),
        ("constraint", "projects.slug", "unique on projects(slug)", "projects.name", None),
        ("constraint", "users.email", "unique on users(email)", "users.name", None),
        ("constraint", "lessons.confidence", "between 0 and 1", "lessons.details", None),
        ("foreign_key", "tasks.project_id", "-> projects.id; x", "tasks.prompt", "-> desks.id; x"),
        ("foreign_key", "tasks.owner", "-> users.id; x", None, "-> users.id; on delete cascade"),
        ("foreign_key", "cost_entries.desk_id", "-> desks.id; x", "cost_entries.provider", None),
        ("foreign_key", "cost_entries.desk_id", "-> desks.id; x", "lessons.category", None),
        ("index", "i", "btree on tasks(status)", None, "gin on tasks(status)"),
        ("index", "i", "gin on tasks(labels)", None, "gin on tasks(config)"),
        ("index", "i", "btree on tasks(tenant_id, status)", None, "btree on tasks(tenant_id, x)"),
        ("index", "i", "btree on tasks(tenant_id)", None, "btree on users(tenant_id)"),
        ("index", "tasks(created_at)", "btree", "tasks(updated_at)", "gin"),
        ("index", "activity_feed(is_public)", "btree", "activity_feed(summary)", None),
        ("policy", "tasks", "row level security on", "schema_version", None),
        ("policy", "p", "audit_logs, select only", None, "tasks, select only"),
        ("policy", "p", "tasks, every row for them", None, "schema_version, every row"),
        ("trigger", "t", "tasks, before update; runs stamp", None, "messages2; runs stamp"),
        ("trigger", "t", "desks; runs place_desk", None, "tasks; runs place_desk"),
        ("trigger", "t", "tables with updated_at; runs stamp", None, "tables with updated_at; runs go"),
        ("function", "stamp()", "", "stomp()", None),
        ("materialized_view", "desk_performance", "", "desk_comfort", None),
        ("method", "open", "", "close", None),
        ("method", "Store.update", "", "Store.forget", None),
        ("env", "DATABASE_URL", "", "DATABASE_URI", None),
        ("behaviour", "no rule", "", None, None),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_noticed(  # noqa: PLR0917
    live: Live, kind: str, name: str, detail: str, wrong_name: str | None, wrong_detail: str | None
) -> None:
    right = _item(kind, name, detail)
    if kind != "behaviour":
        assert _faults(live, right) == []
        if wrong_name is not None:
            assert _faults(live, replace(right, name=wrong_name))
        if wrong_detail is not None:
            assert _faults(live, replace(right, detail=wrong_detail))
    else:
        assert _faults(live, right)


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        ("table tasks", "table task"),
        ("column tasks.title", "column tasks.headline"),
        ("index tasks(labels) gin", "index tasks(labels)"),
        ("index tasks(state_category, priority)", "index tasks(priority, state_category)"),
        ("index activity_feed(id) where is_public", "index activity_feed(id) where is_private"),
        ("unique desks(code)", "unique desks(title)"),
        ("check evidence(credibility_score)", "check evidence(title)"),
        ("function search_tasks", "function search_desks"),
        ("view desk_performance", "view tasks"),
        ("role tenantry_app", "role tenantry_cook"),
        ("workflow basic", "workflow fancy"),
        ("trigger tasks.govern_task", "trigger desks.govern_task"),
        ("isolated tasks", "isolated schema_version"),
        ("partitioned messages week", "partitioned messages month"),
        ("partitioned audit_logs month", "partitioned tasks month"),
        ("method db.tenant", "method db.tenants"),
        ("vertex Task(id, status)", "vertex Task(id, mood)"),
        ("vertex Desk(code)", "vertex Chair(code)"),
        ("edge ASSIGNED_TO Task Desk", "edge ASSIGNED_TO Desk Task"),
        ("edge EXECUTED Agent Task(result)", "edge EXECUTED Agent Task(mood)"),
        ("question agent-history", "question agent-future"),
        ("method t.projects.create", "method t.projects.creates"),
        ("method s.tenants.suspend", "method t.tenants.suspend"),
        ("method tenantry.models.AGENT_TYPES", "method tenantry.models.agent_types"),
        ("method tenantry.connect", "method nowhere.connect"),
        ("command migrate up", "command migrate"),
        ("command health", "command wealth"),
        ("setting pool_max", "setting pool_most"),
        ("env TENANTRY_POOL_MAX", "env TENANTRY_POOL_MOST"),
        (
            "test tests/seeds/test_resolver.py::test_a_wrong_answer_is_noticed",
            "test tests/seeds/test_resolver.py::test_nothing",
        ),
        ("make docs", "make dots"),
        ("file pyproject.toml", "file pyproject.json"),
        ("dependency asyncpg", "dependency async"),
        ("table tasks", "chair tasks"),
        ("table tasks", "tables"),
        ("table tasks", "faults table tasks"),
    ],
)
def test_a_thing_that_is_not_there_is_noticed(live: Live, thing: str, wrong: str) -> None:
    things = Resolver(SeedMap(_NAMES), live).things
    assert things.faults(thing) == []
    assert things.faults(wrong)


def test_a_preset_has_exactly_the_words_of_its_seed(live: Live) -> None:
    states = _item("enum", "state", f"values: {_BASIC}", "S9.states")
    assert _faults(live, states) == []
    assert _faults(live, replace(states, detail=f"values: {_BASIC}, paused"))
    assert _faults(live, replace(states, detail=f"values: {_BASIC.removesuffix(', cancelled')}"))
    first = _item("default", "tasks.state", "'pending'", "S9.states.default")
    assert _faults(live, first) == []
    assert _faults(live, replace(first, detail="'running'"))


def test_an_item_that_several_things_serve_needs_each(live: Live) -> None:
    item = _item("behaviour", "x", "", "S9.several")
    answer, faults = Resolver(SeedMap(_NAMES), live).resolve(item)
    assert answer.things == ["index tasks(labels) gin", "command migrate up"]
    assert not faults
    assert _faults(live, item, _NAMES.replace("migrate up", "migrate upwards"))
    poorer = deepcopy(live)
    poorer.indexes["tasks"] = [i for i in live.indexes["tasks"] if i.method != "gin"]
    assert _faults(poorer, item)


def test_later_and_left_out_are_said_and_exclude_each_other(live: Live) -> None:
    resolver = Resolver(SeedMap(_NAMES), live)
    later, _ = resolver.resolve(_item("method", "x", "", "S9.later"))
    gone, _ = resolver.resolve(_item("command", "x", "", "S9.gone"))
    assert (later.kind, later.issue) == ("later", 7)
    assert (gone.kind, gone.left_out) == ("left out", "because")
    with pytest.raises(ValueError, match="answered in several ways"):
        resolver.resolve(_item("command", "x", "", "S9.later.gone"))


def test_a_difference_is_forgiven_where_the_map_says_which(live: Live) -> None:
    excused = _item("column", "tasks.description", "text, not null", "S9.excused")
    assert _faults(live, excused) == []
    assert _faults(live, replace(excused, detail="integer, nullable"))
    assert _faults(live, replace(excused, id="S9.other"))


def test_lines_that_answer_nothing_are_found(live: Live) -> None:
    seeds = SeedMap(_NAMES)
    before = set(seeds.unused())
    Resolver(seeds, live).resolve(_item("table", "dossiers", ""))
    assert before - set(seeds.unused()) == {"S9.tables: dossiers"}
    with pytest.raises(ValueError, match="has no chairs"):
        SeedMap("[names.S9.chairs]\n")


def test_what_the_catalog_loses_is_missed(live: Live) -> None:
    """A policy, a reference, a key or a guard that goes from the database is a fault."""
    asked = {
        "policies": _item("policy", "tasks", "row level security on"),
        "guarded": _item("policy", "tasks", "row level security on"),
        "references": _item("foreign_key", "tasks.project_id", "-> projects.id; x"),
        "checks": _item("enum", "kind_of_task", "values: feature"),
        "triggers": _item("trigger", "t", "tasks; runs stamp"),
        "indexes": _item("constraint", "tasks.id", "primary key on tasks(id)"),
    }
    for part, item in asked.items():
        poorer = replace(live, **{part: deepcopy(getattr(live, part))})
        kept = getattr(poorer, part)
        kept.remove("tasks") if isinstance(kept, set) else kept.pop("tasks")
        assert _faults(live, item) == [], part
        assert _faults(poorer, item), part
    floorless = deepcopy(live)
    floorless.policies["tasks"] = [p for p in live.policies["tasks"] if p.permissive]
    assert _faults(floorless, asked["policies"])
    loose = deepcopy(live)
    loose.indexes["tasks"] = [Index("btree", ("id",), unique=False, primary=False)]
    assert _faults(loose, asked["indexes"])
