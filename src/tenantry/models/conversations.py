"""Businesses, conversations and messages."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, Uuid
from sqlalchemy.orm import Mapped

from .base import (
    OWN_TENANT,
    Access,
    Appended,
    Audited,
    Partitioned,
    Rule,
    TenantScoped,
    Totalled,
    Walked,
)
from .columns import Json, column, member, reference, words

MessageRole = Literal["user", "assistant", "system", "tool"]


class Business(TenantScoped, Audited):
    """A venture that a user is building, and what is known of it."""

    __tablename__ = "businesses"
    __table_args__ = (Index("businesses_user_id_idx", "tenant_id", "user_id", "id"),)

    user_id: Mapped[UUID | None] = member(on_delete="cascade", default=None)
    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 255")
    industry: Mapped[str | None] = column(default=None)
    stage: Mapped[str] = column(default="idea")
    context: Mapped[Json] = column(default={})


class Conversation(TenantScoped, Totalled):
    """A talk about a business, a project or a session."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("conversations_business_id_idx", "tenant_id", "business_id", "id"),
        Index("conversations_project_id_idx", "tenant_id", "project_id", "id"),
        Index("conversations_session_id_idx", "tenant_id", "session_id", "id"),
        Index("conversations_user_id_idx", "tenant_id", "user_id", "id"),
    )

    business_id: Mapped[UUID | None] = reference("businesses", default=None)
    project_id: Mapped[UUID | None] = reference("projects", default=None)
    session_id: Mapped[UUID | None] = reference("agent_sessions", default=None)
    user_id: Mapped[UUID | None] = member(default=None)
    title: Mapped[str | None] = column(default=None)
    message_count: Mapped[int] = column(default=0, init=False, kept=True)
    first_message_id: Mapped[UUID | None] = column(
        Uuid, default=None, init=False, kept=True, doc="where history ends"
    )
    last_message_id: Mapped[UUID | None] = column(
        Uuid, default=None, init=False, kept=True, doc="where history begins to look"
    )
    metadata_: Mapped[Json] = column(name="metadata", default={})


class Message(TenantScoped, Partitioned, Appended, Walked):
    """What was said, in a conversation or a session or both."""

    __tablename__ = "messages"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("total_messages", "INSERT UPDATE DELETE", set_based=True),
    )
    #: It stays where and by whom it was said.
    __access__: ClassVar[Access] = replace(
        OWN_TENANT,
        update=(
            *("content", "tool_calls", "tool_call_id", "tool_result", "model"),
            *("input_tokens", "output_tokens", "cost_usd", "metadata"),
        ),
    )
    __walks__: ClassVar[dict[str, str]] = {
        "conversation_id": "conversations",
        "session_id": "agent_sessions",
    }
    __period__: ClassVar[Literal["week", "month"]] = "week"
    __table_args__ = (
        CheckConstraint("num_nonnulls(conversation_id, session_id) > 0", name="place"),
        Index("messages_conversation_id_idx", "tenant_id", "conversation_id", "id"),  # history
        Index("messages_session_id_idx", "tenant_id", "session_id", "id"),  # history
    )

    conversation_id: Mapped[UUID | None] = reference("conversations", default=None)
    session_id: Mapped[UUID | None] = reference("agent_sessions", default=None)
    role: Mapped[MessageRole] = column(words(MessageRole))
    content: Mapped[str] = column(default="")
    tool_calls: Mapped[list[Any] | None] = column(default=None)
    tool_call_id: Mapped[str | None] = column(default=None)
    tool_result: Mapped[Json | None] = column(default=None)
    model: Mapped[str | None] = column(default=None)
    input_tokens: Mapped[int] = column(default=0, check="input_tokens >= 0")
    output_tokens: Mapped[int] = column(default=0, check="output_tokens >= 0")
    cost_usd: Mapped[Decimal] = column(Numeric(14, 6), default=0, check="cost_usd >= 0")
    metadata_: Mapped[Json] = column(name="metadata", default={})
