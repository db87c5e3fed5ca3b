"""What work costs, and short lines about it for people."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, Numeric, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped

from .base import Access, Audited, Partitioned, Rule, TenantRow, Timestamped
from .columns import NEW_ID, Json, column

_PRICE = Numeric(12, 6)


class ModelPrice(Timestamped, Audited):
    """US dollars for a million tokens of a model, from a moment until another."""

    __tablename__ = "model_prices"
    __access__ = Access(rows="true")
    __rules__: ClassVar[tuple[Rule, ...]] = (Rule("range_price", "BEFORE INSERT"),)
    __table_args__ = (
        UniqueConstraint("provider", "model", "valid_from"),
        CheckConstraint("valid_until > valid_from", name="valid"),
    )

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    provider: Mapped[str] = column()
    model: Mapped[str] = column()
    input_price: Mapped[Decimal] = column(_PRICE, check="input_price >= 0")
    output_price: Mapped[Decimal] = column(_PRICE, check="output_price >= 0")
    cached_input_price: Mapped[Decimal | None] = column(
        _PRICE, default=None, check="cached_input_price >= 0", doc="the input price unless given"
    )
    valid_from: Mapped[datetime] = column(default=text("now()"))
    valid_until: Mapped[datetime | None] = column(default=None)


class CostEntry(TenantRow, Partitioned):
    """One expense. Its cost comes from the price of the day when none is given."""

    __tablename__ = "cost_entries"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("price_cost_entry", "BEFORE INSERT OR UPDATE"),
        Rule("account_expenses", "INSERT UPDATE DELETE", set_based=True),
    )
    __table_args__ = (
        Index("cost_entries_billing_month_idx", "tenant_id", "billing_month", "id"),  # by_month
        Index("cost_entries_desk_id_idx", "tenant_id", "desk_id", "id"),
        Index("cost_entries_agent_id_idx", "tenant_id", "agent_id", "id"),
        Index("cost_entries_task_id_idx", "tenant_id", "task_id", "id"),
        Index("cost_entries_session_id_idx", "tenant_id", "session_id", "id"),
        Index("cost_entries_model_idx", "tenant_id", "provider", "model", "id"),
    )

    desk_id: Mapped[UUID | None] = column(Uuid, default=None)
    agent_id: Mapped[UUID | None] = column(Uuid, default=None)
    task_id: Mapped[UUID | None] = column(Uuid, default=None)
    session_id: Mapped[UUID | None] = column(Uuid, default=None)
    execution_id: Mapped[UUID | None] = column(Uuid, default=None)
    provider: Mapped[str] = column(default="")
    model: Mapped[str] = column(default="")
    input_tokens: Mapped[int] = column(default=0, check="input_tokens >= 0")
    output_tokens: Mapped[int] = column(default=0, check="output_tokens >= 0")
    cached_tokens: Mapped[int] = column(default=0, check="cached_tokens >= 0")
    cost_usd: Mapped[Decimal | None] = column(Numeric(14, 6), default=None, check="cost_usd >= 0")
    billing_month: Mapped[date] = column(Date, default=None, doc="its id's, in UTC, unless given")
    description: Mapped[str | None] = column(default=None)
    metadata_: Mapped[Json] = column(name="metadata", default={})


class Activity(TenantRow, Partitioned):
    """A line for people to read: who did what, lately."""

    __tablename__ = "activity_feed"
    __table_args__ = (
        Index("activity_feed_project_id_idx", "tenant_id", "project_id", "id"),
        Index("activity_feed_task_id_idx", "tenant_id", "task_id", "id"),
        Index("activity_feed_user_id_idx", "tenant_id", "user_id", "id"),
        Index("activity_feed_is_public_idx", "tenant_id", "id", postgresql_where=text("is_public")),
    )

    activity_type: Mapped[str] = column(doc="task_created, code_pushed, …: open")
    summary: Mapped[str] = column(default="")
    project_id: Mapped[UUID | None] = column(Uuid, default=None)
    task_id: Mapped[UUID | None] = column(Uuid, default=None)
    user_id: Mapped[UUID | None] = column(Uuid, default=None)
    agent_id: Mapped[UUID | None] = column(Uuid, default=None)
    details: Mapped[Json] = column(default={})
    is_public: Mapped[bool] = column(default=False)
