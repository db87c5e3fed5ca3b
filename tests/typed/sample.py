"""What a user writes. Lines that end in `# error: CODE` must be refused by the type checker."""

from __future__ import annotations

from typing import assert_type
from uuid import UUID

from sqlalchemy.orm import Mapped

import tenantry
from tenantry import Audited, Creates, Page, Repository, SignedIn, TenantScoped, column, reference
from tenantry.graph import GraphResult
from tenantry.models import ApiKey, GraphEdge, GraphNode, Project, User
from tenantry.repositories import NewKey


class Invoice(TenantScoped, Audited):
    __tablename__ = "invoices"

    number: Mapped[str] = column()
    total: Mapped[int] = column(default=0)
    project_id: Mapped[UUID | None] = reference("projects", on_delete="set null", default=None)


class Invoices(Repository[Invoice]):
    model = Invoice
    create = Creates(Invoice)


async def use(tenant_id: UUID) -> None:
    db = await tenantry.connect()
    handle = db.tenant(tenant_id)
    assert_type(await handle.projects.get(tenant_id), Project)
    assert_type(await handle.projects.find(tenant_id), Project | None)
    async with db.tenant(tenant_id) as t:
        project = await t.projects.create(name="Apollo", status="active")
        assert_type(project, Project)
        assert_type(project.name, str)
        assert_type(project.owner_id, UUID | None)
        assert_type(await t.projects.list(Project.status == "active", limit=5), Page[Project])
        assert_type(await t.users.list(), Page[User])
        assert_type(await t.api_keys.create(name="ci"), NewKey)
        assert_type(await t.api_keys.rotate(project.id, expires_at=None), NewKey)
        assert_type((await t.api_keys.list())[0], ApiKey)
        invoice = await t.repository(Invoices).create(number="1", project_id=project.id)
        assert_type(invoice.total, int)
        answer = await t.graph.ask("MATCH (t:Task) RETURN t", limit=5)
        assert_type(answer, GraphResult)
        assert_type(answer.truncated, bool)
        node = await t.graph.put_node("Service", {"name": "mail"})
        assert_type(node, GraphNode)
        assert_type(await t.graph.put_edge("USES", project, node), GraphEdge)
        await t.graph.put_edge("USES", project, tenant_id)  # error: arg-type
        await t.projects.create()  # error: call-arg
        await t.projects.create(name=3)  # error: arg-type
        await t.projects.create(name="x", status="odd")  # error: arg-type
        await t.projects.create(name="x", nam="y")  # error: call-arg
        await t.repository(Invoices).create(total=1)  # error: call-arg
        print(t.project)  # error: attr-defined
        print(project.nam)  # error: attr-defined
    async with db.service("why") as s:
        assert_type((await s.tenants.list())[0].slug, str)
        assert_type((await s.tenant(tenant_id).projects.list())[0], Project)
    assert_type(await db.accounts.sign_in("ann@x.org", "secret"), SignedIn)
    assert_type((await db.tenant(tenant_id).invitations.create("ann@x.org")).token, str)
    await db.accounts.change_role(tenant_id, tenant_id, "emperor")  # error: arg-type
