"""The record: what happened, who did it, and from where; and the seals that show it untouched.
Append-only for every role."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped

from .base import Access, AppendOnly, Base, Partitioned, TenantRow, unique
from .columns import NEW_ID, NOW, Json, column, words

ActorKind = Literal["user", "agent", "api_key", "service", "system"]


class _Entry(Base):
    """What every line of the record says."""

    __abstract__ = True

    action: Mapped[str] = column(doc="create, update, delete, or an event of the application's")
    resource_type: Mapped[str] = column()
    resource_id: Mapped[UUID | None] = column(default=None)
    old_values: Mapped[Json | None] = column(default=None, doc="the changed columns, before")
    new_values: Mapped[Json | None] = column(default=None, doc="the changed columns, after")
    details: Mapped[Json | None] = column(default=None)
    actor_kind: Mapped[ActorKind] = column(words(ActorKind), default="system")
    user_id: Mapped[UUID | None] = column(
        default=None, doc="who acted; of work by the service role, on whose behalf"
    )
    agent_id: Mapped[UUID | None] = column(default=None)
    api_key_id: Mapped[UUID | None] = column(default=None)
    request_id: Mapped[str | None] = column(default=None)
    ip_address: Mapped[Any | None] = column(INET, default=None)
    user_agent: Mapped[str | None] = column(default=None)
    reason: Mapped[str | None] = column(default=None, doc="why the service role did it")


class AuditLog(TenantRow, _Entry, Partitioned, AppendOnly):
    """A tenant's record. Written by triggers and `tenantry.record_event` alone."""

    __tablename__ = "audit_logs"
    __access__ = Access(rows="tenant_id = tenantry.current_tenant_id()", service=("SELECT",))
    __table_args__ = (
        Index("audit_logs_resource_idx", "tenant_id", "resource_type", "resource_id", "id"),
        Index("audit_logs_action_idx", "tenant_id", "action", "id"),
        Index("audit_logs_user_id_idx", "tenant_id", "user_id", "id"),
        # Most lines have no agent.
        Index(
            "audit_logs_agent_id_idx", "tenant_id", "agent_id", "id",
            postgresql_where=text("agent_id IS NOT NULL"),
        ),
        Index(
            "audit_logs_api_key_id_idx", "tenant_id", "api_key_id", "id",
            postgresql_where=text("api_key_id IS NOT NULL"),
        ),
    )  # fmt: skip


class PlatformLog(_Entry, Partitioned, AppendOnly):
    """What belongs to no tenant: service-role use, sign-in failures, changes to users and tenants."""

    __tablename__ = "platform_log"
    __access__ = Access(rows="false", select=False, service=("SELECT",))
    __table_args__ = (
        Index("platform_log_action_idx", "action", "id"),
        Index("platform_log_tenant_id_idx", "tenant_id", "id"),
        Index("platform_log_user_id_idx", "user_id", "id"),
        Index("platform_log_resource_idx", "resource_type", "resource_id", "id"),
    )

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    tenant_id: Mapped[UUID | None] = column(default=None, doc="the tenant it was about")
    created_at: Mapped[datetime] = column(default=NOW, sort_order=1000)


#: Bytes of a leaf: the entry's id, and the SHA-256 of what it says.
LEAF_SIZE = 16 + 32


class _Seal(Base):
    """A stretch of a record, closed: what its entries were, and the hash of the seal before."""

    __abstract__ = True

    sequence: Mapped[int] = column(
        BigInteger, check="sequence > 0", doc="1, 2, …: none is left out"
    )
    from_id: Mapped[UUID] = column(doc="of the entries with ids from this one on")
    to_id: Mapped[UUID] = column(doc="and below this one")
    entries: Mapped[int] = column(check="entries > 0")
    root: Mapped[bytes] = column(LargeBinary, check="length(root) = 32", doc="of the Merkle tree")
    leaves: Mapped[bytes] = column(
        LargeBinary,
        check=f"length(leaves) = entries * {LEAF_SIZE}",
        doc="the tree's leaves: each entry's id and the SHA-256 of what it says",
        # Half a megabyte of hashes, for those who verify alone.
        info={"hidden": True},
    )
    previous: Mapped[bytes | None] = column(
        LargeBinary,
        default=None,
        check="CASE WHEN sequence = 1 THEN previous IS NULL ELSE length(previous) = 32 END",
        doc="the hash of the seal before",
    )
    hash: Mapped[bytes] = column(LargeBinary, check="length(hash) = 32", doc="of this seal")


class AuditSeal(TenantRow, _Seal, AppendOnly):
    """A seal on a stretch of a tenant's record."""

    __tablename__ = "audit_seals"
    __access__ = Access(
        rows="tenant_id = tenantry.current_tenant_id()", service=("SELECT", "INSERT")
    )
    __table_args__ = (unique("sequence"), CheckConstraint("from_id < to_id", name="range"))


class PlatformSeal(_Seal, AppendOnly):
    """A seal on a stretch of the platform's log. It is set when every tenant's record has been
    sealed as far as it reaches: no unsealed entry of any tenant is older."""

    __tablename__ = "platform_seals"
    __access__ = Access(rows="false", select=False, service=("SELECT", "INSERT"))
    __table_args__ = (
        UniqueConstraint("sequence"),
        CheckConstraint("from_id < to_id", name="range"),
    )

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    created_at: Mapped[datetime] = column(default=NOW, sort_order=1000)
