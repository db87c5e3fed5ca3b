"""Talking with an agent. What it says goes out as it is said; then it is stored, and booked."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import anyio
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from tenantry import handles, models
from tenantry.repositories.costs import ModelCost
from tenantry.web.fastapi import CurrentUser, Tenant, require_scope

from .model import NAME, PROVIDER, Reply

router = APIRouter(tags=["chat"])
read, write = [require_scope("chat:read")], [require_scope("chat:write")]


class Conversation(BaseModel):
    id: UUID


class Said(BaseModel):
    content: Annotated[str, Field(min_length=1, max_length=20_000)]


class Message(Said):
    id: UUID
    role: str
    created_at: datetime


class Costs(BaseModel):
    spent_usd: Decimal
    budget_usd: Annotated[Decimal | None, Field(description="Of a month.")]
    models: list[ModelCost]


class Pieces(StreamingResponse):
    media_type = "text/plain"


@router.post("/conversations", status_code=201, response_model=Conversation, dependencies=write)
async def start(t: Tenant, user: CurrentUser) -> models.Conversation:
    return await t.conversations.start(user_id=user.id)


@router.get("/conversations/{id}", response_model=list[Message], dependencies=read)
async def history(id: UUID, t: Tenant) -> list[models.Message]:
    return await t.messages.history(id, order="oldest", limit=1000)


@router.post("/conversations/{id}", response_class=Pieces, dependencies=write)
async def say(id: UUID, said: Said, t: Tenant) -> Pieces:
    # What can be refused is refused here: once the first piece is out, there is no other answer.
    async with t as work:
        await work.messages.append(conversation_id=id, role="user", content=said.content)
        agent = await work.agents.register(name="Echo", agent_type="assistant")
        run = await work.executions.start(agent_id=agent.id, status="running")
    return Pieces(answer(t, id, run, Reply(said.content)))


async def answer(
    t: handles.Tenant, id: UUID, run: models.AgentExecution, reply: Reply
) -> AsyncIterator[str]:
    try:
        async for piece in reply.stream():  # no transaction is open while the model thinks
            yield piece
    finally:
        # Also for a client who has gone: what was said until then is kept, and paid for.
        with anyio.CancelScope(shield=True):
            async with t as work:
                await work.messages.append(
                    conversation_id=id, role="assistant", content=reply.text, **reply.usage()
                )
                await work.executions.finish(run.id, reply.ended, **reply.usage())
                await work.costs.record(
                    provider=PROVIDER, model=NAME, execution_id=run.id, **reply.usage()
                )


@router.get("/costs", dependencies=[require_scope("costs:read")])
async def costs(t: Tenant) -> Costs:
    month = datetime.now(UTC).date().replace(day=1)
    by_model = await t.costs.by_model(billing_month=month)
    return Costs(
        spent_usd=sum((cost.cost_usd for cost in by_model), Decimal(0)),
        budget_usd=(await t.account.quotas()).max_cost_per_month,
        models=by_model,
    )
