"""Events that wait to be sent: the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Computed, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from .base import Access, Rule, TenantRow
from .columns import column


class OutboxEvent(TenantRow):
    """An event whose transaction has committed, until the relay has sent it. Written through
    `tenantry.publish_event` alone; its id is what a consumer knows a repeat by."""

    __tablename__ = "outbox_events"
    __access__ = Access(rows="false", select=False, service=("SELECT", "UPDATE", "DELETE"))
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("refuse_unwritable", "BEFORE INSERT", each="STATEMENT"),
    )
    # The relay asks across tenants, so its indexes do not begin with one.
    __table_args__ = (
        Index("outbox_events_waiting_idx", "position", postgresql_where=text("retry_at IS NULL")),
        Index(
            "outbox_events_held_idx", "tenant_id", "topic", "key",
            postgresql_where=text("retry_at IS NOT NULL"),
        ),
        Index(
            "outbox_events_retry_at_idx", "retry_at", postgresql_where=text("retry_at IS NOT NULL")
        ),
        # Every row is deleted soon, so the table is small and its vacuum cheap: it comes by the
        # number of dead rows alone.
        {
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": 0,
                "autovacuum_vacuum_threshold": 2000,
                "autovacuum_vacuum_cost_delay": 0,
                "autovacuum_analyze_scale_factor": 0,
                "autovacuum_analyze_threshold": 20000,
            }
        },
    )  # fmt: skip

    topic: Mapped[str] = column(check="topic <> '' AND octet_length(topic) <= 200")
    key: Mapped[str | None] = column(
        default=None,
        check="octet_length(key) <= 500",
        doc="events of one key are sent in the order of their commits",
    )
    payload: Mapped[Any] = column(JSONB())
    size: Mapped[int] = column(
        Integer,
        Computed("octet_length(payload::text)", persisted=True),
        init=False,
        default=None,
        kept=True,
        check="size <= 1048576",
        doc="of the payload in bytes: a megabyte at most; so that a batch is measured unread",
    )
    position: Mapped[int] = column(BigInteger, doc="the order within a key, drawn under its lock")
    attempts: Mapped[int] = column(default=0)
    last_error: Mapped[str | None] = column(default=None)
    retry_at: Mapped[datetime | None] = column(
        default=None,
        doc="null: to be sent; a moment: was refused, and is tried again then; infinity: waits for "
        "an earlier one of its key",
    )
