"""The main questions of every repository go through the index that is there for them, and look only
into the partitions that can hold the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from tenantry import ids, repositories
from tenantry.handles import ServiceTransaction, Statements, TenantTransaction
from tenantry.models import Tenant, User
from tenantry.repositories import Repository
from tests.fixtures.database import make_tenant, make_user
from tests.fixtures.plans import Plans

Call = Callable[[], Awaitable[Any]]
#: Repository -> what is asked of it, and the index that answers.
Cases = list[tuple[type[Repository[Any]], Call, str]]
r = repositories

_SEALS = """
INSERT INTO tenantry.{0} ({1}sequence, from_id, to_id, entries, root, leaves, previous, hash)
SELECT {2} n, tenantry.uuid_of(n), tenantry.uuid_of(n + 1), 1, sha256(''), sha256('') || substring(sha256('') FOR 16),
       CASE WHEN n > 1 THEN sha256('') END, sha256('') FROM generate_series(1, 500) AS n"""
_OF_ALL = (
    "INSERT INTO tenantry.graph_queries (name, text, result_columns)"
    " SELECT 'q' || n, 'MATCH', '[\"t\"]' FROM generate_series(1, 2000) AS n",
    _SEALS.format("platform_seals", "", ""),
    _SEALS.format(
        "audit_seals", "tenant_id, ", "(SELECT id FROM tenantry.tenants WHERE slug = 'acme'),"
    ),
    "INSERT INTO tenantry.tenants (name, slug) SELECT n, 't' || n FROM generate_series(1, 300) AS n",
    "INSERT INTO tenantry.users (name, email)"
    " SELECT n, n || '@x.example' FROM generate_series(1, 300) AS n",
    "INSERT INTO tenantry.model_prices (provider, model, input_price, output_price)"
    " SELECT 'p', n, 1, 1 FROM generate_series(1, 300) AS n",
)


@pytest.fixture
async def ada(plans: Plans) -> tuple[Tenant, User]:
    """A tenant with enough rows for searches to be worth an index, and a member."""
    acme = await make_tenant(plans.db, "acme")
    user = await make_user(plans.db, "ada@acme.example", acme)
    await plans.fill(acme.id, 2000, *_OF_ALL)
    return acme, user


def of_work(t: TenantTransaction, one: UUID) -> Cases:
    return [
        (r.Projects, t.projects.list, "projects_pkey"),
        (r.Projects, lambda: t.projects.get(one), "projects_pkey"),
        (r.Projects, lambda: t.projects.by_slug("p"), "projects_tenant_id_slug_key"),
        (r.Projects, lambda: t.projects.list(owner_id=one), "projects_owner_id_idx"),
        (r.Workflows, lambda: t.workflows.by_name("word7"), "workflows_tenant_id_name_key"),
        (r.Workflows, t.workflows.default, "workflows_default_key"),
        (r.Tasks, lambda: t.tasks.by_state("running"), "tasks_status_idx"),
        (r.Tasks, lambda: t.tasks.recent(one), "tasks_project_id_idx"),
        (r.Tasks, lambda: t.tasks.tree(one), "tasks_parent_id_idx"),
        (r.Tasks, lambda: t.tasks.with_executions(one), "artifacts_task_id_idx"),
        (r.Tasks, lambda: t.tasks.with_executions(one), "agent_executions_task_id_idx"),
        (r.Tasks, lambda: t.tasks.dependencies(one), "task_dependencies_tenant_id_task_id_depends_on_id_key"),
        (r.Tasks, lambda: t.tasks.dependents(one), "task_dependencies_depends_on_id_idx"),
        (r.Tasks, lambda: t.tasks.dependencies(one, transitive=True), "task_dependencies_tenant_id_task_id_depends_on_id_key"),
        (r.Tasks, lambda: t.tasks.dependents(one, transitive=True), "task_dependencies_depends_on_id_idx"),
        (r.Tasks, t.tasks.runnable, "tasks_open_idx"),
        (r.Tasks, lambda: t.tasks.runnable_order(project_id=one), "tasks_project_id_idx"),
        (r.Tasks, lambda: t.tasks.workers(one), "agent_executions_task_id_idx"),
        (r.TaskDependencies, lambda: t.dependencies.list(depends_on_id=one), "task_dependencies_depends_on_id_idx"),
        (r.TaskCheckpoints, lambda: t.checkpoints.of(one), "task_checkpoints_task_id_idx"),
        (r.TaskComments, lambda: t.comments.of(one), "task_comments_task_id_idx"),
        (r.TaskAttachments, lambda: t.attachments.of(one), "task_attachments_task_id_idx"),
        (r.Artifacts, lambda: t.artifacts.of(one), "artifacts_task_id_idx"),
        (r.Approvals, lambda: t.approvals.of(one), "approvals_task_id_idx"),
        (r.Approvals, t.approvals.pending, "approvals_open_idx"),
        (r.Delegations, lambda: t.delegations.offered_to(one), "delegations_to_desk_id_idx"),
        (r.Reviews, lambda: t.reviews.of(one), "qa_reviews_task_id_idx"),
        (r.SelfReviews, lambda: t.self_reviews.of(one), "self_reviews_task_id_idx"),
    ]  # fmt: skip


def of_agents(t: TenantTransaction, one: UUID) -> Cases:
    return [
        (r.Agents, lambda: t.agents.by_type("t1"), "agents_agent_type_idx"),
        (r.Agents, lambda: t.agents.worked_on(one), "agent_executions_agent_id_idx"),
        (r.Desks, lambda: t.desks.by_code("d1"), "desks_tenant_id_code_key"),
        (r.Desks, lambda: t.desks.chain_of_command(one), "desks_pkey"),
        (r.AgentSessions, t.sessions.active, "agent_sessions_open_idx"),
        (r.AgentSessions, lambda: t.sessions.list(desk_id=one), "agent_sessions_desk_id_idx"),
        (r.Executions, lambda: t.executions.get(one), "agent_executions_pkey"),
        (r.Executions, lambda: t.executions.of_agent(one), "agent_executions_agent_id_idx"),
        (r.Executions, lambda: t.executions.of_task(one), "agent_executions_task_id_idx"),
        (r.Costs, lambda: t.costs.by_desk(desk_id=one), "cost_entries_desk_id_idx"),
        (r.Costs, lambda: t.costs.total(task_id=one), "cost_entries_task_id_idx"),
        (r.Activities, lambda: t.activity.feed(public=True), "activity_feed_is_public_idx"),
        (r.Activities, lambda: t.activity.feed(project_id=one), "activity_feed_project_id_idx"),
        (r.Prices, lambda: t.prices.at("p", "m"), "model_prices_provider_model_valid_from_key"),
        (r.AuditLogs, lambda: t.audit.of("tasks", one), "audit_logs_resource_idx"),
        (r.AuditSeals, lambda: t.seals.list(sequence=7), "audit_seals_tenant_id_sequence_key"),
    ]  # fmt: skip


def of_knowledge(t: TenantTransaction, one: UUID) -> Cases:
    k = t.knowledge
    return [
        (r.Lessons, lambda: t.lessons.by_category("c1"), "lessons_category_idx"),
        (r.Lessons, lambda: t.lessons.by_tags(["t7"]), "lessons_tags_idx"),
        (r.Lessons, lambda: t.lessons.by_tags(["t7"], match="all"), "lessons_tags_idx"),
        (r.Lessons, lambda: t.lessons.search("word7"), "lessons_search_idx"),
        (r.Patterns, lambda: t.patterns.frequent("x"), "patterns_frequency_idx"),
        (r.EvidencePieces, lambda: t.evidence.by_tags(["t7"]), "evidence_tags_idx"),
        (r.EvidencePieces, lambda: t.evidence.by_tags(["t7"], match="all"), "evidence_tags_idx"),
        (r.EvidencePieces, lambda: t.evidence.search("word7"), "evidence_search_idx"),
        (r.EvidencePieces, lambda: t.evidence.list(source_type="s1"), "evidence_source_type_idx"),
        (r.EvidencePieces, lambda: t.evidence.supporting(one), "evidence_links_target_idx"),
        (r.EvidencePieces, lambda: t.evidence.contradictions(one), "evidence_links_target_idx"),
        (r.EvidenceLinks, lambda: t.evidence.links(one), "evidence_links_tenant_id_evidence_id_kind_target_type_t_f844"),
        (r.KnowledgeBases, lambda: k.bases.by_name("B"), "knowledge_bases_tenant_id_name_key"),
        (r.DataSources, lambda: k.sources.list(knowledge_base_id=one), "data_sources_knowledge_base_id_idx"),
        (r.Documents, lambda: k.documents.of(one), "documents_knowledge_base_id_idx"),
        (r.Chunks, lambda: k.chunks.of(one), "chunks_tenant_id_document_id_ordinal_key"),
        (r.Chunks, lambda: k.search("word7"), "chunks_search_idx"),
        (r.Tasks, lambda: t.tasks.search("word7"), "tasks_search_idx"),
        (r.Tasks, lambda: t.tasks.labelled("t7"), "tasks_labels_idx"),
    ]  # fmt: skip


def of_people(t: TenantTransaction, one: UUID) -> Cases:
    return [
        (r.Memberships, lambda: t.memberships.of(one), "memberships_user_id_idx"),
        (r.Invitations, t.invitations.open, "invitations_pkey"),
        (r.Invitations, lambda: t.invitations.list(invited_by=one), "invitations_invited_by_idx"),
        (r.ApiKeys, lambda: t.api_keys.list(user_id=one), "api_keys_user_id_idx"),
        (r.Businesses, lambda: t.businesses.of_user(one), "businesses_user_id_idx"),
        (r.Conversations, lambda: t.conversations.list_recent(user_id=one), "conversations_user_id_idx"),
        (r.Messages, lambda: t.messages.history(one), "conversations_pkey"),
        (r.GraphNodes, lambda: t.graph.nodes.list(label="Thing7"), "graph_nodes_label_idx"),
        (r.GraphEdges, lambda: t.graph.edges.list(from_task_id=one), "graph_edges_from_task_id_idx"),
    ]  # fmt: skip


def of_all_tenants(s: ServiceTransaction, one: UUID) -> Cases:
    return [
        (r.Tenants, lambda: s.tenants.by_slug("acme"), "tenants_slug_key"),
        (r.Tenants, lambda: s.tenants.list(status="active"), "tenants_status_idx"),
        (r.Users, lambda: s.users.by_email("Ada@acme.example"), "users_email_key"),
        (r.PlatformLogs, lambda: s.platform_log.list(action="move"), "platform_log_action_idx"),
        (r.GraphQueries, lambda: s.graph_queries.by_name("open"), "graph_queries_name_key"),
        (r.PlatformSeals, lambda: s.platform_seals.list(sequence=7), "platform_seals_sequence_key"),
    ]


async def test_the_main_questions_of_every_repository_go_through_their_index(
    plans: Plans, ada: tuple[Tenant, User]
) -> None:
    tenant, one = ada[0].id, ids.uuid7()
    asked, astray = set(), {}

    async def ask(t: Statements, cases: Cases) -> None:
        for place, (kind, call, index) in enumerate(cases):
            asked.add(kind)
            scans = await plans.of(t, call)
            # By what was asked for, where an index on the tenant's rows would do for anything.
            word = index.split("_")[-2]
            sought = word if word in ("tags", "labels", "search") else ""
            if index not in scans.indexes or sought not in scans.indexes[index]:
                astray[kind.__name__, place, index] = scans.indexes

    for cases in (of_work, of_agents, of_knowledge, of_people):
        async with plans.db.tenant(tenant) as t:
            await ask(t, cases(t, one))
    async with plans.db.service("to look") as s:
        await ask(s, of_all_tenants(s, one))
    assert astray == {}
    known = (getattr(repositories, name) for name in repositories.__all__)
    main = {k for k in known if isinstance(k, type) and issubclass(k, Repository)}
    assert {k for k in main if "model" in k.__dict__} == asked
