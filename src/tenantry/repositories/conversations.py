"""Businesses, conversations and messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from tenantry.errors import InvalidInput
from tenantry.kernel.translate import CONSTRAINT_MESSAGES
from tenantry.models import Business, Conversation, Message
from tenantry.schema.statements import Statement
from tenantry.schema.walk import walk

from .base import MAX_LIMIT, Creates, Page, Repository

CONSTRAINT_MESSAGES.update(
    {
        "businesses_name_check": "A name has 1 to 255 characters.",
        "businesses_user_id_fkey": "The user is no member of this tenant.",
        "conversations_user_id_fkey": "The user is no member of this tenant.",
        "messages_role_check": "role is one of user, assistant, system, tool.",
        "messages_conversation_id_fkey": "There is no such conversation in this tenant.",
        "messages_session_id_fkey": "There is no such session in this tenant.",
        "messages_place_check": "A message belongs to a conversation, a session or both.",
    }
)


class Businesses(Repository[Business]):
    model = Business
    create = Creates(Business)

    async def of_user(self, user_id: UUID, *, limit: int = 50) -> Page[Business]:
        return await self.list(user_id=user_id, limit=limit)


class Conversations(Repository[Conversation]):
    model = Conversation
    create = start = Creates(Conversation)

    async def list_recent(self, limit: int = 50, **filters: Any) -> Page[Conversation]:
        """The newest ones, of everybody or of `user_id=…`, `business_id=…`, …"""
        return await self.list(limit=limit, **filters)

    async def rename(self, id: UUID, title: str | None) -> Conversation:
        return await self.update(id, title=title)


class Messages(Repository[Message]):
    """What was said. Rows can be appended with ids of their own time: `id=ids.uuid7_at(moment)`."""

    model = Message
    create = append = Creates(Message)

    async def append_many(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Message]:
        """All or none; `InvalidRows` names the wrong ones by their index."""
        return await self.create_many(rows)

    async def history(
        self,
        conversation_id: UUID | None = None,
        *,
        session_id: UUID | None = None,
        limit: int = 50,
        before: UUID | None = None,
        after: UUID | None = None,
        order: Literal["newest", "oldest"] = "newest",
    ) -> Page[Message]:
        """A page of a conversation or a session: the newest messages, or those said `before` one;
        with `order="oldest"` the first, or those said `after` one. `next` continues it."""
        statement, parent = _walk(conversation_id, session_id)
        if not 0 < limit <= MAX_LIMIT:
            raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}.", field="limit")
        oldest = order == "oldest"
        if (before if oldest else after) is not None:
            raise InvalidInput(
                "`before` goes with the newest first, `after` with the oldest first.",
                field="before" if oldest else "after",
            )
        edge = after if oldest else before
        rows = await self._scope.call(
            statement, self._scope.tenant_id, parent, edge, limit + 1, oldest
        )
        page = Page(self._compiler.load(row) for row in rows[:limit])
        if len(rows) > limit:
            page.next = page[-1].id
        return page

    async def stream(
        self,
        conversation_id: UUID | None = None,
        *,
        session_id: UUID | None = None,
        batch: int = 500,
    ) -> AsyncIterator[Message]:
        """Everything said there from the beginning, also what is said meanwhile."""
        after: UUID | None = None
        while True:
            page = await self.history(
                conversation_id, session_id=session_id, limit=batch, after=after, order="oldest"
            )
            for message in page:
                yield message
            if page.next is None:
                return
            after = page.next


def _walk(conversation_id: UUID | None, session_id: UUID | None) -> tuple[Statement, UUID]:
    if conversation_id is not None and session_id is None:
        return walk(Message, "conversation_id"), conversation_id
    if session_id is not None and conversation_id is None:
        return walk(Message, "session_id"), session_id
    raise InvalidInput("Name a conversation or a session.", field="conversation_id")
